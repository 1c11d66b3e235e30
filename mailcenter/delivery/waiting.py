"""How long until the next attempt."""

from __future__ import annotations

import math
import random
from datetime import timedelta

from mailcenter import conf
from mailcenter.models import Attempt
from mailcenter.replies import Verdict

# Where the catalogue names no window for an account's trouble.
PAUSE_SECONDS = 900


def wait_after(verdict: Verdict, attempt: Attempt) -> timedelta | None:
    """None where there shall be no other attempt."""
    limit = min(conf.get("RETRY_MAX_ATTEMPTS"), verdict.max_attempts or math.inf)
    if not verdict.retry or alike(verdict, attempt) >= limit:
        return None
    return max(back_off(attempt.number), timedelta(seconds=verdict.after_seconds or 0))


def pause_after(verdict: Verdict) -> timedelta:
    return timedelta(seconds=verdict.after_seconds or PAUSE_SECONDS)


def back_off(number: int) -> timedelta:
    """Doubles from attempt to attempt; up to a fifth less, so that mails don't march in step."""
    base, most = conf.get("RETRY_BASE_SECONDS"), conf.get("RETRY_MAX_SECONDS")
    seconds = min(most, base * 2 ** min(number - 1, 30))
    return timedelta(seconds=seconds * random.uniform(0.8, 1))  # noqa: S311


def alike(verdict: Verdict, attempt: Attempt) -> int:
    """How many attempts ended like this one, since an operator last asked for it.

    A pause of the account, which ends otherwise, uses up none of them.
    """
    if attempt.trigger == Attempt.Trigger.RESEND:
        return 1
    attempts = attempt.message.attempts.exclude(pk=attempt.pk)
    resent = attempts.filter(trigger=Attempt.Trigger.RESEND).order_by("-number").first()
    since = resent.number if resent else 0
    return attempts.filter(number__gte=since, catalog_entry=verdict.slug).count() + 1
