from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Checkup(models.Model):
    """What the doctor found, step by step."""

    # Null: settings that nobody had saved yet.
    account = models.ForeignKey(
        "mailcenter.Account",
        models.CASCADE,
        null=True,
        related_name="checkups",
        verbose_name=_("account"),
    )
    # "address, host:port" as they were examined.
    subject = models.CharField(_("examined"), max_length=700)
    at = models.DateTimeField(_("time"), default=timezone.now)
    ok = models.BooleanField(_("passed"))
    # Each is a doctor.Step as JSON, in both languages.
    steps: models.JSONField[Any, Any] = models.JSONField(_("steps"), default=list)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("operator"),
    )
    # Survives the operator's row; empty: on the command line.
    user_name = models.CharField(_("operator"), max_length=254, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("check-up")
        verbose_name_plural = _("check-ups")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["account", "-at"], name="checkup_at")]

    def __str__(self) -> str:
        return f"{self.subject} {self.at:%Y-%m-%d %H:%M}"
