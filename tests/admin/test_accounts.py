"""Accounts: open or paused, why, how the pause ends; and the operators' own."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone, translation
from django.views.debug import ExceptionReporter

from mailcenter import sealing
from mailcenter.delivery import accounts
from mailcenter.engines import doorbell
from mailcenter.models import Account, AccountEvent
from mailcenter.replies import CATALOG
from mailcenter.replies.classify import CHINA
from mailcenter.transports import PRESETS
from tests.factories import AttemptFactory, MessageFactory
from tests.test_chinese_pages import english

pytestmark = pytest.mark.django_db

CODE = "abcdefghijklmnop"
NEW_CODE = "ponmlkjihgfedcba"
ADD = reverse_lazy("admin:mailcenter_account_add")


@pytest.fixture
def paused() -> Account:
    Account.objects.filter(pk=Account.ENVIRONMENT).update(
        preset="qq",
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=30),
        pause_reason="535 Login Fail.",
    )
    return Account.objects.get()


def page(client: Client, name: str, *row: str) -> str:
    return client.get(reverse(f"admin:mailcenter_account_{name}", args=row)).content.decode()


def test_the_list_tells_open_from_paused(superuser: Client, paused: Account) -> None:
    Account.objects.create(slug="second", address="second@qq.com")
    html = page(superuser, "changelist")
    assert "site@qq.com" in html
    assert "QQ Mail" in html
    assert "paused until" in html
    assert "</span> open</span>" in html


def test_the_page_says_why_and_what_to_do(superuser: Client, paused: Account) -> None:
    AttemptFactory(
        message=MessageFactory(), outcome="deferred", catalog_entry="qq-authorization-code"
    )
    html = page(superuser, "change", paused.pk)
    assert "535 Login Fail." in html
    assert CATALOG["qq-authorization-code"].cure.en in html


def test_resuming_asks_first_then_sends_what_waited(superuser: Client, paused: Account) -> None:
    waiting = MessageFactory(next_attempt_at=paused.paused_until)
    url = reverse("admin:mailcenter_account_resume", args=[paused.pk])
    assert url in page(superuser, "change", paused.pk)
    assert "535 Login Fail." in superuser.get(url).content.decode()
    assert Account.objects.get().is_paused
    assert "The account sends again." in superuser.post(url, follow=True).content.decode()
    assert not Account.objects.get().is_paused
    event = AccountEvent.objects.get()
    assert (event.kind, event.reason) == (AccountEvent.Kind.RESUMED, "wang")
    waiting.refresh_from_db()
    assert waiting.next_attempt_at <= timezone.now()
    assert LogEntry.objects.get().object_id == paused.pk


def test_an_open_account_has_nothing_to_resume(superuser: Client) -> None:
    assert "Resume sending" not in page(superuser, "change", Account.ENVIRONMENT)
    url = reverse("admin:mailcenter_account_resume", args=[Account.ENVIRONMENT])
    assert "was not paused" in superuser.post(url, follow=True).content.decode()
    assert not LogEntry.objects.exists()


# What the list and the page say


def test_the_list_says_who_takes_over_what_and_what_is_left(superuser: Client) -> None:
    today = timezone.now().astimezone(CHINA).date()
    add("busy", kinds=["system"], sent_that_day=12, day=today)
    add("rested", sent_that_day=49, day=today - timedelta(days=1), enabled=False)
    add("free", preset="exmail")
    html = page(superuser, "changelist")
    assert "12 of 50, 38 left" in html
    assert "0 of 50, 50 left" in html
    assert "no limit" in html
    assert "</span> not in use</span>" in html
    assert '<td class="field-kind_names">system</td>' in html
    assert '<td class="field-kind_names">all</td>' in html


def test_the_list_needs_no_more_queries_for_more_accounts(
    superuser: Client, django_assert_max_num_queries: Any
) -> None:
    page(superuser, "changelist")
    with django_assert_max_num_queries(20) as few:
        page(superuser, "changelist")
    for number in range(5):
        add(f"shop{number}", kinds=["system"])
    with django_assert_max_num_queries(len(few)):
        page(superuser, "changelist")


def test_the_page_shows_the_limits_and_the_end_of_the_pause(
    superuser: Client, paused: Account
) -> None:
    html = page(superuser, "change", paused.pk)
    for words in ("mails a minute", "<dd>10</dd>", "<dd>50</dd>", "<dd>6</dd>", "paused until"):
        assert words in html
    assert "Given by the environment" in html
    assert 'name="secret"' not in html


def test_the_page_says_why_an_account_in_use_never_sends(superuser: Client) -> None:
    add("shop")
    assert "send:" not in page(superuser, "change", "shop")
    Account.objects.filter(pk="shop").update(sealed_secret=b"under a key that is gone")
    assert "MAILCENTER_KEYS" in page(superuser, "change", "shop")


# The form


def add(slug: str, **columns: Any) -> Account:
    values = {"preset": "qq", "address": f"{slug}@qq.com", "sealed_secret": sealing.seal(b"code")}
    return Account.objects.create(slug=slug, **(values | columns))


def filled_in(**values: Any) -> dict[str, Any]:
    form = {"preset": "qq", "address": "shop@qq.com", "order": 100, "enabled": "on"}
    return {**form, **values}


def change(client: Client, slug: str, **values: Any) -> Any:
    return client.post(reverse("admin:mailcenter_account_change", args=[slug]), filled_in(**values))


def stored(account: Account) -> str:
    return sealing.unseal(bytes(account.sealed_secret or b"")).decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_operator_adds_an_account(superuser: Client, language: str) -> None:
    headers = {"accept-language": language}
    form = superuser.get(ADD, headers=headers).content.decode()
    assert 'type="password"' in form
    assert 'value="practice"' not in form
    values = filled_in(
        secret="abcd efgh ijkl mnop",
        from_name="小店",
        kinds=["system", "password_reset"],
        per_minute=3,
        per_day=0,
    )
    answer = superuser.post(ADD, values, follow=True, headers=headers).content.decode()
    account = Account.objects.get(address="shop@qq.com")
    assert (account.slug, account.from_name, stored(account)) == ("shop-qq-com", "小店", CODE)
    assert account.kinds == ["system", "password_reset"]
    assert (account.per_minute, account.per_day, account.spacing_seconds) == (3, 0, None)
    assert accounts.configured()["shop-qq-com"].password == CODE
    shown = page(superuser, "change", account.pk) + page(superuser, "history", account.pk)
    entry = LogEntry.objects.get()
    for text in (answer, shown, entry.change_message, entry.object_repr):
        assert CODE not in text
        assert "abcd efgh" not in text


def test_an_empty_code_keeps_the_stored_one_and_the_pause(superuser: Client) -> None:
    until = timezone.now() + timedelta(hours=1)
    account = add("shop", sent_that_day=3, recent=[1.0], paused_until=until, pause_reason="535")
    assert change(superuser, "shop", order=5, secret="").status_code == 302
    account.refresh_from_db()
    assert (account.order, stored(account)) == (5, "code")
    assert account.is_paused
    assert "order" in LogEntry.objects.get().get_change_message().lower()


def test_a_new_code_ends_the_pause_and_rings(
    superuser: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rings: list[bool] = []
    monkeypatch.setattr(doorbell, "ring", lambda: rings.append(True))
    add("shop", paused_until=timezone.now() + timedelta(hours=1), pause_reason="535")
    with django_capture_on_commit_callbacks(execute=True):
        response = change(superuser, "shop", secret=f" {NEW_CODE}\n")
    assert response.status_code == 302
    account = Account.objects.get(pk="shop")
    assert stored(account) == NEW_CODE
    assert rings == [True]
    # Not before a worker has read it: the old one would be refused once more.
    assert account.is_paused
    accounts.keep_rows(accounts.configured())
    account.refresh_from_db()
    assert not account.is_paused
    assert NEW_CODE not in LogEntry.objects.get().change_message


def test_saving_leaves_the_workers_columns_alone(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the form's reading of the row and its writing, a worker counted a mail."""
    add("shop")
    seal = sealing.seal

    def meanwhile(plain: bytes) -> bytes:
        Account.objects.filter(pk="shop").update(sent_that_day=9, recent=[2.0], pause_reason="x")
        return seal(plain)

    monkeypatch.setattr(sealing, "seal", meanwhile)
    assert change(superuser, "shop", secret=NEW_CODE).status_code == 302
    account = Account.objects.get(pk="shop")
    assert (account.sent_that_day, account.recent, account.pause_reason) == (9, [2.0], "x")


