"""Which hours the page tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcenter.tallying import HOUR, full_hour

# Days -> words. The first one is shown where none, or none of these, is asked for.
PERIODS: dict[int, str | Promise] = {1: _("24 hours"), 7: _("7 days")}


@dataclass(frozen=True)
class Period:
    """Until now. begins_at: a full hour. step: what one bar of the chart stands for."""

    days: int
    now: datetime
    begins_at: datetime
    step: timedelta

    @classmethod
    def asked_for(cls, request: HttpRequest) -> Period:
        asked = request.GET.get("days", "")
        days = next((days for days in PERIODS if str(days) == asked), next(iter(PERIODS)))
        now = timezone.now()
        if days == 1:
            return cls(days, now, full_hour(now) - 23 * HOUR, HOUR)
        # So that each day of the reader's has the same bars.
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(days, now, full_hour(midnight) - timedelta(days=days - 1), 6 * HOUR)

    @property
    def label(self) -> str | Promise:
        return PERIODS[self.days]

    @property
    def steps(self) -> list[datetime]:
        """When each began."""
        count = (self.now - self.begins_at) // self.step + 1
        return [self.begins_at + self.step * number for number in range(count)]
