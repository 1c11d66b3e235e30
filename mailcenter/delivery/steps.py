"""The steps of an attempt, for many mails in one transaction, each fenced by its lease."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailcenter.delivery.claiming import lease
from mailcenter.delivery.job import Job
from mailcenter.models import Attempt, Message
from mailcenter.models.message import MessageQuerySet
from mailcenter.replies import Stage


def open_attempts(jobs: Sequence[Job]) -> set[Job]:
    """Those whose attempt is open now; the others have lost their lease."""
    if not jobs:
        return set()
    now = timezone.now()
    with transaction.atomic():
        mine = _locked(jobs, now)
        held = [job for job in jobs if job.message.pk in mine]
        Message.objects.filter(pk__in=mine).count_attempt()
        attempts = Attempt.objects.bulk_create([_attempt(job, now) for job in held])
    for job, attempt in zip(held, attempts, strict=True):
        job.attempt = attempt
    return set(held)


def begin_bodies(jobs: Sequence[Job]) -> set[Job]:
    """Those whose body may leave once this is committed; the others have lost their lease."""
    if not jobs:
        return set()
    with transaction.atomic():
        # Locked, so that no sweep judges a lease between its check and the commit.
        mine = _locked(jobs, timezone.now())
        held = {job for job in jobs if job.attempt and job.message.pk in mine}
        keys = [job.attempt.pk for job in held if job.attempt]
        still_open = Attempt.objects.filter(pk__in=keys, outcome=Attempt.Outcome.OPEN)
        if still_open.update(stage=Stage.BODY) < len(held):
            left = set(still_open.values_list("pk", flat=True))
            held = {job for job in held if job.attempt and job.attempt.pk in left}
    return held


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


def _locked(jobs: Iterable[Job], now: datetime) -> set[int]:
    # In one order, so that no two workers wait for each other.
    held = _leased(jobs).alive(now).order_by("pk").select_for_update()
    return set(held.values_list("pk", flat=True))


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