def test_the_forms_pages_are_chinese(superuser: Client) -> None:
    headers = {"accept-language": "zh-hans"}
    names = [str(preset.label) for preset in PRESETS.values()]
    with translation.override("zh-hans"):
        names += [str(preset.label) for preset in PRESETS.values()]
    # What they are called in Chinese, too.
    names += ["OAuth2", "STARTTLS", "Gmail", "Outlook", "Google", "Microsoft", "mail.example.com"]
    add("shop", sealed_next_secret=sealing.seal(b"second"))
    address = reverse("admin:mailcenter_account_change", args=["shop"])
    wrong = filled_in(preset="163", address="x", from_name="\r", per_day="-1")
    oauth = {"oauth_client_id": "x", "next_secret": CODE}
    custom = {"preset": "custom", "host": "localhost", "imap_host": "a b"}
    for page_address in (ADD, address):
        for answer in (
            superuser.get(page_address, headers=headers),
            superuser.post(page_address, wrong, headers=headers),
            superuser.post(page_address, filled_in(preset="163"), headers=headers),
            superuser.post(page_address, filled_in(preset="163", **oauth), headers=headers),
            superuser.post(page_address, filled_in(secret=CODE, **oauth), headers=headers),
            superuser.post(page_address, filled_in(preset="gmail", port=1), headers=headers),
            superuser.post(page_address, filled_in(host="mail.example.com"), headers=headers),
            superuser.post(page_address, filled_in(port=1, **custom), headers=headers),
            superuser.post(page_address, filled_in(preset="custom"), headers=headers),
        ):
            assert english(answer.content.decode(), "wang", *names) == []
    Account.objects.filter(pk="shop").update(sealed_secret=b"under a key that is gone")
    html = superuser.get(address, headers=headers).content.decode()
    keys = ("MAILCENTER_KEYS", "SECRET_KEY_FALLBACKS", "SECRET_KEY")
    assert english(html, "wang", *keys, *names) == []
    everything = filled_in(
        **{"preset": "163", "address": "x@163.com", "secret": CODE, "from_name": "x", "order": 1},
        **{"kinds": ["system"], "per_minute": 1, "per_day": 1, "spacing_seconds": 1, "enabled": ""},
    )
    answer = superuser.post(address, everything, headers=headers, follow=True)
    assert english(answer.content.decode(), "wang", "environment", *names) == []
    history = reverse("admin:mailcenter_account_history", args=["shop"])
    assert english(superuser.get(history, headers=headers).content.decode(), "wang") == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"secret": ""}, "secret"),
        ({"secret": " \n"}, "secret"),
        ({"secret": "abcd\x01"}, "secret"),
        ({"preset": "custom"}, "host"),
        ({"preset": "practice"}, "preset"),
        ({"preset": "anymail"}, "preset"),
        ({"address": "shop"}, "address"),
        ({"address": "shop@qq.com\nBcc: x@example.com"}, "address"),
        ({"address": f"shop@{'a' * 70}例.com"}, "address"),
        ({"from_name": "a\rBcc: x@example.com"}, "from_name"),
        ({"kinds": ["newsletter"]}, "kinds"),
        ({"order": "-1"}, "order"),
        ({"order": ""}, "order"),
        ({"per_day": "-1"}, "per_day"),
        ({"per_minute": "many"}, "per_minute"),
        ({"spacing_seconds": "-1"}, "spacing_seconds"),
        ({"spacing_seconds": "nan"}, "spacing_seconds"),
    ],
)
def test_a_wrong_value_is_refused(superuser: Client, values: dict[str, Any], field: str) -> None:
    response = superuser.post(ADD, filled_in(secret=CODE) | values)
    assert list(response.context["adminform"].form.errors) == [field]
    assert CODE not in response.content.decode()
    assert not Account.objects.exclude(pk=Account.ENVIRONMENT).exists()


