"""The banner of the first page: what is broken, why, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter import sealing
from mailcenter.admin.dashboard.troubles import Trouble
from mailcenter.models import Account, CountedHour, WorkerHeartbeat
from mailcenter.replies import CATALOG, VerdictClass
from tests.admin.test_dashboard import HOUR, KIND, PAGE, beat, look, tally, this_hour, words
from tests.factories import AttemptFactory, MessageFactory, StaffFactory, TemplateVersionFactory

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hour ends within a test. What a factory makes now is due."""
    now = timezone.now() + MINUTE
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def _well() -> None:
    beat(started_at=timezone.now() - HOUR)
    CountedHour.objects.create(begins_at=this_hour(), counted_at=timezone.now())


def troubles(browser: Client) -> list[Trouble]:
    response = look(browser)
    found: list[Trouble] = response.context["troubles"]
    html = words(response.content.decode()).replace("&#x27;", "'").replace("&quot;", '"')
    for trouble in found:
        for text in (trouble.what, trouble.why, trouble.cure, *trouble.commands):
            assert " ".join(text.split()) in html
        if trouble.address:
            assert browser.get(trouble.address).status_code == 200
    assert ("all is well" in html) is not bool(found)
    return found


def the_trouble(browser: Client) -> Trouble:
    (found,) = troubles(browser)
    return found


def code_account(**columns: Any) -> Account:
    values: dict[str, Any] = {
        "slug": "shop",
        "preset": "qq",
        "address": "shop@qq.com",
        "sealed_secret": sealing.seal(b"abcdefghijklmnop"),
    }
    return Account.objects.create(**values | columns)


@pytest.mark.usefixtures("_well")
def test_all_is_well(superuser: Client) -> None:
    MessageFactory()
    MessageFactory(status="sent")
    code_account()
    TemplateVersionFactory(published=True)
    assert troubles(superuser) == []


@pytest.mark.parametrize(
    ("engine", "command"),
    [
        ("embedded", "python manage.py mailworker"),
        ("celery", "celery -A project worker"),
        ("tasks", "python manage.py db_worker"),
    ],
)
def test_no_worker(superuser: Client, settings: Any, engine: str, command: str) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "ENGINE": engine}
    seen_at = timezone.now() - timedelta(hours=2)
    beat(seen_at=seen_at)
    found = the_trouble(superuser)
    assert found.what == "No worker is running."
    assert not found.grave
    MessageFactory()
    found = the_trouble(superuser)
    assert found.what == "No worker is running, and mail is due."
    assert found.commands[0] == command
    assert found.grave
    WorkerHeartbeat.objects.all().delete()
    assert "for a day" in the_trouble(superuser).why
    beat()
    assert troubles(superuser) == []


@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize(
    ("verdict", "grave"), [(VerdictClass.AUTH, True), (VerdictClass.RATE_LIMITED, False)]
)
def test_a_paused_account_with_the_words_of_the_catalogue(
    superuser: Client, verdict: VerdictClass, grave: bool
) -> None:
    entries = [e for e in CATALOG.values() if e.account_wide and e.verdict_class == verdict]
    now = timezone.now()
    Account.objects.update(
        address="site@qq.com",
        paused_at=now - MINUTE,
        paused_until=now + HOUR,
        pause_reason="535 Login Fail.",
    )
    AttemptFactory(
        catalog_entry="accepted",
        message__status="sent",
        started_at=now - 90 * SECOND,
        outcome="deferred",
    )
    for entry, ago in zip(entries, (2, 3), strict=False):
        AttemptFactory(
            catalog_entry=entry.slug, message__status="sent", started_at=now - ago * MINUTE
        )
    found = the_trouble(superuser)
    assert "the account site@qq.com is paused" in found.what
    assert found.reply == "535 Login Fail."
    assert (found.why, found.cure) == (entries[0].cause.en, entries[0].cure.en)
    assert found.address == reverse("admin:mailcenter_account_change", args=[Account.ENVIRONMENT])
    assert found.grave is grave
    assert "535 Login Fail." in look(superuser).content.decode()


