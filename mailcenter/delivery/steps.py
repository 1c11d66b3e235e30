"""The steps of many attempts in one transaction, each fenced by its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from django.utils import timezone

from mailcenter.delivery.claiming import lease
from mailcenter.delivery.closing import close_all_accepted
from mailcenter.delivery.job import Job
from mailcenter.exceptions import LeaseLost
from mailcenter.models import Attempt, Message
from mailcenter.models.each import together
from mailcenter.models.message import MessageQuerySet
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
    try:
        return _write(accepted, bodies, begins)
    except LeaseLost:
        return Written(
            closed={one[0] for one in accepted if _held(partial(_write, [one], [], []))},
            held={job for job in bodies if _held(partial(_write, [], [job], []))},
            begun={job for job in begins if _held(partial(_write, [], [], [job]))},
        )


def _held(step: Callable[[], Written]) -> bool:
    try:
        written = step()
    except LeaseLost:
        return False
    return bool(written.closed or written.held or written.begun)


def _write(
    accepted: Sequence[tuple[Job, Receipt]], bodies: Sequence[Job], begins: Sequence[Job]
) -> Written:
    """Raises LeaseLost where one of them is gone; then nothing of it is committed."""
    now = timezone.now()
    with together():
        closed = close_all_accepted(accepted, now)
        Attempt.objects.begin_bodies([job.attempt_key for job in bodies], now)
        keys = Attempt.objects.open_all([(job.key, job.owner, job.sender) for job in begins], now)
    for job in begins:
        job.attempt_key = keys[job.key]
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
        owners.setdefault(job.owner, []).append(job.key)
    return Message.objects.leased(owners)
