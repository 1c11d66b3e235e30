"""The steps of many attempts in one transaction, each fenced by its lease."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailcenter.delivery.claiming import lease
from mailcenter.delivery.closing import close_all_accepted, identity, opened
from mailcenter.delivery.job import Job
from mailcenter.models import Attempt, Message
from mailcenter.models.each import insert_each, update_each
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
    """One transaction."""
    with transaction.atomic():
        now = timezone.now()
        jobs = [*(job for job, _receipt in accepted), *bodies, *begins]
        # So that no sweep judges a lease between its check and the commit.
        leases = Message.objects.lock_leases([job.message for job in jobs], now)
        mine = [(job, receipt) for job, receipt in accepted if job.message.pk in leases]
        return Written(
            closed=close_all_accepted(mine, now),
            held=_begin_bodies([job for job in bodies if leases.get(job.message.pk)]),
            begun=_open_attempts([job for job in begins if leases.get(job.message.pk)], now),
        )


def renew(jobs: Iterable[Job]) -> None:
    """The heartbeat, for what is in hand and nothing else."""
    now = timezone.now()
    _leased(jobs).renew(now, now + lease())


def release(jobs: Iterable[Job]) -> None:
    """Another worker may have them at once."""
    _leased(jobs).release()


def _open_attempts(jobs: Sequence[Job], now: datetime) -> set[Job]:
    for job in jobs:
        job.attempt = _attempt(job, now)
    Message.objects.count_attempts([job.message for job in jobs])
    insert_each([job.attempt for job in jobs if job.attempt])
    return set(jobs)


def _begin_bodies(jobs: Sequence[Job]) -> set[Job]:
    """Where the sweep has judged the attempt, nothing leaves any more."""

    def begin(some: Sequence[Job]) -> int:
        chosen = [identity(opened(job)) | {"outcome": Attempt.Outcome.OPEN} for job in some]
        return update_each(Attempt, [(where, {"stage": Stage.BODY}) for where in chosen])

    if begin(jobs) == len(jobs):
        return set(jobs)
    return {job for job in jobs if begin([job])}


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
