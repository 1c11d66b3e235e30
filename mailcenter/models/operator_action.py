from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OperatorAction(models.Model):
    """Who did what to a message. It outlives the operator's row, which LogEntry does not."""

    class Verb(models.TextChoices):
        RESEND = "resend", _("resent it")
        RETRY = "retry", _("had it tried at once")
        CANCEL = "cancel", _("cancelled it")
        ARRIVED = "arrived", _("said that it arrived")
        REVEAL = "reveal", _("read its body")

    message = models.ForeignKey("mailcenter.Message", models.CASCADE, related_name="actions")
    verb = models.CharField(_("action"), max_length=8, choices=Verb.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    user_name = models.CharField(_("operator"), max_length=254)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("operator's action")
        verbose_name_plural = _("operators' actions")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user_name} {self.get_verb_display()}"
