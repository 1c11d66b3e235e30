"""The steps of many attempts in one transaction, each fenced by its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from mailcenter.delivery.claiming import lease
from mailcenter.delivery.closing import close_all_accepted, identity, opened
from mailcenter.delivery.job import Job
from mailcenter.exceptions import LeaseLost
from mailcenter.models import Attempt, Message
from mailcenter.models.each import insert_each, together, update_each
from mailcenter.models.message import MessageQuerySet
from mailcenter.replies import Stage
from mailcenter.transports import Receipt


@dataclass(frozen=True)
class Written:
    """closed: accepted by everybody, and on record; the other receipts want a look of their own.

    held: their body may leave now. begun: their attempt is open now. Who is in neither has lost
    its lease.
    """

    closed: set[Job]
    held: set[Job]
    begun: set[Job]


def write(
    accepted: Sequence[tuple[Job, Receipt]], bodies: Sequence[Job], begins: Sequence[Job]
) -> Written:
    """All in one transaction; where a lease is gone, each of them in one of its own."""
    now = timezone.now()
    try:
        with transaction.atomic(), together():
            return _write(accepted, bodies, begins, now)
    except LeaseLost:
        return Written(
            closed={one[0] for one in accepted if _held(partial(_write, [one], [], [], now))},
            held={job for job in bodies if _held(partial(_write, [], [job], [], now))},
            begun={job for job in begins if _held(partial(_write, [], [], [job], now))},
        )


def _held(step: Callable[[], Written]) -> bool:
    try:
        with transaction.atomic(), together():
            written = step()
    except LeaseLost:
        return False
    return bool(written.closed or written.held or written.begun)


def _write(
    accepted: Sequence[tuple[Job, Receipt]],
    bodies: Sequence[Job],
    begins: Sequence[Job],
    now: datetime,
) -> Written:
    """Raises LeaseLost where one of them is gone; then nothing of it must be committed."""
    closed = close_all_accepted(accepted, now)
    # The lease begins anew with the body: so its row is locked, and no sweep judges it between
    # this check and the commit.
    Message.objects.renew_all([job.message for job in bodies], now, now + lease())
    begun_bodies = [identity(opened(job)) | {"outcome": Attempt.Outcome.OPEN} for job in bodies]
    rows = [(row, {"stage": Stage.BODY}) for row in begun_bodies]
    update_each(Attempt, rows, missing=LeaseLost)
    Message.objects.count_attempts([job.message for job in begins], now)
    for job in begins:
        job.attempt = _attempt(job, now)
    insert_each([job.attempt for job in begins if job.attempt])
    return Written(closed, set(bodies), set(begins))


def renew(jobs: Iterable[Job]) -> None:
    """The heartbeat, for what is in hand and nothing else."""
    now = timezone.now()
    _leased(jobs).renew(now, now + lease())


def release(jobs: Iterable[Job]) -> None:
    """Another worker may have them at once."""
    _leased(jobs).release()


def _leased(jobs: Iterable[Job]) -> MessageQuerySet:
    owners: dict[str, list[int]] = {}
    for job in jobs:
        owners.setdefault(job.message.lease_owner, []).append(job.message.pk)
    return Message.objects.leased(owners)


def _attempt(job: Job, now: datetime) -> Attempt:
    message = job.message
    return Attempt(
        message=message,
        number=message.attempt_count + 1,
        account_id=job.account.slug,
        from_email=job.sender,
        trigger=message.next_trigger,
        triggered_by_id=message.triggered_by_id,
        triggered_by_name=message.triggered_by_name,
        possible_duplicate=message.possible_duplicate,
        worker=message.lease_owner,
        started_at=now,
    )
