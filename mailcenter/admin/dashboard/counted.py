"""What has happened within the period, from the tallies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin.dashboard import listed
from mailcenter.admin.dashboard.period import PERIODS, Period
from mailcenter.models import Tally
from mailcenter.replies import CATALOG, Entry
from mailcenter.tallying import percentile

Subject, Event = Tally.Subject, Tally.Event
# The others stand in one line together.
MOST_KINDS = 30
MOST_DOMAINS = 10
MOST_REPLIES = 8


@dataclass
class Line:
    """What became of some mails. counts: by Tally.Event. waits: of the accepted, by their bucket.

    address: of the list that shows them, or ""; of_accepted, of_failed: of those among them.
    """

    label: str | Promise = ""
    address: str = ""
    of_accepted: str = ""
    of_failed: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    waits: Counter[float] = field(default_factory=Counter)

    def add(self, event: str, seconds: float, count: int) -> None:
        self.counts[event] += count
        if event == Event.ACCEPTED:
            self.waits[seconds] += count

    def join(self, other: Line) -> None:
        self.counts += other.counts
        self.waits += other.waits

    @property
    def requested(self) -> str:
        return grouped(self.counts[Event.QUEUED])

    @property
    def accepted(self) -> str:
        return grouped(self.counts[Event.ACCEPTED])

    @property
    def failed(self) -> str:
        return grouped(self.counts[Event.FAILED])

    @property
    def ended(self) -> int:
        return self.counts[Event.ACCEPTED] + self.counts[Event.FAILED]

    @property
    def share(self) -> str:
        """How many of those that are over were accepted; "" where none is."""
        return percent(self.counts[Event.ACCEPTED], self.ended) if self.ended else ""

    @property
    def p50(self) -> str:
        """The time within which half of them were accepted; "" where none was."""
        return self._within(0.5)

    @property
    def p95(self) -> str:
        """The same for 95% of them."""
        return self._within(0.95)

    def _within(self, share: float) -> str:
        return duration(percentile(self.waits, share)) if self.waits else ""


@dataclass(frozen=True)
class Step:
    """One of a funnel. share: in percent of those that were asked for. width: of its bar."""

    label: str
    count: str
    share: str
    width: int


@dataclass(frozen=True)
class Met:
    """A reply. entry: what the catalogue says of it; None: it knows it no more.

    address: of the attempts that got it.
    """

    code: str
    entry: Entry | None
    count: str
    address: str


@dataclass(frozen=True)
class Bar:
    """Of the chart. tick: what is written below it, or "". address: of the list of these mails."""

    label: str
    tick: str
    accepted: int
    failed: int
    address: str


@lru_cache(maxsize=2 * len(PERIODS))
def tallies(
    begins_at: datetime, counted_at: datetime | None
) -> tuple[list[tuple[str, str, str, float, int]], list[tuple[datetime, str, int]]]:
    """Read once for all who look, until they have been brought up to date again."""
    since = Tally.objects.since(begins_at)
    return since.totals(), since.by_hour()


class Counted:
    """counted_at: when the tallies were brought up to date; None: never."""

    def __init__(self, period: Period, counted_at: datetime | None) -> None:
        self.period = period
        totals, by_hour = tallies(period.begins_at, counted_at)
        self.everything = Line()
        self._kinds: dict[str, Line] = {}
        self._domains: dict[str, Line] = {}
        self._replies: Counter[str] = Counter()
        for subject, name, event, seconds, count in totals:
            if subject == Subject.KIND:
                self._kinds.setdefault(name, Line()).add(event, seconds, count)
                self.everything.add(event, seconds, count)
            elif subject == Subject.DOMAIN:
                self._domains.setdefault(name, Line()).add(event, seconds, count)
            else:
                self._replies[name] += count
        self._by_hour = {(hour, event): count for hour, event, count in by_hour}

    @property
    def bars(self) -> list[Bar]:
        step = self.period.step
        counts: Counter[tuple[datetime, str]] = Counter()
        for (hour, event), count in self._by_hour.items():
            into = (hour - self.period.begins_at) // step
            counts[self.period.begins_at + into * step, event] += count
        return [
            Bar(
                *self._labels(begin),
                counts[begin, Event.ACCEPTED],
                counts[begin, Event.FAILED],
                listed.messages(created_at__gte=begin, created_at__lt=begin + step),
            )
            for begin in self.period.steps
        ]

    @property
    def kinds(self) -> list[Line]:
        """The most frequent first, the rest in one line at the end."""
        rest = Line(_("all others"))
        for _slug, line in self._ranked_kinds[MOST_KINDS:]:
            rest.join(line)
        shown = [
            replace(
                line,
                label=_label_of_kind(slug),
                address=listed.messages(kind=slug, created_at__gte=self.period.begins_at),
                of_accepted=listed.accepted(self.period.begins_at, kind=slug),
                of_failed=listed.failed(self.period.begins_at, kind=slug),
            )
            for slug, line in self._ranked_kinds[:MOST_KINDS]
        ]
        return [*shown, rest] if rest.counts else shown

    @property
    def domains(self) -> list[Line]:
        """The most frequent first, the rest in one line at the end."""
        rest = Line(_("all others"))
        known = {name: line for name, line in self._domains.items() if name}
        ranked = sorted(known, key=lambda name: (-known[name].ended, name))
        for name in ranked[MOST_DOMAINS:]:
            rest.join(known[name])
        rest.join(self._domains.get("", Line()))
        shown = [replace(known[name], label=name) for name in ranked[:MOST_DOMAINS]]
        return [*shown, rest] if rest.ended else shown

    @property
    def funnels(self) -> list[tuple[str | Promise, list[Step]]]:
        """Of each kind with a link or a code."""
        return [
            (_label_of_kind(slug), list(_steps(line.counts)))
            for slug, line in self._ranked_kinds
            if kinds.get(slug).secrets
        ]

    @property
    def replies(self) -> list[Met]:
        """The most frequent first."""
        return [self._met(*each) for each in self._replies.most_common(MOST_REPLIES)]

    def failed_since(self, hour: datetime) -> tuple[int, int]:
        """How many mails have failed in the hours that began then or later, and of how many."""
        since = {key: count for key, count in self._by_hour.items() if key[0] >= hour}
        failed = sum(count for (_hour, event), count in since.items() if event == Event.FAILED)
        return failed, sum(since.values())

    @property
    def _ranked_kinds(self) -> list[tuple[str, Line]]:
        return sorted(self._kinds.items(), key=lambda each: -each[1].counts.total())

    def _met(self, name: str, count: int) -> Met:
        code, _space, slug = name.partition(" ")
        entry = CATALOG.get(slug)
        filters: dict[str, str | datetime] = {"started_at__gte": self.period.begins_at}
        if code.isdecimal():
            filters["reply_code"] = code
        if entry:
            filters["verdict__exact"] = entry.verdict_class.value
        return Met(code.strip("-"), entry, grouped(count), listed.attempts(**filters))

    def _labels(self, begin: datetime) -> tuple[str, str]:
        """In full, and for below the bar."""
        local = timezone.localtime(begin)
        hour = date_format(local, "H:i")
        if self.period.days == 1:
            return hour, hour if local.hour % 3 == 0 else ""
        day = date_format(local, "MONTH_DAY_FORMAT")
        return f"{day} {hour}", date_format(local, "D") if local.hour < 6 else ""


def _label_of_kind(slug: str) -> str | Promise:
    kind = kinds.get(slug)
    # That of an app that is gone.
    return kind.label if kind.slug == slug else slug


def _steps(counts: Counter[str]) -> Iterator[Step]:
    labels = {
        Event.QUEUED: _("Requested"),
        Event.ACCEPTED: _("Accepted by the provider"),
        Event.OPENED: _("Link opened or code entered"),
        Event.DONE: _("Done"),
    }
    requested = counts[Event.QUEUED]
    # What was asked for before the period may be opened within it.
    widest = max(counts[event] for event in labels) or 1
    for event, label in labels.items():
        share = percent(counts[event], requested) if requested >= counts[event] > 0 else ""
        yield Step(label, grouped(counts[event]), share, round(100 * counts[event] / widest))


def grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def percent(part: int, whole: int) -> str:
    """What is not all of it never reads as 100%, and what is not nothing not as 0%."""
    share = 100 * part / whole
    shown = round(share) if share in (0, 100) else min(max(round(share, 1), 0.1), 99.9)
    return f"{number_format(shown)}%"


def duration(seconds: float) -> str:
    """In the largest unit of which there are two, roughly."""
    if seconds < 10:
        return _("%(seconds).1f s") % {"seconds": seconds}
    units = {1: _("%(count)d s"), 60: _("%(count)d min"), 3600: _("%(count)d h")}
    unit = max(unit for unit in units if unit == 1 or seconds >= 2 * unit)
    return units[unit] % {"count": round(seconds / unit)}
