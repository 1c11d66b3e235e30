from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _


class CountedHour(models.Model):
    """An hour whose events have been counted; without it a quiet hour would be counted for ever."""

    begins_at = models.DateTimeField(primary_key=True)
    counted_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        verbose_name = _("counted hour")
        verbose_name_plural = _("counted hours")
        ordering = ["begins_at"]

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d %H:%M}"


class TallyQuerySet(models.QuerySet["Tally"]):
    def since(self, begins_at: datetime) -> TallyQuerySet:
        """Of the hours that began then or later."""
        return self.filter(hour__gte=begins_at)

    def totals(self) -> list[tuple[str, str, str, float, int]]:
        """Subject, name, event, seconds, and how often in all these hours."""
        rows = self.values_list("subject", "name", "event", "seconds")
        return list(rows.annotate(total=Sum("count")))

    def by_hour(self) -> list[tuple[datetime, str, int]]:
        """When the hour began, whether mails were accepted or failed, and how many did."""
        ended = self.filter(
            subject=Tally.Subject.KIND, event__in=[Tally.Event.ACCEPTED, Tally.Event.FAILED]
        )
        rows = ended.values_list("hour_id", "event").annotate(total=Sum("count"))
        return list(rows.order_by("hour_id", "event"))


class Tally(models.Model):
    """How often something happened within an hour, so that nobody counts a million rows."""

    class Subject(models.TextChoices):
        """What ``name`` is."""

        # Of a mail: a slug of mailcenter/kinds.py.
        KIND = "kind"
        # Of a recipient: the domain of the address.
        DOMAIN = "domain"
        # Of an attempt: its code, a space, and the slug of the catalogue's entry.
        REPLY = "reply"

    class Event(models.TextChoices):
        QUEUED = "queued"
        ACCEPTED = "accepted"
        FAILED = "failed"
        # The link opened, or the code entered.
        OPENED = "opened"
        DONE = "done"
        REFUSED = "refused"

    hour = models.ForeignKey(CountedHour, models.CASCADE, related_name="tallies", db_index=False)
    subject = models.CharField(max_length=6, choices=Subject.choices)
    # Empty: of all that have no line of their own.
    name = models.CharField(max_length=255, blank=True)
    event = models.CharField(max_length=8, choices=Event.choices)
    # Of what was accepted: it waited for at most so many seconds, and longer than the next smaller
    # number; 0 for all other events.
    seconds = models.FloatField(default=0)
    count = models.PositiveIntegerField()

    objects = TallyQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        indexes = [
            # Summed in their own order, without a look at the rows.
            models.Index(
                fields=["subject", "name", "event", "seconds", "hour", "count"], name="tally_sums"
            ),
            models.Index(fields=["subject", "hour", "event", "count"], name="tally_hours"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "subject", "name", "event", "seconds"], name="one_tally_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour_id} {self.name} {self.event}: {self.count}"
