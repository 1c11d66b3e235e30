"""Why a waiting mail isn't sent yet: in words, and in agreement with what a worker claims."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailcenter import delivery, sealing
from mailcenter.delivery import accounts
from mailcenter.delivery.budget import PROBE_SECONDS
from mailcenter.delivery.hindrance import Hindrances, hindrance
from mailcenter.models import Account, Message
from mailcenter.replies.classify import CHINA
from tests.factories import AttemptFactory, MessageFactory

pytestmark = pytest.mark.django_db

CODE = "abcdefghijklmnop"
URGENT = 1
Columns = dict[str, Any]


@pytest.fixture(autouse=True)
def site(settings: Any) -> Callable[..., None]:
    """The environment's account: ten mails a day, five a minute."""

    def give(**values: str) -> None:
        own = {"PROVIDER": "qq", "ADDRESS": "site@qq.com", "PASSWORD": CODE}
        limits = {"PER_DAY": "10", "PER_MINUTE": "5", "SPACING_SECONDS": "0"}
        settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": own | limits | values}
        accounts.keep_rows(accounts.configured())

    give()
    return give


def spare(slug: str = "spare", **columns: Any) -> Account:
    """An operator's account, without limits."""
    values: Columns = {
        "preset": "qq",
        "address": f"{slug}@qq.com",
        "per_day": 0,
        "per_minute": 0,
        "spacing_seconds": 0,
        "sealed_secret": sealing.seal(CODE.encode()),
    }
    return Account.objects.create(slug=slug, **values | columns)


def site_is(**columns: Any) -> None:
    Account.objects.filter(pk=Account.ENVIRONMENT).update(**columns)


def claimed() -> bool:
    configured = accounts.configured()
    jobs, _gap = delivery.claim("worker", configured, dict.fromkeys(configured, 5))
    return bool(jobs)


# States of an account, at the moment of the test.


def now() -> datetime:
    return timezone.now()


def paused() -> Columns:
    reason = {"pause_reason": "535 Login Fail.", "paused_at": now()}
    return {"paused_until": now() + timedelta(minutes=15), **reason}


def half_open() -> Columns:
    return paused() | {"paused_until": now() - timedelta(seconds=1)}


def probing() -> Columns:
    taken = now() - timedelta(seconds=5)
    until = taken + timedelta(seconds=PROBE_SECONDS)
    return paused() | {"last_taken_at": taken, "paused_until": until}


def day(used: int) -> Callable[[], Columns]:
    return lambda: {"sent_that_day": used, "day": now().astimezone(CHINA).date()}


def minute(used: int) -> Callable[[], Columns]:
    return lambda: {"recent": [now().timestamp() - 20] * used}


def just_sent() -> Columns:
    return {"last_taken_at": now()}


@pytest.mark.parametrize("others", [None, {}, {"kinds": ["other"]}, {"kinds": ["system"]}])
@pytest.mark.parametrize("priority", [URGENT, 5])
@pytest.mark.parametrize(
    "state",
    [dict, paused, half_open, probing, day(8), day(10), minute(4), minute(5)],
    ids=["open", "paused", "half", "probing", "day-8", "day-10", "minute-4", "minute-5"],
)
def test_it_says_what_a_worker_does(
    state: Callable[[], Columns], priority: int, others: Columns | None
) -> None:
    if others is not None:
        spare(**others)
    site_is(**state())
    message = MessageFactory(priority=priority)
    found = hindrance(message)
    at_once = found is None or (found.until is not None and found.until <= now())
    assert at_once == claimed()


@pytest.mark.parametrize(
    "theirs", [paused, lambda: {"enabled": False}, lambda: {"sealed_secret": b"not ours"}]
)
def test_others_that_can_not_send_are_no_help(theirs: Callable[[], Columns]) -> None:
    spare(**theirs())
    site_is(**paused())
    found = hindrance(MessageFactory())
    assert found
    assert found.until
    assert found.until > now()
    assert not claimed()


def test_a_gap_is_too_short_for_another_account(site: Callable[..., None]) -> None:
    site(SPACING_SECONDS="30")
    spare()
    site_is(**just_sent())
    found = hindrance(MessageFactory())
    assert found
    assert found.why == "The account site@qq.com leaves 30 s between two mails."
    assert found.until
    assert timedelta(seconds=20) < found.until - now() <= timedelta(seconds=30)
    assert found.relief == ""
    assert not claimed()


def test_what_is_due_and_may_go_is_not_hindered() -> None:
    assert hindrance(MessageFactory()) is None


@pytest.mark.parametrize("status", [s for s in Message.Status if s != Message.Status.QUEUED])
def test_only_waiting_mail_is_hindered(status: str) -> None:
    site_is(**paused())
    later = now() + timedelta(hours=1)
    assert hindrance(MessageFactory(status=status, next_attempt_at=later)) is None