@pytest.mark.usefixtures("_well")
def test_each_pause_has_the_words_of_what_went_before_it(superuser: Client) -> None:
    """Not of what the account met between the pauses of others."""
    now = timezone.now()
    auth, limited = (
        next(e for e in CATALOG.values() if e.account_wide and e.verdict_class == verdict)
        for verdict in (VerdictClass.AUTH, VerdictClass.RATE_LIMITED)
    )
    paused = {"paused_until": now + HOUR, "pause_reason": "refused"}
    Account.objects.update(paused_at=now - 5 * HOUR, address="site@qq.com", **paused)
    shop = code_account(paused_at=now, **paused)
    site = Account.objects.get(pk=Account.ENVIRONMENT)
    for account, entry, ago in ((site, auth, 301), (site, limited, 60), (shop, limited, 1)):
        AttemptFactory(
            account_id=account.pk,
            message__status="sent",
            catalog_entry=entry.slug,
            started_at=now - ago * MINUTE,
        )
    found = {trouble.what.split()[-3]: trouble.cure for trouble in troubles(superuser)}
    assert found == {"site@qq.com": auth.cure.en, "shop@qq.com": limited.cure.en}


@pytest.mark.usefixtures("_well")
def test_a_pause_that_the_catalogue_knows_nothing_of(superuser: Client) -> None:
    Account.objects.update(paused_until=timezone.now() + HOUR, pause_reason="No token.")
    found = the_trouble(superuser)
    assert (found.why, found.grave) == ("", True)
    assert "ends the pause" in found.cure


@pytest.mark.usefixtures("_well")
def test_no_account_in_use(superuser: Client) -> None:
    Account.objects.update(enabled=False)
    found = the_trouble(superuser)
    assert found.what == "No account is in use: no mail can be sent."
    assert found.grave


@pytest.mark.usefixtures("_well")
def test_an_operators_account_that_can_never_send(superuser: Client) -> None:
    account = code_account(sealed_secret=None)
    found = the_trouble(superuser)
    assert found.what == "The account shop@qq.com can’t send."
    assert found.why == "It has no server or no authorization code."
    assert found.address == reverse("admin:mailcenter_account_change", args=["shop"])
    Account.objects.filter(pk=account.pk).update(enabled=False)
    assert troubles(superuser) == []


@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"PROVIDER": "nobody"}, "“nobody”; choose one of"),
        ({"PROVIDER": "qq", "ADDRESS": "site@qq.com"}, "No authorization code is configured"),
    ],
)
def test_a_mistake_in_the_environment(
    superuser: Client, settings: Any, given: dict[str, str], why: str
) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": given}
    found = the_trouble(superuser)
    assert why in found.why
    assert found.cure
    assert found.grave


@pytest.mark.usefixtures("_well")
def test_mail_that_nobody_takes(superuser: Client) -> None:
    at = timezone.now() - 4 * MINUTE
    mail = MessageFactory(created_at=at - HOUR, next_attempt_at=at)
    assert troubles(superuser) == []
    mail.next_attempt_at = at - 2 * MINUTE
    mail.save()
    found = the_trouble(superuser)
    assert "is still waiting" in found.what
    assert "Nothing hinders it" in found.cure
    assert found.grave
    assert found.address == reverse("admin:mailcenter_message_change", args=[mail.pk])


@pytest.mark.usefixtures("_well")
def test_new_mail_does_not_hide_what_is_late(superuser: Client) -> None:
    late = MessageFactory(
        priority=8, created_at=timezone.now() - HOUR, next_attempt_at=timezone.now() - HOUR
    )
    MessageFactory(priority=1)
    found = the_trouble(superuser)
    assert found.address == reverse("admin:mailcenter_message_change", args=[late.pk])


@pytest.mark.usefixtures("_well")
def test_mail_that_a_budget_holds_back(superuser: Client) -> None:
    MessageFactory(next_attempt_at=timezone.now() - HOUR)
    Account.objects.update(preset="qq", per_day=5, day=timezone.localdate(), sent_that_day=5)
    found = the_trouble(superuser)
    assert "has sent the 5 mails it may send a day" in found.why
    assert not found.grave


