"""How long until the next attempt."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from mailcenter import conf
from mailcenter.models import Attempt
from mailcenter.replies import Stage, Verdict, VerdictClass
from mailcenter.transports import SendingAccount

# Where the catalogue names no window for an account's trouble.
PAUSE_SECONDS = 900
# A refused log-in is tried again so often at least.
MOST_PROBE = timedelta(hours=4)
# Nothing of a mail has been said yet: what fails here fails for every mail.
CONNECTING = frozenset({Stage.CONNECT, Stage.TLS, Stage.EHLO})

# When the Sent folder is looked into: its copy may come late.
LOOKS_SECONDS = (5, 15, 40)


def first_look(account: SendingAccount | None, now: datetime) -> datetime | None:
    """None where there is no Sent folder to look into."""
    if account is None or not account.imap_host:
        return None
    return now + timedelta(seconds=LOOKS_SECONDS[0])


def wait_after(verdict: Verdict, attempt: Attempt) -> timedelta | None:
    """None where there shall be no other attempt."""
    limit = min(conf.get("RETRY_MAX_ATTEMPTS"), verdict.max_attempts or math.inf)
    if not verdict.retry or alike(verdict, attempt) >= limit:
        return None
    return max(back_off(attempt.number), timedelta(seconds=verdict.after_seconds or 0))


def pause_after(verdict: Verdict, stage: Stage) -> timedelta | None:
    """How long the account is left alone; None where the trouble is not the account's."""
    if verdict.account_wide:
        return timedelta(seconds=verdict.after_seconds or PAUSE_SECONDS)
    if verdict.verdict_class == VerdictClass.NETWORK and stage in CONNECTING:
        return timedelta(seconds=conf.get("BREAKER_SECONDS"))
    return None


def longer(pause: timedelta, verdict: Verdict, before: int) -> timedelta:
    """A log-in that is refused again and again is tried ever more slowly."""
    if verdict.verdict_class != VerdictClass.AUTH:
        return pause
    return max(pause, min(pause * 2 ** min(before, 10), MOST_PROBE))


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
    attempts = attempt.message.attempts.exclude(number=attempt.number)
    resent = attempts.filter(trigger=Attempt.Trigger.RESEND).order_by("-number").first()
    since = resent.number if resent else 0
    return attempts.filter(number__gte=since, catalog_entry=verdict.slug).count() + 1
