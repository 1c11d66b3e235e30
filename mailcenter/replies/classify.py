"""Reply -> Verdict: the first entry of the catalogue that fits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from django.utils.timezone import now

from mailcenter.replies.catalog import CATALOG
from mailcenter.replies.reply import Reply, Stage
from mailcenter.replies.verdict import Verdict

# China keeps one time zone and no summer time: UTC+8 needs no time zone database.
CHINA = timezone(timedelta(hours=8))
# The provider's clock may be behind ours.
MARGIN = timedelta(minutes=5)


def classify(
    reply: Reply, *, stage: Stage, provider: str = "", maybe_accepted: bool = False
) -> Verdict:
    """Judge any reply, given at ``stage``; never raises.

    provider: the preset's family ("qq", "netease", …); a code means something else elsewhere.
    maybe_accepted: the final dot was handed over and no reply came back (RFC 1047).
    """
    entry = next(
        entry for entry in CATALOG.values() if entry.fits(reply, stage, provider, maybe_accepted)
    )
    return Verdict(
        slug=entry.slug,
        verdict_class=entry.verdict_class,
        retry=entry.retry,
        after_seconds=seconds_until_tomorrow(now()) if entry.until_tomorrow else entry.after,
        account_wide=entry.account_wide,
        uncertain=entry.uncertain,
        max_attempts=entry.max_attempts,
    )


def seconds_until_tomorrow(moment: datetime) -> int:
    """Seconds until the daily quotas of Chinese providers begin anew."""
    today = moment.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((today + timedelta(days=1) + MARGIN - moment).total_seconds())
