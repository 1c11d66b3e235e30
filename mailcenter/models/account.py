from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccountQuerySet(models.QuerySet["Account"]):
    def open(self, now: datetime) -> AccountQuerySet:
        """Those that may send now."""
        return self.exclude(paused_until__gt=now)

    def pause(self, slug: str, *, until: datetime, reason: str, secret_digest: str) -> None:
        """Stop sending until then, or until the secret is another one. The longer pause wins."""
        self.filter(slug=slug).exclude(paused_until__gt=until).update(
            paused_until=until, pause_reason=reason, paused_secret_digest=secret_digest
        )

    def keep_environment(self, preset: str, address: str, secret_digest: str) -> None:
        """Keep the row of the environment's account in step. A new secret ends its pause."""
        self.update_or_create(
            slug=Account.ENVIRONMENT, defaults={"preset": preset, "address": address}
        )
        self.filter(slug=Account.ENVIRONMENT).exclude(paused_secret_digest=secret_digest).resume()

    def resume(self) -> int:
        """Send again at once, the mail that the pause held back too. Returns how many ended."""
        paused = list(self.filter(paused_until__isnull=False))
        for account in paused:
            waiting = account.messages.filter(next_attempt_at__lte=F("account__paused_until"))
            waiting.hurry(timezone.now())
            self.model.objects.filter(pk=account.pk).update(
                paused_until=None, pause_reason="", paused_secret_digest=""
            )
        return len(paused)


class Account(models.Model):
    """A way to send. The environment's account has a row too; its secret is never stored."""

    ENVIRONMENT = "environment"

    # The key itself, so that queueing a mail needs no look-up.
    slug = models.SlugField(_("account"), primary_key=True)
    preset = models.CharField(_("provider"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=320, blank=True)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    pause_reason = models.TextField(_("why it is paused"), blank=True)
    # A keyed hash of the secret that was refused: another secret ends the pause.
    paused_secret_digest = models.CharField(max_length=32, blank=True, editable=False)
    last_accepted_at = models.DateTimeField(_("last accepted mail"), null=True, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        permissions = [("resume_account", _("Can end the pause of an account"))]

    def __str__(self) -> str:
        return self.address or self.slug

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()