@pytest.mark.parametrize("values", [{"address": "other@qq.com"}, {"preset": "163"}])
def test_another_mailbox_needs_another_code(superuser: Client, values: dict[str, str]) -> None:
    add("shop")
    response = change(superuser, "shop", **values)
    assert list(response.context["adminform"].form.errors) == ["secret"]
    assert change(superuser, "shop", secret=NEW_CODE, **values).status_code == 302


def test_one_mailbox_has_one_account_in_use(superuser: Client) -> None:
    add("shop")
    taken = superuser.post(ADD, filled_in(secret=CODE, address="Shop@qq.com", preset="foxmail"))
    assert list(taken.context["adminform"].form.errors) == ["address"]
    assert superuser.post(ADD, filled_in(secret=CODE, preset="exmail")).status_code == 302
    Account.objects.filter(pk="shop").update(enabled=False)
    assert superuser.post(ADD, filled_in(secret=CODE)).status_code == 302
    assert change(superuser, "shop").status_code == 200
    assert change(superuser, "shop", enabled="").status_code == 302


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("shop@qq.com", "shop-qq-com-2"),
        ("environment-2@qq.com", "mail-environment-2-qq-com"),
        ("!@qq.com", "qq-com"),
        (f"{'a' * 60}@qq.com", "a" * 40),
    ],
)
def test_the_slug_comes_from_the_address(superuser: Client, address: str, slug: str) -> None:
    add("shop-qq-com", address="old@qq.com")
    assert superuser.post(ADD, filled_in(secret=CODE, address=address)).status_code == 302
    assert Account.objects.filter(pk=slug, address=address).exists()
    assert superuser.get(reverse("admin:mailcenter_account_change", args=[slug])).status_code == 200


def test_a_code_is_in_no_error_report(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(plain: bytes) -> bytes:
        raise RuntimeError

    # Made at random, because a report quotes the lines of the source too.
    code = secrets.token_hex(8)
    monkeypatch.setattr(sealing, "seal", broken)
    superuser.raise_request_exception = False
    response = superuser.post(ADD, filled_in(secret=code, from_name="a shop"))
    kind, error, traceback = response.exc_info
    reporter = ExceptionReporter(response.wsgi_request, kind, error, traceback.tb_next)
    text = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "a shop" in text
    assert code not in text
