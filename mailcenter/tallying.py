"""Count by the hour what happened to mail, so that no page has to count a million rows."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any

from django.db import transaction
from django.db.models import Count, F, FloatField, Func, Min, QuerySet, Value
from django.db.models.functions import Ceil, Coalesce, Greatest, Ln, Lower, Reverse, Right, StrIndex
from django.utils import timezone

from mailcenter.models import Attempt, CountedHour, Message, Recipient, Tally
from mailcenter.models.message import Status

Subject, Event = Tally.Subject, Tally.Event
# Subject, name, event, seconds.
Key = tuple[str, str, str, float]

HOUR = timedelta(hours=1)
# So far back every hour is counted; what was counted is kept a little longer.
COUNTED = timedelta(days=7)
KEPT = timedelta(days=8)
# So long after its end an hour may change: an attempt may still be open, or its worker lost.
GRACE = timedelta(minutes=15)
PAUSE = timedelta(minutes=1)
# In one sweep: the first after an upgrade is no long one.
MOST_HOURS = 24
# In one hour; all others are counted together.
MOST_DOMAINS = 30
LONGEST_DOMAIN = 255
# In seconds, up to eight days: each wait counts as the next longer one of these.
SHORTEST, RATIO = 0.1, 1.5
WAITS = tuple(SHORTEST * RATIO**step for step in range(40))

ACCEPTED = frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED})
FAILED = frozenset({Status.FAILED, Status.EXPIRED})


def count_due() -> int:
    """Count the hours that nobody has counted yet or that may have changed since, newest first.

    How many were counted. Any number of workers may do this at once.
    """
    now = timezone.now()
    counted = dict(CountedHour.objects.values_list("begins_at", "counted_at"))
    gone = [hour for hour in counted if not now - KEPT <= hour <= now + PAUSE]
    if gone:
        # Too old, or counted before the clock was set back.
        CountedHour.objects.filter(begins_at__in=gone).delete()
    due = [hour for hour in _hours(now) if _is_due(hour, counted.get(hour), now)]
    return sum(_count(hour, counted.get(hour), now) for hour in due[:MOST_HOURS])


def count_anew() -> Iterator[int]:
    """Forget what was counted and count all of it. How many hours were counted, now and then."""
    CountedHour.objects.all().delete()
    while hours := count_due():
        yield hours


def percentile(waits: Mapping[float, int], share: float) -> float:
    """Within so many seconds that share of the mails was accepted; 0 where there is none.

    waits: how many mails, by ``Tally.seconds``. share: from 0 to 1.
    """
    wanted = share * sum(waits.values())
    before = 0
    for longest in sorted(waits):
        count = waits[longest]
        if count and before + count >= wanted:
            step = bisect_left(WAITS, longest)
            shortest = WAITS[step - 1] if step else 0.0
            return shortest + (longest - shortest) * (wanted - before) / count
        before += count
    return 0.0


def full_hour(moment: datetime) -> datetime:
    """When its hour began."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hours(now: datetime) -> Iterator[datetime]:
    """When they began, newest first; none that was over before there was any mail."""
    oldest = Message.objects.aggregate(at=Min("created_at"))["at"] or now
    begin = max(now - COUNTED, min(oldest, now))
    hour = full_hour(now)
    while hour + HOUR > begin:
        yield hour
        hour -= HOUR


def _is_due(hour: datetime, counted_at: datetime | None, now: datetime) -> bool:
    if counted_at is None or counted_at > now + PAUSE:
        # Never, or before the clock was set back.
        return True
    return counted_at < hour + HOUR + GRACE and counted_at <= now - PAUSE


def _count(hour: datetime, counted_at: datetime | None, now: datetime) -> bool:
    """False: somebody else has counted it meanwhile."""
    # Read before the transaction: SQLite's takes the lock of all that write.
    tallies = [
        Tally(hour_id=hour, subject=subject, name=name, event=event, seconds=wait, count=count)
        for (subject, name, event, wait), count in _tallies(hour).items()
    ]
    with transaction.atomic():
        if counted_at is None:
            # Nobody has looked since it began.
            counted_at = hour
            new = CountedHour(begins_at=hour, counted_at=hour)
            CountedHour.objects.bulk_create([new], ignore_conflicts=True)
        mine = CountedHour.objects.filter(begins_at=hour, counted_at=counted_at)
        if not mine.update(counted_at=now):
            return False
        Tally.objects.filter(hour=hour).delete()
        Tally.objects.bulk_create(tallies)
    return True


