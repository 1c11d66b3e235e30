"""What the dashboard shows was counted by the hour: each event once, whoever counts."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailcenter import delivery, tallying
from mailcenter.models import CountedHour, Message, Tally
from mailcenter.tallying import WAITS, count_due, percentile
from tests.factories import AttemptFactory, MessageFactory, RecipientFactory

pytestmark = pytest.mark.django_db

HOUR = datetime(2026, 3, 5, 10, tzinfo=UTC)
ONE_HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PATIENCE = 20


class Clock:
    now = HOUR + 20 * MINUTE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tallying.timezone, "now", lambda: clock.now)
    return clock


def finished(status: str = "sent", wait: float = 3, **columns: Any) -> Any:
    """Within the hour; wait: seconds until it was accepted."""
    at = columns.pop("at", HOUR + 5 * MINUTE)
    accepted_at = at if status in ("sent", "bounced", "delivered") else None
    columns = {"created_at": at - timedelta(seconds=wait), "sent_at": accepted_at} | columns
    return MessageFactory(status=status, finished_at=at, **columns)


def tallies(subject: str = "kind", hour: datetime = HOUR) -> dict[Any, int]:
    """(name, event) -> how often, and (name, event, seconds) -> how often where that is counted."""
    rows = Tally.objects.filter(hour=hour, subject=subject)
    return {
        (row.name, row.event, row.seconds) if row.seconds else (row.name, row.event): row.count
        for row in rows
    }


def longer(seconds: float) -> float:
    return min(wait for wait in WAITS if wait >= seconds)


def test_each_event_of_a_mail_counts_in_its_own_hour(clock: Clock) -> None:
    MessageFactory(
        kind="login_code",
        status="sent",
        created_at=HOUR - MINUTE,
        sent_at=HOUR + MINUTE,
        finished_at=HOUR + MINUTE,
        opened_at=HOUR + ONE_HOUR - MINUTE,
        done_at=HOUR + ONE_HOUR,
    )
    clock.now = HOUR + ONE_HOUR + 20 * MINUTE
    assert count_due() == 3
    assert tallies(hour=HOUR - ONE_HOUR) == {("login_code", "queued"): 1}
    assert tallies() == {
        ("login_code", "accepted", longer(120)): 1,
        ("login_code", "opened"): 1,
    }
    assert tallies(hour=HOUR + ONE_HOUR) == {("login_code", "done"): 1}


def test_the_first_moment_belongs_to_an_hour_and_the_last_does_not(clock: Clock) -> None:
    for created_at in (HOUR, HOUR + ONE_HOUR - timedelta(microseconds=1), HOUR + ONE_HOUR):
        MessageFactory(kind="system", created_at=created_at)
    clock.now = HOUR + ONE_HOUR + 20 * MINUTE
    count_due()
    assert tallies() == {("system", "queued"): 2}
    assert tallies(hour=HOUR + ONE_HOUR) == {("system", "queued"): 1}


def test_by_status(clock: Clock) -> None:
    for status in Message.Status:
        if status != Message.Status.SENDING:
            finished(status, created_at=HOUR - 10 * ONE_HOUR)
    count_due()
    counted = Counter[str]()
    for (_name, event, *_wait), count in tallies().items():
        counted[event] += count
    assert counted == {"accepted": 3, "failed": 2}


@pytest.mark.parametrize(
    ("wait", "counted_as"),
    [
        (-5, WAITS[0]),
        (0, WAITS[0]),
        (0.09, 0.1),
        (0.12, 0.15),
        (0.2, 0.225),
        (3, longer(3)),
        (3600, longer(3600)),
        (30 * 86400, WAITS[-1]),
    ],
)
def test_a_wait_counts_as_the_next_longer_step(
    clock: Clock, wait: float, counted_as: float
) -> None:
    finished(wait=wait, to=["a@qq.com"])
    count_due()
    ((_name, _event, seconds),) = (key for key in tallies() if key[1] == "accepted")
    assert seconds == pytest.approx(counted_as)
    ((_name, _event, of_domain),) = tallies("domain")
    assert of_domain == seconds
    # As the page finds it again.
    assert seconds in WAITS


def test_the_steps_reach_from_a_tenth_of_a_second_to_days() -> None:
    assert WAITS[0] == 0.1
    assert timedelta(days=7) < timedelta(seconds=WAITS[-1]) < timedelta(days=14)
    assert {round(b / a, 9) for a, b in pairwise(WAITS)} == {1.5}


def test_a_mail_without_a_moment_of_acceptance_waited_until_it_was_finished(clock: Clock) -> None:
    finished("bounced", wait=7, sent_at=None)
    count_due()
    assert tallies()["other", "accepted", longer(7)] == 1


def test_each_recipient_counts_for_its_domain(clock: Clock) -> None:
    message = finished(kind="other", wait=3, to=[])
    for address, status in (
        ("a@qq.com", "accepted"),
        ("b@QQ.com", "accepted"),
        ('"c@d"@qq.com', "accepted"),
        ("e@163.com", "rejected"),
        ("f@xn--fsqu00a.cn", "accepted"),
    ):
        RecipientFactory(message=message, address=address, status=status)
    # Given up before anybody answered for it.
    expired = finished("expired", to=[])
    RecipientFactory(message=expired, address="g@163.com", status="queued")
    cancelled = finished("cancelled", to=[])
    RecipientFactory(message=cancelled, address="h@163.com", status="queued")
    waiting = MessageFactory(created_at=HOUR, to=[])
    RecipientFactory(message=waiting, address="i@163.com", status="accepted")
    count_due()
    assert tallies("domain") == {
        ("qq.com", "accepted", longer(3)): 3,
        ("163.com", "failed"): 2,
        ("xn--fsqu00a.cn", "accepted", longer(3)): 1,
    }


def test_thirty_domains_have_a_line_and_the_rest_share_one(clock: Clock) -> None:
    message = finished(to=[])
    for n in range(40):
        for _mail in range(2 if n >= 20 else 1):
            RecipientFactory(message=message, address=f"{_mail}@d{n:02}.com", status="accepted")
    RecipientFactory(message=message, address="a@d00.com", status="rejected")
    count_due()
    counted = Counter[str]()
    for (name, _event, *_wait), count in tallies("domain").items():
        counted[name] += count
    # The twenty with two mails, d00 with two as well, and the next in the alphabet.
    shown = {f"d{n:02}.com" for n in (*range(20, 40), *range(10))}
    assert counted.keys() == shown | {""}
    assert counted[""] == 10
    assert counted["d00.com"] == 2


def test_what_is_too_long_to_be_a_domain_counts_among_the_rest(clock: Clock) -> None:
    domain = ".".join(["a" * 60] * 5)
    finished(to=[f"a@{domain}"])
    count_due()
    assert tallies("domain") == {("", "accepted", longer(3)): 1}


def test_replies_that_refused(clock: Clock) -> None:
    message = MessageFactory(created_at=HOUR)

    def attempt(outcome: str, code: int | None, entry: str, **columns: Any) -> None:
        columns = {"started_at": HOUR + MINUTE} | columns
        AttemptFactory(
            message=message, outcome=outcome, reply_code=code, catalog_entry=entry, **columns
        )

    attempt("rejected", 550, "qq-mailbox-not-found")
    attempt("deferred", 550, "qq-mailbox-not-found")
    attempt("deferred", 550, "qq-frequency-limited")
    attempt("uncertain", None, "connection-lost")
    attempt("interrupted", None, "")
    attempt("accepted", 250, "")
    attempt("open", None, "")
    attempt("rejected", 550, "qq-mailbox-not-found", started_at=HOUR - MINUTE)
    count_due()
    assert tallies("reply") == {
        ("550 qq-mailbox-not-found", "refused"): 2,
        ("550 qq-frequency-limited", "refused"): 1,
        ("- connection-lost", "refused"): 1,
        ("-", "refused"): 1,
    }


# Which hours


def test_an_hour_is_counted_again_while_it_may_change(clock: Clock) -> None:
    MessageFactory(created_at=HOUR)
    assert count_due() == 1
    MessageFactory(created_at=HOUR + MINUTE)
    clock.now += timedelta(seconds=59)
    assert count_due() == 0
    clock.now += timedelta(seconds=1)
    assert count_due() == 1
    assert tallies() == {("other", "queued"): 2}
    # Its end, and what is known of it a little later.
    clock.now = HOUR + ONE_HOUR + 14 * MINUTE
    MessageFactory(created_at=HOUR + 2 * MINUTE)
    assert count_due() == 2
    assert tallies() == {("other", "queued"): 3}
    clock.now += MINUTE
    assert count_due() == 2
    clock.now += MINUTE
    assert count_due() == 1
    assert CountedHour.objects.get(pk=HOUR).counted_at == HOUR + ONE_HOUR + 15 * MINUTE


def test_an_hour_that_was_left_half_counted_is_counted_to_its_end(clock: Clock) -> None:
    MessageFactory(created_at=HOUR)
    count_due()
    MessageFactory(created_at=HOUR + 40 * MINUTE)
    clock.now += 20 * ONE_HOUR
    count_due()
    assert tallies() == {("other", "queued"): 2}


def test_what_is_gone_is_counted_no_more(clock: Clock) -> None:
    finished()
    count_due()
    assert tallies()
    assert tallies("domain")
    Message.objects.all().delete()
    clock.now += MINUTE
    assert count_due() == 1
    assert not tallies()
    assert not tallies("domain")


def test_without_mail_there_is_one_quiet_hour(clock: Clock) -> None:
    assert count_due() == 1
    assert CountedHour.objects.get().begins_at == HOUR
    assert not Tally.objects.exists()


def test_hours_before_the_first_mail_are_not_counted(clock: Clock) -> None:
    MessageFactory(created_at=HOUR - 3 * ONE_HOUR + MINUTE)
    assert count_due() == 4


def test_a_week_is_counted_a_day_at_a_time(clock: Clock) -> None:
    MessageFactory(created_at=HOUR - timedelta(days=30))
    week_ago = HOUR - timedelta(days=7)
    MessageFactory(created_at=week_ago + 30 * MINUTE)
    assert count_due() == 24
    hours = CountedHour.objects.values_list("begins_at", flat=True)
    assert list(hours) == [HOUR - n * ONE_HOUR for n in reversed(range(24))]
    assert [count_due() for _sweep in range(7)] == [24, 24, 24, 24, 24, 24, 1]
    assert count_due() == 0
    assert CountedHour.objects.earliest("begins_at").begins_at == week_ago
    assert tallies(hour=week_ago) == {("other", "queued"): 1}


def test_tallies_go_after_eight_days(clock: Clock) -> None:
    MessageFactory(created_at=HOUR)
    count_due()
    clock.now = HOUR + timedelta(days=8)
    count_due()
    assert tallies()
    clock.now += MINUTE
    count_due()
    assert not tallies()
    assert not CountedHour.objects.filter(pk=HOUR).exists()


def test_all_can_be_counted_anew(clock: Clock) -> None:
    MessageFactory(created_at=HOUR - 30 * ONE_HOUR)
    MessageFactory(created_at=HOUR)
    assert count_due() == 24
    Message.objects.filter(created_at=HOUR).delete()
    assert list(tallying.count_anew()) == [24, 7]
    assert not tallies()
    assert tallies(hour=HOUR - 30 * ONE_HOUR) == {("other", "queued"): 1}


def test_a_sweep_counts(clock: Clock) -> None:
    MessageFactory(created_at=HOUR, next_attempt_at=HOUR + ONE_HOUR)
    delivery.sweep({})
    assert tallies() == {("other", "queued"): 1}


# Several at once


def test_who_read_before_somebody_else_counted_writes_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    MessageFactory(created_at=HOUR)
    read = tallying._tallies

    def slowly(hour: datetime) -> Counter[tallying.Key]:
        stale = read(hour)
        monkeypatch.setattr(tallying, "_tallies", read)
        MessageFactory(created_at=HOUR)
        assert count_due() == 1
        return stale

    for sweep in range(2):
        monkeypatch.setattr(tallying, "_tallies", slowly)
        assert count_due() == 0
        assert tallies() == {("other", "queued"): 2 + sweep}
        clock.now += MINUTE


@pytest.mark.django_db(transaction=True)
def test_two_that_write_at_once_count_an_hour_once(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(to=["a@qq.com", "b@163.com"])
    read = tallying._tallies
    both_have_read = threading.Barrier(4, timeout=PATIENCE)
    counted: list[int] = []

    def together(hour: datetime) -> Counter[tallying.Key]:
        counts = read(hour)
        both_have_read.wait()
        return counts

    def sweep() -> None:
        try:
            counted.append(count_due())
        finally:
            connection.close()

    monkeypatch.setattr(tallying, "_tallies", together)
    # First the hour is new, then it is there.
    for _sweep in range(2):
        counted.clear()
        threads = [threading.Thread(target=sweep) for _worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counted) == [0, 0, 0, 1]
        assert sum(tallies().values()) == 2
        assert sum(tallies("domain").values()) == 2
        clock.now += MINUTE


# Cheap


def statements() -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert count_due() == 1
    return [query["sql"] for query in captured]


def test_it_takes_as_many_statements_for_many_mails(clock: Clock) -> None:
    def mails(count: int) -> None:
        for _mail in range(count):
            message = finished(kind="other", to=["a@qq.com", "b@163.com"])
            AttemptFactory(message=message, outcome="deferred", started_at=HOUR)

    mails(2)
    count_due()
    clock.now += MINUTE
    few = statements()
    mails(30)
    clock.now += MINUTE
    many = statements()
    assert tallies()["other", "accepted", longer(3)] == 32
    assert len(few) == len(many) <= 15


def test_every_count_goes_by_an_index(clock: Clock) -> None:
    with CaptureQueriesContext(connection) as captured:
        tallying._tallies(HOUR)
    counts = [query["sql"] for query in captured]
    assert len(counts) == 6
    explain, whole_table = "EXPLAIN QUERY PLAN", "SCAN "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            explain, whole_table = "EXPLAIN", "Seq Scan"
            # For so few rows it would read the table.
            cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in counts:
            cursor.execute(f"{explain} {sql}")
            plan = [str(row[-1]) for row in cursor.fetchall()]
            assert not [line for line in plan if whole_table in line]


# For the page


def test_totals_of_some_hours(clock: Clock, django_assert_num_queries: Any) -> None:
    for hours in (0, 1, 1, 2):
        finished("failed", kind="system", at=HOUR - hours * ONE_HOUR + MINUTE, to=[])
    finished(kind="system", wait=3, at=HOUR - 2 * ONE_HOUR + MINUTE, to=[])
    count_due()
    shown = Tally.objects.since(HOUR - ONE_HOUR)
    with django_assert_num_queries(1):
        totals = shown.totals()
    assert sorted(totals) == [
        ("kind", "system", "failed", 0, 3),
        ("kind", "system", "queued", 0, 3),
    ]
    with django_assert_num_queries(1):
        by_hour = Tally.objects.since(HOUR - 2 * ONE_HOUR).by_hour()
    assert by_hour == [
        (HOUR - 2 * ONE_HOUR, "accepted", 1),
        (HOUR - 2 * ONE_HOUR, "failed", 1),
        (HOUR - ONE_HOUR, "failed", 2),
        (HOUR, "failed", 1),
    ]


def test_a_chart_counts_mails_not_recipients(clock: Clock) -> None:
    finished(kind="system", wait=3, to=["a@qq.com", "b@qq.com"])
    finished(kind="other", wait=90, to=["a@qq.com"])
    count_due()
    assert Tally.objects.since(HOUR).by_hour() == [(HOUR, "accepted", 2)]


@pytest.mark.parametrize(
    ("waits", "share", "seconds"),
    [
        ({}, 0.5, 0),
        ({WAITS[0]: 10}, 0.5, 0.05),
        ({WAITS[0]: 10}, 1, 0.1),
        ({WAITS[3]: 4}, 0.5, (WAITS[2] + WAITS[3]) / 2),
        # Half of them by the end of the first step, in whatever order they come.
        ({WAITS[9]: 50, WAITS[3]: 50}, 0.5, WAITS[3]),
        ({WAITS[3]: 50, WAITS[9]: 50}, 0.75, (WAITS[8] + WAITS[9]) / 2),
        ({WAITS[3]: 90, WAITS[9]: 10}, 0.95, (WAITS[8] + WAITS[9]) / 2),
        ({WAITS[39]: 1}, 1, WAITS[39]),
    ],
)
def test_percentile(waits: dict[float, int], share: float, seconds: float) -> None:
    assert percentile(waits, share) == pytest.approx(seconds)


def test_what_was_counted_before_the_clock_was_set_back_is_counted_anew(clock: Clock) -> None:
    finished()
    clock.now += 12 * ONE_HOUR
    count_due()
    clock.now -= 12 * ONE_HOUR
    finished("failed")
    count_due()
    assert CountedHour.objects.filter(counted_at__gt=clock.now).count() == 0
    assert sum(tallies().values()) == 4
    MessageFactory(kind="system", created_at=HOUR + 2 * ONE_HOUR)
    clock.now = HOUR + 2 * ONE_HOUR + MINUTE
    count_due()
    assert tallies(hour=HOUR + 2 * ONE_HOUR) == {("system", "queued"): 1}
