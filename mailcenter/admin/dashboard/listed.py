"""Addresses of the lists that show the rows behind a figure: what the tallies count, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from mailcenter.models.message import Status
from mailcenter.tallying import FAILED

# Hardly any mail waits for longer; without a bound the list would look at all there are.
LONGEST_WAIT = timedelta(days=3)


def messages(**filters: str | datetime) -> str:
    return _address("message", filters)


def accepted(since: datetime, **filters: str) -> str:
    return _ended(since, status__exact=Status.SENT, **filters)


def failed(since: datetime, **filters: str) -> str:
    return _ended(since, status__in=",".join(sorted(FAILED)), **filters)


def attempts(**filters: str | datetime) -> str:
    return _address("attempt", filters)


def _ended(since: datetime, **filters: str) -> str:
    return messages(created_at__gte=since - LONGEST_WAIT, finished_at__gte=since, **filters)


def _address(name: str, filters: dict[str, str | datetime]) -> str:
    values = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in filters.items()}
    return f"{reverse(f'admin:mailcenter_{name}_changelist')}?{urlencode(values)}"
