"""What is so at this moment: what waits, and who works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import (
    DateTimeField,
    Exists,
    ExpressionWrapper,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from mailcenter.admin.accounts import PAUSING
from mailcenter.admin.dashboard.counted import grouped
from mailcenter.admin.long_lists import COUNTED
from mailcenter.delivery.hindrance import Hindrances
from mailcenter.models import Account, Attempt, CountedHour, Message, WorkerHeartbeat
from mailcenter.models.message import Status
from mailcenter.replies import CATALOG, Entry

# Its reply causes the pause, so it began before.
LONGEST_ATTEMPT = timedelta(minutes=15)
# Of these each is looked at, and whether anything took its place.
MOST_UNDECIDED = 100


class _Capped(Subquery):
    """How many rows there are, as far as anybody counts."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()
    # Of the whole query, not of each of its rows.
    contains_aggregate = True

    def __init__(self, rows: QuerySet[Message], most: int) -> None:
        super().__init__(rows.order_by().values("pk")[: most + 1])


@dataclass(frozen=True)
class Number:
    """found: exact up to ``most``."""

    found: int
    most: int

    def __str__(self) -> str:
        shown = grouped(min(self.found, self.most))
        return f"{shown}+" if self.found > self.most else shown

    def __bool__(self) -> bool:
        return self.found > 0


class Present:
    """waiting, sending: how many mails; undecided: how many wait for an operator's word.

    counted_at: when the tallies were brought up to date; None: never.
    next: of the mails that are due the one that leaves first; oldest: of all that wait.
    """

    def __init__(self) -> None:
        self.now = timezone.now()
        queued = Message.objects.filter(status=Status.QUEUED)
        found = CountedHour.objects.aggregate(
            counted_at=Max("counted_at"),
            waiting=_Capped(queued, COUNTED),
            sending=_Capped(Message.objects.filter(status=Status.SENDING), COUNTED),
            undecided=_Capped(undecided(), MOST_UNDECIDED),
        )
        self.counted_at: datetime | None = found["counted_at"]
        self.waiting = Number(found["waiting"], COUNTED)
        self.sending = Number(found["sending"], COUNTED)
        self.undecided = Number(found["undecided"], MOST_UNDECIDED)
        self.next, self.oldest = self._mails(queued) if self.waiting else (None, None)
        self.hindrances = Hindrances()

    @property
    def accounts(self) -> list[Account]:
        """In the order of their list."""
        rows: Mapping[str, Account] = self.hindrances.accounts
        return sorted(rows.values(), key=lambda row: (not row.enabled, row.order, row.pk))

    @cached_property
    def advice(self) -> dict[str, Entry]:
        """The catalogue's words about what paused each account, by slug, as far as it knows."""
        paused = [row.pk for row in self.accounts if row.is_paused]
        if not paused:
            return {}
        rows = Account.objects.filter(pk__in=paused).order_by()
        found = rows.values_list("pk", Subquery(_pausing().values("catalog_entry")[:1]))
        return {slug: CATALOG[entry] for slug, entry in found if entry}

    @cached_property
    def workers(self) -> list[WorkerHeartbeat]:
        return list(WorkerHeartbeat.objects.all())

    @property
    def someone_works(self) -> bool:
        return any(worker.is_alive for worker in self.workers)

    def late(self, patience: timedelta) -> Message | None:
        """One of these two that has been due for longer; new mail may overtake the oldest."""
        since = self.now - patience
        both = filter(None, (self.next, self.oldest))
        return next((m for m in both if self._is_due(m) and m.next_attempt_at <= since), None)

    def _mails(self, queued: QuerySet[Message]) -> tuple[Message | None, Message | None]:
        """One query: each of the two is found by its index."""
        line = Message.objects.ready(self.now)
        ends = [rows.values("pk")[:1] for rows in (line, queued.order_by("created_at"))]
        either = Q(pk=Subquery(ends[0])) | Q(pk=Subquery(ends[1]))
        found = list(Message.objects.filter(either).order_by("created_at", "pk"))
        due = [mail for mail in found if self._is_due(mail)]
        first = min(due, key=lambda m: (m.priority, m.next_attempt_at, m.pk), default=None)
        return first, next(iter(found), None)

    def _is_due(self, mail: Message) -> bool:
        dead = mail.expires_at is not None and mail.expires_at <= self.now
        return mail.next_attempt_at <= self.now and not dead


def undecided() -> QuerySet[Message]:
    """Nobody looks for them any more, and nothing took their place."""
    newer = Message.objects.filter(supersedes=OuterRef("pk"))
    return Message.objects.uncertain().filter(~Exists(newer), look_at__isnull=True)


def _pausing() -> QuerySet[Attempt]:
    """What the account of the row around it met before its pause, newest first; found by the index
    of the moments, however long the pause and whatever has been tried since."""
    paused_at = OuterRef("paused_at")
    return Attempt.objects.filter(
        account=OuterRef("pk"),
        catalog_entry__in=PAUSING,
        started_at__gte=ExpressionWrapper(paused_at - LONGEST_ATTEMPT, DateTimeField()),
        started_at__lte=paused_at,
    ).order_by("-started_at")
