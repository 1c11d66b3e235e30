"""What a worker does, one step at a time, by a test's hand."""

from __future__ import annotations

from mailcenter import delivery
from mailcenter.delivery import Job, accounts
from mailcenter.models import Account


def lease(worker: str, most: int = 1) -> list[Job]:
    """Claim with the environment's account."""
    jobs, _gap = delivery.claim(worker, accounts.configured(), {Account.ENVIRONMENT: most})
    return jobs


def lease_one(worker: str) -> Job:
    (job,) = lease(worker)
    return job


def sweep() -> None:
    delivery.sweep(accounts.configured())


def open_attempt(job: Job) -> bool:
    return job in delivery.write([], [], [job]).begun


def begin_body(job: Job) -> bool:
    return job in delivery.write([], [job], []).held
