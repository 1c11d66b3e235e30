from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccountEvent(models.Model):
    """What became of an account: its pauses, how they ended, its secrets."""

    class Kind(models.TextChoices):
        PAUSED = "paused", _("paused")
        RECOVERED = "recovered", _("works again")
        RESUMED = "resumed", _("pause ended by hand or by a new code")
        SECRET_CHANGED = "secret", _("new code stored")
        ROTATED = "rotated", _("code refused; the one stored ahead took its place")
        TOKEN_REFUSED = "token", _("access token not renewed")

    account = models.ForeignKey("mailcenter.Account", models.CASCADE, related_name="events")
    kind = models.CharField(_("event"), max_length=10, choices=Kind.choices)
    at = models.DateTimeField(_("time"), default=timezone.now)
    # Of a pause.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    # The server's words, or the operator's name.
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("event of an account")
        verbose_name_plural = _("events of accounts")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["account", "-at"], name="account_event_at")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.get_kind_display()}"
