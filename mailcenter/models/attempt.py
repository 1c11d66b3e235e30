from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailcenter.replies import Stage, VerdictClass


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

    message = models.ForeignKey("mailcenter.Message", models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField(_("number"))
    account = models.ForeignKey(
        "mailcenter.Account", models.PROTECT, related_name="attempts", verbose_name=_("account")
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
        ]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number}"