def _tallies(hour: datetime) -> Counter[Key]:
    """Mails by what happened to them within the hour, and the replies of its attempts."""
    tallies: Counter[Key] = Counter()
    messages = Message.objects.all()
    for column, event in (
        ("created_at", Event.QUEUED),
        ("opened_at", Event.OPENED),
        ("done_at", Event.DONE),
    ):
        for kind, count in _grouped(_within(hour, messages, column), "kind"):
            tallies[Subject.KIND, kind, event, 0] = count
    finished = _within(hour, messages.annotate(step=_step_of_wait()), "finished_at")
    for kind, status, step, count in _grouped(finished, "kind", "status", "step"):
        if status in ACCEPTED:
            tallies[Subject.KIND, kind, Event.ACCEPTED, _wait(step)] += count
        elif status in FAILED:
            tallies[Subject.KIND, kind, Event.FAILED, 0] += count
    refused = _within(hour, Attempt.objects.all(), "started_at").exclude(
        outcome__in=[Attempt.Outcome.ACCEPTED, Attempt.Outcome.OPEN]
    )
    for code, entry, count in _grouped(refused, "reply_code", "catalog_entry"):
        name = f"{code or '-'} {entry}".rstrip()
        tallies[Subject.REPLY, name, Event.REFUSED, 0] = count
    return tallies + _by_domain(hour)


def _by_domain(hour: datetime) -> Counter[Key]:
    """Each recipient of the mails that were finished within the hour."""
    recipients = _within(hour, Recipient.objects.all(), "message__finished_at").annotate(
        domain=Lower(Right("address", StrIndex(Reverse("address"), Value("@")) - 1)),
        step=_step_of_wait("message__"),
    )
    events: Counter[tuple[str, str, float]] = Counter()
    mails: Counter[str] = Counter()
    for domain, reply, status, step, count in _grouped(
        recipients, "domain", "status", "message__status", "step"
    ):
        if reply == Recipient.Status.ACCEPTED:
            events[domain, Event.ACCEPTED, _wait(step)] += count
        elif reply == Recipient.Status.REJECTED or status in FAILED:
            events[domain, Event.FAILED, 0] += count
        else:
            continue
        # A longer one is no domain (RFC 1035 section 2.3.4), and has no room.
        if len(domain) <= LONGEST_DOMAIN:
            mails[domain] += count
    named = sorted(mails, key=lambda domain: (-mails[domain], domain))[:MOST_DOMAINS]
    tallies: Counter[Key] = Counter()
    for (domain, happened, seconds), count in events.items():
        name = domain if domain in named else ""
        tallies[Subject.DOMAIN, name, happened, seconds] += count
    return tallies


class _Seconds(Func):
    """From the second moment to the first."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::double precision"
    arg_joiner = " - "
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        context |= {"template": "(JULIANDAY(%(expressions)s)) * 86400"}
        return self.as_sql(compiler, connection, arg_joiner=") - JULIANDAY(", **context)


def _step_of_wait(message: str = "") -> Ceil:
    """Which of WAITS, in the database: it need not hand over each mail."""
    accepted_at = Coalesce(f"{message}sent_at", f"{message}finished_at")
    seconds = _Seconds(accepted_at, F(f"{message}created_at"))
    return Ceil(Ln(Greatest(seconds / SHORTEST, 1.0)) / log(RATIO))


def _wait(step: float) -> float:
    return WAITS[min(int(step), len(WAITS) - 1)]


def _within(hour: datetime, rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    return rows.filter(**{f"{column}__gte": hour, f"{column}__lt": hour + HOUR})


def _grouped(rows: QuerySet[Any], *columns: str) -> QuerySet[Any]:
    return rows.values_list(*columns).annotate(Count("pk"))
