"""Lease due mail to a worker: for each account what it may send now, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mailcenter import conf
from mailcenter.addresses import split
from mailcenter.delivery import closing
from mailcenter.delivery.budget import UNLIMITED, Allowance, allowance, spend
from mailcenter.delivery.job import Job
from mailcenter.kinds import NORMAL
from mailcenter.models import Account, Message, Recipient
from mailcenter.models.message import MessageQuerySet
from mailcenter.transports import SendingAccount

Accounts = Mapping[str, SendingAccount]


def claim(worker: str, accounts: Accounts, room: Mapping[str, int]) -> tuple[list[Job], float]:
    """The jobs, and the seconds after which a gap between two mails is over (0: none is open).

    accounts: in order; who comes first takes over what another one can't send.
    room: how many jobs the worker wants for each account.
    """
    now = timezone.now()
    if not Message.objects.ready(now).exists():
        # An idle worker must not hold SQLite's one write lock.
        return [], 0.0
    rows = Account.objects.in_bulk()
    allowed = {
        slug: allowance(rows[slug], account.limits, now)
        for slug, account in accounts.items()
        if slug in rows
    }
    jobs: list[Job] = []
    for slug in allowed:
        if room.get(slug, 0) > 0 and allowed[slug].urgent:
            theirs = Message.objects.ready(now).filter(_takes(slug, accounts, allowed, rows))
            if len(rows) == 1 or theirs.exists():
                jobs += _claim(worker, accounts, rows[slug], theirs, room[slug])
    return jobs, min((a.wait for a in allowed.values() if a.spacing), default=0.0)


def _takes(
    slug: str, accounts: Accounts, allowed: Mapping[str, Allowance], known: Mapping[str, Account]
) -> Q:
    """Its own mail, and that of accounts that can't send now, unless one before it takes it."""
    takes = Q(account=slug)
    mine = Q(kind__in=accounts[slug].kinds) if accounts[slug].kinds else Q()
    for other in known:
        theirs = allowed.get(other, Allowance(0, 0))
        if other == slug or theirs.most or theirs.spacing:
            continue
        stuck = Q(account=other) & mine
        if theirs.urgent:
            # Its reserve is for mail that somebody waits for.
            stuck &= Q(priority__gte=NORMAL)
        for earlier, open_to in allowed.items():
            if earlier == slug:
                takes |= stuck
                break
            if earlier != other and open_to.most:
                if not accounts[earlier].kinds:
                    break
                stuck &= ~Q(kind__in=accounts[earlier].kinds)
    return takes


def _claim(
    worker: str, accounts: Accounts, row: Account, theirs: MessageQuerySet, room: int
) -> list[Job]:
    """Each claim has an owner's name of its own: what a broken claim left behind is renewed by
    nobody, and the sweep judges it."""
    account = accounts[row.slug]
    limited = any(vars(account.limits).values())
    half_open = row.paused_until is not None
    owner = f"{worker}/{uuid.uuid4().hex[:8]}"
    now = timezone.now()
    until = now + lease()
    with transaction.atomic():
        allowed = Allowance(UNLIMITED, UNLIMITED)
        if limited or half_open:
            # Looked at again: other workers spend from it too.
            row = Account.objects.select_for_update().get(slug=row.slug)
            allowed = allowance(row, account.limits, now)
        if half_open:
            # Else a mail that itself is the trouble would be the probe each time.
            theirs = theirs.order_by("attempt_count", "priority", "pk")
        claimed = theirs.claim(owner, row.slug, min(room, allowed.most), until)
        if (left := min(room, allowed.urgent) - claimed) > 0 and allowed.most < allowed.urgent:
            claimed += theirs.filter(priority__lt=NORMAL).claim(owner, row.slug, left, until)
        if claimed and (limited or half_open):
            spend(row, claimed, account.limits, now)
    own = frozenset(split(other.address)[1].lower() for other in accounts.values())
    jobs = _jobs(owner, account, own) if claimed else []
    for job in jobs:
        job.probe = half_open
    return jobs


def _jobs(owner: str, account: SendingAccount, own: frozenset[str]) -> list[Job]:
    messages = Message.objects.filter(lease_owner=owner, status=Message.Status.SENDING)
    pending: dict[int, dict[str, int]] = {}
    for message, address, key in (
        Recipient.objects.pending()
        .filter(message__in=messages)
        .order_by("pk")
        .values_list("message_id", "address", "pk")
    ):
        pending.setdefault(message, {})[address] = key
    jobs = []
    for key, priority, due, from_email, sealed, secret in messages.order_by().values_list(
        "pk", "priority", "next_attempt_at", "from_email", "content__sealed", "content__secret"
    ):
        if key in pending:
            urgency = (priority, due, key)
            content = None if sealed is None else bytes(sealed)
            recipients = pending[key]
            jobs.append(
                Job(key, owner, urgency, from_email, content, secret, account, recipients, own)
            )
        else:
            closing.close_without_attempt(owner, key)
    return sorted(jobs, key=lambda job: job.urgency)


def lease() -> timedelta:
    return timedelta(seconds=conf.get("LEASE_SECONDS"))
