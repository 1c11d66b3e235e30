from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailcenter.exceptions import LeaseLost
from mailcenter.models.each import Statement, execute, moment, update_all
from mailcenter.replies import Stage, VerdictClass

# The message knows the cause. Its row is locked, so that no sweep judges the lease before the
# attempt is there. Who has an owner is being sent: to ask for the status as well would let
# PostgreSQL read the index of all leases instead of a few rows.
OPEN = """
WITH given (id, owner, from_email) AS ({given})
INSERT INTO mailcenter_attempt (
  message_id, number, account_id, from_email, trigger, triggered_by_id, triggered_by_name,
  possible_duplicate, worker, outcome, stage, enhanced_code, reply_text, remote_id, verdict,
  catalog_entry, peer, dialogue, started_at
)
SELECT message.id, message.attempt_count + 1, message.account_id, given.from_email,
  message.next_trigger, message.triggered_by_id, message.triggered_by_name,
  message.possible_duplicate, message.lease_owner, 'open', 'connect', '', '', '', '', '', '',
  '[]', %s
FROM given JOIN mailcenter_message message ON message.id = given.id
WHERE message.lease_owner = given.owner AND message.lease_expires_at > %s
{lock} RETURNING message_id, id
"""
# A sweep that judges the lease meanwhile writes the same row: one of the two comes too late. So
# the message's own row, which stands in many indexes, is only read.
BEGIN_BODIES = """
UPDATE mailcenter_attempt SET stage = 'body' WHERE outcome = 'open' AND EXISTS (
  SELECT 1 FROM mailcenter_message message
  WHERE message.id = mailcenter_attempt.message_id
    AND message.lease_owner = mailcenter_attempt.worker AND message.lease_expires_at > %s
) AND id {keys}
"""


# Each step looks into the index once; a DISTINCT would read all of it.
MET = """
WITH RECURSIVE met(value) AS (
  SELECT MIN({column}) FROM mailcenter_attempt WHERE {given}
  UNION ALL
  SELECT (SELECT MIN({column}) FROM mailcenter_attempt WHERE {given} AND {column} > met.value)
  FROM met WHERE met.value IS NOT NULL
)
SELECT value FROM met WHERE value IS NOT NULL
"""


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """The verbs are for delivery/ alone, and raise LeaseLost where a lease is gone or over."""

    def codes(self) -> list[int]:
        """Every code with which any attempt was ever answered, in order."""
        return self._met("reply_code", "reply_code IS NOT NULL")

    def entries(self) -> list[str]:
        """Every entry of the catalogue that ever explained a reply, also one that it lacks now."""
        return self._met("catalog_entry", "NOT catalog_entry = ''")

    def _met(self, column: str, given: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(MET.format(column=column, given=given))
            return [value for (value,) in cursor.fetchall()]

    def open_all(self, leases: Sequence[tuple[int, str, str]], now: datetime) -> dict[int, int]:
        """One more for each message: its key, the name of its lease, and the From.

        Returns message's key -> attempt's key; inside ``together`` only at the end of the block.
        """
        keys: dict[int, int] = {}
        if not leases:
            return keys
        if connection.vendor == "postgresql":
            given = "SELECT * FROM unnest(%b::bigint[], %b::varchar[], %b::varchar[])"
            values: list[Any] = [list(column) for column in zip(*leases, strict=True)]
            lock = "FOR NO KEY UPDATE OF message"
        else:
            given = f"VALUES {', '.join(['(%s, %s, %s)'] * len(leases))}"
            values = [value for lease in leases for value in lease]
            lock = ""

        def ask(cursor: Any) -> None:
            keys.update(cursor.fetchall())
            if len(keys) < len(leases):
                raise LeaseLost

        parameters = [*values, moment(now), moment(now)]
        execute(Statement(OPEN.format(given=given, lock=lock), parameters, ask=ask))
        return keys

    def begin_bodies(self, keys: Sequence[int], now: datetime) -> None:
        """The bodies of these open attempts are about to leave."""
        update_all(BEGIN_BODIES, keys, [now], missing=LeaseLost)


class Attempt(models.Model):
    """One try to send a message: committed before the first byte, closed with the reply."""

    class Trigger(models.TextChoices):
        AUTO = "auto", _("first send")
        RETRY = "retry", _("automatic retry")
        RESEND = "resend", _("by an operator")

    class Outcome(models.TextChoices):
        OPEN = "open", _("in progress")
        ACCEPTED = "accepted", _("accepted")
        DEFERRED = "deferred", _("refused for now")
        REJECTED = "rejected", _("refused")
        INTERRUPTED = "interrupted", _("interrupted before the content")
        UNCERTAIN = "uncertain", _("nobody can tell")

    # The constraint's index begins with it.
    message = models.ForeignKey(
        "mailcenter.Message", models.CASCADE, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField(_("number"))
    account = models.ForeignKey(
        "mailcenter.Account",
        models.PROTECT,
        related_name="attempts",
        db_index=False,
        verbose_name=_("account"),
    )
    from_email = models.CharField(_("from"), max_length=998)
    trigger = models.CharField(_("trigger"), max_length=8, choices=Trigger.choices)
    triggered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("triggered by"),
    )
    # Survives the operator's row.
    triggered_by_name = models.CharField(_("triggered by"), max_length=254, blank=True)
    possible_duplicate = models.BooleanField(
        _("possible duplicate"),
        default=False,
        help_text=_("An earlier attempt may have reached the reader."),
    )
    worker = models.CharField(_("worker"), max_length=120)
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=Outcome.choices, default=Outcome.OPEN
    )
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices, default=Stage.CONNECT)
    reply_code = models.PositiveSmallIntegerField(_("reply code"), null=True, blank=True)
    enhanced_code = models.CharField(_("enhanced code"), max_length=11, blank=True)
    reply_text = models.TextField(_("reply"), blank=True)
    remote_id = models.TextField(_("queue id"), blank=True)
    verdict = models.CharField(
        _("meaning"), max_length=20, choices=VerdictClass.choices, blank=True
    )
    # Which entry of the catalogue explains it: replies/catalog/.
    catalog_entry = models.SlugField(max_length=60, blank=True, db_index=False)
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)
    peer = models.TextField(_("server"), blank=True)
    dialogue: models.JSONField[Any, Any] = models.JSONField(_("dialogue"), default=list)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-started_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="attempt_number")]
        indexes = [
            models.Index(fields=["-started_at"], name="attempt_started"),
            models.Index(fields=["reply_code", "-started_at"], name="attempt_code"),
            models.Index(fields=["outcome", "-started_at"], name="attempt_outcome"),
            models.Index(fields=["verdict", "-started_at"], name="attempt_verdict"),
            models.Index(fields=["account", "-started_at"], name="attempt_account"),
            # For the phrasebook; accepted mail writes nothing into it.
            models.Index(
                fields=["catalog_entry", "started_at", "id"],
                condition=~Q(catalog_entry=""),
                name="attempt_entries",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number}"
