"""How many mails an account may send now: its pause, its limits, and what is left of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailcenter.models import Account
from mailcenter.replies.classify import CHINA, seconds_until_tomorrow
from mailcenter.transports import Limits

# Of each limit, this share is kept for mail that somebody waits for: bulk can't starve it.
RESERVED_SHARE = 0.2
MINUTE = 60.0
UNLIMITED = 1_000_000
# A pause that is over lets one mail through; for so long nobody else tries (seconds).
PROBE_SECONDS = 60


@dataclass(frozen=True)
class Allowance:
    """most: of any mail; urgent: of mail that somebody waits for, reserve included.

    wait: seconds until there is more, where nothing may go now.
    spacing: it is only the gap between two mails that holds them, so no other account steps in.
    """

    most: int
    urgent: int
    wait: float = 0
    spacing: bool = False


def allowance(row: Account, limits: Limits, now: datetime) -> Allowance:
    """What ``row`` may send at ``now`` (seconds count from there)."""
    if row.paused_until is not None:
        if row.paused_until > now:
            return Allowance(0, 0, (row.paused_until - now).total_seconds())
        # Half open: one mail finds out.
        return Allowance(1, 1)
    spacing = limits.spacing_seconds - _since(row.last_taken_at, now)
    if limits.spacing_seconds and spacing > 0:
        return Allowance(0, 0, spacing, spacing=True)
    most = urgent = 1 if limits.spacing_seconds else UNLIMITED
    wait = 0.0
    for limit, used, again in (
        (limits.per_minute, len(sent_last_minute(row, now)), _minute_wait(row, now)),
        (limits.per_day, sent_today(row, now), float(seconds_until_tomorrow(now))),
    ):
        if limit:
            reserved = math.ceil(limit * RESERVED_SHARE) if limit > 1 else 0
            most = min(most, max(0, limit - reserved - used))
            urgent = min(urgent, max(0, limit - used))
            if limit - reserved <= used:
                wait = max(wait, again)
    return Allowance(most, urgent, wait)


def spend(row: Account, count: int, limits: Limits, now: datetime) -> None:
    """Write down that ``count`` mails go out. ``row`` must be locked."""
    if row.paused_until is not None:
        row.paused_until = now + timedelta(seconds=PROBE_SECONDS)
    if limits.per_minute:
        row.recent = [*sent_last_minute(row, now), *[now.timestamp()] * count]
    row.sent_that_day = sent_today(row, now) + count
    row.day = now.astimezone(CHINA).date()
    row.last_taken_at = now
    row.save(update_fields=["paused_until", "recent", "sent_that_day", "day", "last_taken_at"])


def sent_last_minute(row: Account, now: datetime) -> list[float]:
    """Epoch seconds of each mail."""
    # What lies in the future was written before the clock was set back.
    end = now.timestamp()
    return [moment for moment in row.recent if end - MINUTE < moment <= end]


def _minute_wait(row: Account, now: datetime) -> float:
    recent = sent_last_minute(row, now)
    return min(recent) + MINUTE - now.timestamp() if recent else 0.0


def sent_today(row: Account, now: datetime) -> int:
    return row.sent_that_day if row.day == now.astimezone(CHINA).date() else 0


def _since(moment: datetime | None, now: datetime) -> float:
    if moment is None or moment > now:
        return math.inf
    return (now - moment).total_seconds()