def test_a_pause_says_why_and_until_when() -> None:
    columns = paused()
    site_is(**columns)
    found = hindrance(MessageFactory())
    assert found
    assert found.why == "The account site@qq.com is paused: 535 Login Fail."
    assert found.until == columns["paused_until"]
    assert found.relief == ""


@pytest.mark.parametrize("state", [half_open, probing])
def test_after_a_pause_one_mail_finds_out(state: Callable[[], Columns]) -> None:
    columns = state()
    site_is(**columns)
    found = hindrance(MessageFactory())
    assert found
    assert found.why == (
        "One mail finds out whether site@qq.com works again; it was paused: 535 Login Fail."
    )
    assert found.until
    assert found.until >= columns["paused_until"]


@pytest.mark.parametrize(
    ("state", "priority", "words", "most"),
    [
        (day(10), URGENT, "has sent the 10 mails it may send a day.", 24 * 3600 + 300),
        (day(8), 5, "keeps the rest of its 10 mails a day for mail", 24 * 3600 + 300),
        (minute(5), URGENT, "has sent the 5 mails it may send a minute.", 40),
        (minute(4), 5, "keeps the rest of its 5 mails a minute for mail", 40),
    ],
)
def test_a_budget_that_is_used_up_is_named(
    state: Callable[[], Columns], priority: int, words: str, most: int
) -> None:
    site_is(**state())
    found = hindrance(MessageFactory(priority=priority))
    assert found
    assert words in found.why
    assert found.until
    assert now() < found.until <= now() + timedelta(seconds=most)


def test_urgent_mail_waits_for_the_minute_and_not_for_the_days_reserve() -> None:
    site_is(**day(8)(), **minute(5)())
    found = hindrance(MessageFactory(priority=URGENT))
    assert found
    assert "a minute" in found.why
    assert found.until
    assert found.until <= now() + timedelta(minutes=1)


def test_who_takes_it_over_is_named() -> None:
    spare("late", order=9)
    spare("early", order=3)
    site_is(**paused())
    found = hindrance(MessageFactory())
    assert found
    assert found.relief == "early@qq.com takes it over."


def test_those_that_can_not_take_it_over_are_named() -> None:
    soon = now() + timedelta(minutes=3)
    spare("a", **(paused() | {"paused_until": soon}))
    spare("b", **paused())
    spare("system", kinds=["system"])
    site_is(**paused())
    found = hindrance(MessageFactory())
    assert found
    assert found.relief == (
        "Those that may take it over can't send now either: a@qq.com, b@qq.com."
    )
    assert found.until == soon


def test_a_kind_that_nobody_takes_over() -> None:
    spare(kinds=["system"])
    site_is(**paused())
    found = hindrance(MessageFactory())
    assert found
    assert found.relief == "No other account takes over mail of this kind."


def test_an_account_out_of_use_holds_its_mail_until_somebody_acts(
    site: Callable[..., None],
) -> None:
    site(KINDS="system")
    spare(enabled=False)
    message = MessageFactory(account_id="spare")
    found = hindrance(message)
    assert found
    assert found.why == "The account spare@qq.com is not in use any more."
    assert found.until is None
    assert not claimed()
    site(KINDS="")
    found = hindrance(message)
    assert found
    assert found.relief == "site@qq.com takes it over."
    assert claimed()


def test_an_account_without_its_code_says_so() -> None:
    spare(sealed_secret=None)
    found = hindrance(MessageFactory(account_id="spare"))
    assert found
    assert found.why.startswith("The account spare@qq.com can't send: ")


def test_the_wait_after_a_refusal() -> None:
    later = now() + timedelta(minutes=10)
    message = MessageFactory(next_attempt_at=later, attempt_count=1, last_verdict="network")
    AttemptFactory(message=message, outcome="deferred")
    found = hindrance(message)
    assert found
    meaning = message.get_last_verdict_display()
    assert found.why == f"The last attempt did not work ({meaning})."
    assert found.until == later


@pytest.mark.parametrize(("wait", "why"), [(5, "is paused"), (25, "did not work")])
def test_the_longer_wait_is_the_one_that_counts(wait: int, why: str) -> None:
    site_is(**paused())
    later = now() + timedelta(minutes=wait)
    found = hindrance(MessageFactory(next_attempt_at=later, attempt_count=1))
    assert found
    assert why in found.why
    assert found.until
    assert found.until >= later


def test_a_dead_link_waits_for_its_end() -> None:
    found = hindrance(MessageFactory(expires_at=now() - timedelta(seconds=1)))
    assert found
    assert "has died" in found.why
    assert not claimed()


def test_many_mails_cost_one_query(django_assert_num_queries: Any) -> None:
    spare()
    site_is(**paused())
    messages = list(Message.objects.filter(pk__in=[m.pk for m in MessageFactory.create_batch(20)]))
    hindrances = Hindrances()
    with django_assert_num_queries(1):
        assert all(hindrances.of(message) for message in messages)