@pytest.mark.usefixtures("_well")
def test_a_pause_is_said_once(superuser: Client) -> None:
    MessageFactory(next_attempt_at=timezone.now() - HOUR)
    Account.objects.update(paused_until=timezone.now() + HOUR, pause_reason="535")
    assert "is paused" in the_trouble(superuser).what


@pytest.mark.usefixtures("_well")
def test_many_failed(superuser: Client) -> None:
    tally(KIND, "other", "accepted", 6)
    tally(KIND, "other", "failed", 90, ago=2)
    tally(KIND, "other", "failed", 1, ago=1)
    tally(KIND, "system", "failed", 2)
    # Nine are too few to say anything.
    assert troubles(superuser) == []
    tally(KIND, "system", "accepted", 3)
    found = the_trouble(superuser)
    assert found.what == "Many mails fail: 25.0% of them."
    assert found.why.endswith("3 of 12 have failed.")
    assert found.grave
    tally(KIND, "login_code", "accepted", 3)
    assert troubles(superuser) == []


@pytest.mark.usefixtures("_well")
def test_mail_that_waits_for_a_decision(superuser: Client) -> None:
    MessageFactory(status="uncertain")
    found = the_trouble(superuser)
    assert found.what == "1 mail waits for somebody to decide."
    assert not found.grave
    MessageFactory(status="uncertain")
    assert the_trouble(superuser).what == "2 mails wait for somebody to decide."


@pytest.mark.usefixtures("_well")
def test_a_published_template_that_fails(superuser: Client) -> None:
    version = TemplateVersionFactory(published=True)
    template = version.template
    type(template).objects.failed(version, "unexpected secret words")
    found = the_trouble(superuser)
    assert found.what == "The template log-in code · English can’t be used."
    assert found.address == reverse("admin:mailcenter_template_change", args=[template.pk])
    template.publish(TemplateVersionFactory(), None)
    assert troubles(superuser) == []


@pytest.mark.usefixtures("_well")
def test_old_figures(superuser: Client, settings: Any) -> None:
    CountedHour.objects.update(counted_at=timezone.now() - 6 * MINUTE)
    found = the_trouble(superuser)
    assert found.what == "The figures below are old."
    assert found.commands == ()
    settings.MAILCENTER = {**settings.MAILCENTER, "ENGINE": "tasks"}
    assert the_trouble(superuser).commands == ("python manage.py mailsweep --every 10",)
    # A worker that has just begun has not had the time.
    WorkerHeartbeat.objects.update(started_at=timezone.now() - MINUTE)
    assert troubles(superuser) == []
    CountedHour.objects.all().delete()
    assert troubles(superuser) == []


def test_the_grave_ones_come_first(superuser: Client) -> None:
    MessageFactory(status="uncertain")
    Account.objects.update(paused_until=timezone.now() + HOUR, pause_reason="535")
    assert [trouble.grave for trouble in troubles(superuser)] == [True, False, False]


def test_who_may_not_open_the_page_about_it_gets_no_link(client: Client) -> None:
    Account.objects.update(paused_until=timezone.now() + HOUR, pause_reason="535")
    code_account(sealed_secret=None)
    version = TemplateVersionFactory(published=True)
    type(version.template).objects.failed(version, "broken")
    client.force_login(StaffFactory(permissions=["view_message"]))
    found = client.get(PAGE).context["troubles"]
    assert len(found) == 4
    assert {(trouble.address, trouble.link) for trouble in found} == {("", "")}


def test_no_secret_stands_in_it(superuser: Client, settings: Any) -> None:
    settings.MAILCENTER = {
        **settings.MAILCENTER,
        "ACCOUNT": {"PROVIDER": "qq", "ADDRESS": "no", "PASSWORD": "abcdefghijklmnop"},
        "MORE_ACCOUNTS": [
            {
                "PROVIDER": "custom",
                "URL_WITH_PASSWORD": "smtp://site:abcdefghijklmnop@mail.example:465",
            }
        ],
    }
    code_account(preset="nobody")
    html = look(superuser).content.decode()
    assert html.count("An account in .env can’t send.") == 2
    assert "abcdefghijklmnop" not in html
