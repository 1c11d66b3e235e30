"""One account's page: what is left of its limits, its last replies, pauses, codes and check-up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from mailcenter import sealing
from mailcenter.admin import display
from mailcenter.models import Account, AccountEvent, Attempt, Checkup
from mailcenter.replies import CATALOG
from mailcenter.replies.classify import CHINA
from tests.factories import AttemptFactory, MessageFactory, StaffFactory

ATTACK = "<script>alert(1)</script>"
CODE, NEXT_CODE, OAUTH, TOKEN = (f"never-shown-{name}" for name in ("code", "next", "oauth", "tok"))
pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return Account.objects.create(
        slug="shop",
        preset="qq",
        address="shop@qq.com",
        sealed_secret=sealing.seal(CODE.encode()),
    )


def sealed_oauth() -> bytes:
    return sealing.seal(json.dumps({"client_secret": OAUTH, "refresh_token": OAUTH}).encode())


def page(client: Client, account: Account, language: str = "en") -> str:
    url = reverse("admin:mailcenter_account_change", args=[account.pk])
    response = client.get(url, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def answered(account: Account, **columns: Any) -> Attempt:
    attempt: Attempt = AttemptFactory(
        account_id=account.pk, message__account_id=account.pk, **columns
    )
    return attempt


def attempt_link(attempt: Attempt) -> str:
    return f'href="{reverse("admin:mailcenter_attempt_change", args=[attempt.pk])}"'


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def test_what_is_left_of_the_day_and_of_the_minute(superuser: Client, account: Account) -> None:
    now = timezone.now()
    Account.objects.filter(pk=account.pk).update(
        day=now.astimezone(CHINA).date(),
        sent_that_day=12,
        recent=[now.timestamp() - seconds for seconds in (3600, 5, 1)],
    )
    html = page(superuser, account)
    assert "12 of 50, 38 left" in html
    assert "2 of 10, 8 left" in html


def test_an_account_without_limits_says_so(superuser: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(per_minute=0, recent=[1.0])
    assert "<dt>sent within the last minute</dt><dd>0, no limit</dd>" in page(superuser, account)


def test_the_last_replies_newest_first_with_their_meaning(
    superuser: Client, account: Account
) -> None:
    known = answered(
        account,
        outcome="rejected",
        reply_code=550,
        verdict="recipient-unknown",
        catalog_entry="mailbox-not-found",
        started_at=ago(hours=1),
    )
    forgotten = answered(
        account,
        outcome="deferred",
        reply_code=421,
        verdict="temporary",
        catalog_entry="no-longer-in-the-catalogue",
        started_at=ago(hours=2),
    )
    accepted = answered(account, started_at=ago(minutes=1))
    others = [answered(account, outcome="open"), AttemptFactory()]
    html = page(superuser, account)
    places = [html.index(attempt_link(attempt)) for attempt in (accepted, known, forgotten)]
    assert places == sorted(places)
    assert not [attempt for attempt in others if attempt_link(attempt) in html]
    entry = CATALOG["mailbox-not-found"]
    assert f"<td>{entry.cause.en}</td>" in html
    assert f"<td>{entry.cause.zh}</td>" in page(superuser, account, "zh-hans")
    assert "<td>temporary trouble</td>" in html
    message = reverse("admin:mailcenter_message_change", args=[known.message_id])
    assert f'href="{message}"' in html


def test_only_the_last_twenty_replies(superuser: Client, account: Account) -> None:
    made = [answered(account, started_at=ago(minutes=number)) for number in range(21)]
    html = page(superuser, account)
    assert [attempt for attempt in made if attempt_link(attempt) not in html] == made[20:]


def test_its_history_newest_first(superuser: Client, account: Account) -> None:
    until = timezone.now() + timedelta(minutes=15)
    account.events.create(kind="paused", at=ago(hours=2), until=until, reason="535 Login Fail.")
    account.events.create(kind="recovered", at=ago(hours=1))
    account.events.create(kind="secret", at=ago(minutes=1), reason="Wang Fang")
    Account.objects.get(pk=Account.ENVIRONMENT).events.create(kind="paused", reason="another's")
    html = page(superuser, account)
    iso = timezone.localtime(until).isoformat()
    shown = f'<time datetime="{iso}">{display.moment(until)}</time>'
    rows = [
        "<td>new code stored</td>\n      <td>–</td>\n      <td>Wang Fang</td>",
        "<td>works again</td>\n      <td>–</td>\n      <td>–</td>",
        f"<td>paused</td>\n      <td>{shown}</td>\n      <td>535 Login Fail.</td>",
    ]
    places = [html.index(row) for row in rows]
    assert places == sorted(places)
    assert "another's" not in html


def test_only_the_newest_fifty_events(superuser: Client, account: Account) -> None:
    AccountEvent.objects.bulk_create(
        AccountEvent(account=account, kind="paused", at=ago(hours=n), reason=f"trouble {n}.")
        for n in range(51)
    )
    html = page(superuser, account)
    assert "trouble 49." in html
    assert "trouble 50." not in html


def test_how_old_the_stored_codes_are(superuser: Client, account: Account) -> None:
    def said() -> tuple[str, str]:
        html = page(superuser, account)
        code = html.partition("<dt>authorization code</dt><dd>")[2].partition("</dd>")[0]
        ahead = html.partition("<dt>a second one, stored ahead</dt><dd>")[2].partition("</dd>")[0]
        return code, ahead

    assert said() == ("stored, before dates were kept", "none")
    Account.objects.filter(pk=account.pk).update(
        secret_set_at=ago(days=95),
        sealed_next_secret=sealing.seal(NEXT_CODE.encode()),
        next_secret_set_at=ago(days=2.5),
    )
    code, ahead = said()
    assert (">3 months</time> ago" in code, ">2 days</time> ago" in ahead) == (True, True)
    Account.objects.filter(pk=account.pk).update(sealed_secret=None)
    assert said()[0] == "none"
    Account.objects.filter(pk=account.pk).update(sealed_oauth=sealed_oauth())
    assert said()[0] == "none; it logs in with OAuth2"


def test_when_it_last_worked(superuser: Client, account: Account) -> None:
    then = ago(days=3)
    Account.objects.filter(pk=account.pk).update(last_accepted_at=then)
    assert display.moment(then) in page(superuser, account)


def test_the_last_checkup_with_its_date(superuser: Client, account: Account) -> None:
    def said() -> str:
        html = page(superuser, account)
        return html.partition("<dt>last check-up</dt>")[2].partition("</dd>")[0]

    assert "none yet" in said()
    Checkup.objects.create(account=account, subject="x", ok=True, at=ago(days=2))
    newest = Checkup.objects.create(account=account, subject="x", ok=False, at=ago(days=1))
    assert "</span> failed</span>" in said()
    assert display.moment(newest.at) in said()
    Checkup.objects.filter(pk=newest.pk).update(ok=True)
    assert "</span> passed</span>" in said()
    assert f'href="{reverse("admin:mailcenter_account_checkup", args=[newest.pk])}"' in said()


def test_nothing_sealed_is_shown(superuser: Client, account: Account) -> None:
    sealed = {
        "sealed_secret": sealing.seal(CODE.encode()),
        "sealed_next_secret": sealing.seal(NEXT_CODE.encode()),
        "sealed_oauth": sealed_oauth(),
        "sealed_access_token": sealing.seal(TOKEN.encode()),
    }
    Account.objects.filter(pk=account.pk).update(**sealed, paused_secret_digest="d1gest")
    html = page(superuser, account)
    for secret in (CODE, NEXT_CODE, OAUTH, TOKEN, "d1gest", *map(str, sealed.values())):
        assert secret not in html


def test_the_environments_account_has_the_same_page(superuser: Client) -> None:
    account = Account.objects.get(pk=Account.ENVIRONMENT)
    attempt = answered(account)
    account.events.create(kind="paused", reason="535 Login Fail.")
    html = page(superuser, account)
    assert attempt_link(attempt) in html
    assert "535 Login Fail." in html
    assert "<dd>in the environment, which doesn&#x27;t say since when</dd>" in html
    assert "stored ahead" not in html
    assert 'name="secret"' not in html


def test_replies_are_for_those_who_may_see_attempts(client: Client, account: Account) -> None:
    attempt = answered(account, message__subject="Somebody's own business")
    message = f'href="{reverse("admin:mailcenter_message_change", args=[attempt.message_id])}"'
    for names, seen in (
        (["view_account"], (False, False)),
        (["view_account", "view_attempt"], (True, False)),
        (["view_account", "view_attempt", "view_message"], (True, True)),
    ):
        client.force_login(StaffFactory(permissions=names))
        html = page(client, account)
        assert (attempt_link(attempt) in html, message in html) == seen
        assert ("own business" in html) == seen[1]


def test_the_checkups_page_is_for_those_who_manage_accounts(
    client: Client, account: Account
) -> None:
    checkup = Checkup.objects.create(account=account, subject="x", ok=True)
    link = f'href="{reverse("admin:mailcenter_account_checkup", args=[checkup.pk])}"'
    for names, seen in ((["view_account"], False), (["view_account", "manage_account"], True)):
        client.force_login(StaffFactory(permissions=names))
        assert (link in page(client, account)) == seen


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_strangers_wrote_stays_text(
    superuser: Client, account: Account, language: str
) -> None:
    answered(account, outcome="rejected", reply_text=ATTACK, message__subject=ATTACK)
    account.events.create(kind="paused", reason=ATTACK)
    Checkup.objects.create(account=account, subject=ATTACK, ok=False)
    html = page(superuser, account, language)
    assert ATTACK not in html
    assert html.count("&lt;script&gt;") == 2


def test_its_words_are_the_readers(superuser: Client, account: Account) -> None:
    account.events.create(kind="rotated")
    with translation.override("zh-hans"):
        kind = str(AccountEvent.Kind.ROTATED.label)
    assert f"<td>{kind}</td>" in page(superuser, account, "zh-hans")
    assert "<td>code refused; the one stored ahead took its place</td>" in page(superuser, account)


def test_the_number_of_queries_does_not_grow_with_its_history(
    superuser: Client, account: Account
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, account)
        return len(captured)

    def grow(count: int) -> None:
        for message in MessageFactory.create_batch(count, account_id=account.pk):
            AttemptFactory(message=message, account_id=account.pk)
            account.events.create(kind="paused")
            Checkup.objects.create(account=account, subject="x", ok=True)

    queries()  # the first page reads the content types, too
    grow(1)
    few = queries()
    grow(12)
    assert queries() == few
    assert few < 15
