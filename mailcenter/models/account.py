from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailcenter.models.account_event import AccountEvent

# Of each account.
EVENTS_KEPT = 200

OPEN: dict[str, Any] = {
    "paused_at": None,
    "paused_until": None,
    "pause_reason": "",
    "paused_secret_digest": "",
    "pauses": 0,
}


class AccountQuerySet(models.QuerySet["Account"]):
    def pause(
        self,
        slug: str,
        *,
        until: datetime,
        reason: str,
        secret_digest: str,
        begun_at: datetime | None = None,
    ) -> None:
        """Stop sending until then, or until the secret is another one. The longer pause wins.

        begun_at: of the attempt that was refused; None: just now. One that had begun before the
            account was paused tells of the same trouble, which counts once.
        """
        now = timezone.now()
        columns = _pause_columns(now, until, reason, secret_digest)
        with transaction.atomic(using=self.db):
            shorter = self.filter(slug=slug).exclude(paused_until__gt=until)
            anew = shorter.exclude(paused_at__gte=begun_at or now)
            if anew.update(**columns, pauses=F("pauses") + 1):
                self.note(slug, AccountEvent.Kind.PAUSED, reason=reason, until=until)
            else:
                shorter.update(**columns)

    def hold(self, slug: str, *, until: datetime, reason: str, secret_digest: str) -> None:
        """Like ``pause``, and no pause in its history: another secret is there already that a
        worker has yet to read, or the provider gives no access token."""
        columns = _pause_columns(timezone.now(), until, reason, secret_digest)
        self.filter(slug=slug).exclude(paused_until__gt=until).update(**columns)

    def promote(
        self, slug: str, refused: bytes, *, until: datetime, reason: str, secret_digest: str
    ) -> bool:
        """The secret stored ahead takes the place of the sealed one that was ``refused``.

        Whether it did: of many workers one gets True. The account is held meanwhile, as ``hold``
        does, and whatever paused it before is forgotten with the secret.
        """
        columns = OPEN | _pause_columns(timezone.now(), until, reason, secret_digest)
        mine = self.filter(slug=slug, sealed_secret=refused, sealed_next_secret__isnull=False)
        with transaction.atomic(using=self.db):
            promoted = mine.update(
                sealed_secret=F("sealed_next_secret"),
                secret_set_at=F("next_secret_set_at"),
                sealed_next_secret=None,
                next_secret_set_at=None,
                **columns,
            )
            if promoted:
                self.note(slug, AccountEvent.Kind.ROTATED, reason=reason)
        return bool(promoted)

    def recover(self, slug: str, begun_at: datetime) -> None:
        """It has accepted a mail that was begun after it was paused: the trouble is over."""
        with transaction.atomic(using=self.db):
            if self.filter(slug=slug, paused_at__lt=begun_at).update(**OPEN):
                self.note(slug, AccountEvent.Kind.RECOVERED)

    def resume(self, by: str = "") -> int:
        """Send again at once, the mail that the pause held back too. Returns how many ended.

        by: the operator's name; "": a new secret did it.
        """
        ended = 0
        for account in list(self.filter(paused_until__isnull=False)):
            waiting = account.messages.filter(next_attempt_at__lte=F("account__paused_until"))
            waiting.hurry(timezone.now())
            with transaction.atomic(using=self.db):
                # Once, whoever else ends it now.
                mine = self.filter(pk=account.pk, paused_until__isnull=False)
                if mine.update(**OPEN):
                    ended += 1
                    self.note(account.pk, AccountEvent.Kind.RESUMED, reason=by)
        return ended

    def note(
        self,
        slug: str,
        kind: AccountEvent.Kind,
        *,
        reason: str = "",
        until: datetime | None = None,
    ) -> None:
        """Write an event of this account; the newest EVENTS_KEPT stay. ``reason``: no secret."""
        events = AccountEvent.objects.using(self.db).filter(account_id=slug)
        events.create(account_id=slug, kind=kind, reason=reason, until=until)
        old = list(events.values_list("pk", flat=True)[EVENTS_KEPT : 2 * EVENTS_KEPT])
        if old:
            events.filter(pk__in=old).delete()


def _pause_columns(
    now: datetime, until: datetime, reason: str, secret_digest: str
) -> dict[str, Any]:
    return {
        "paused_at": now,
        "paused_until": until,
        "pause_reason": reason,
        "paused_secret_digest": secret_digest,
    }


class Account(models.Model):
    """A way to send.

    The accounts of the environment have rows too, kept in step with it: their secrets are never
    stored, and nobody edits them. An operator's own rows hold everything.
    """

    ENVIRONMENT = "environment"

    # The key itself, so that queueing a mail needs no look-up.
    slug = models.SlugField(_("account"), primary_key=True)
    # Who takes a mail over where the account before it can't send.
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    enabled = models.BooleanField(_("in use"), default=True)
    preset = models.CharField(_("provider"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=320, blank=True)
    from_name = models.CharField(_("name beside the address"), max_length=200, blank=True)
    # Empty: the provider's own.
    host = models.CharField(_("host"), max_length=253, blank=True)
    port = models.PositiveIntegerField(_("port"), null=True, blank=True)
    security = models.CharField(_("kind of TLS"), max_length=8, blank=True)
    ca_file = models.CharField(_("certificate authority"), max_length=500, blank=True)
    imap_host = models.CharField(_("IMAP host"), max_length=253, blank=True)
    imap_port = models.PositiveIntegerField(_("IMAP port"), null=True, blank=True)
    # The log-in name where it is not the address.
    username = models.CharField(_("log-in name"), max_length=320, blank=True)
    # See mailcenter/sealing.py. Null: the environment has it, or nobody.
    sealed_secret = models.BinaryField(null=True, editable=False)
    secret_set_at = models.DateTimeField(null=True, editable=False)
    # Stored ahead; takes the first one's place once that is refused.
    sealed_next_secret = models.BinaryField(null=True, editable=False)
    next_secret_set_at = models.DateTimeField(null=True, editable=False)
    # OAuth2 (RFC 6749): a JSON object with "client_secret" and "refresh_token", sealed, and the
    # access token that was got with them last.
    oauth_client_id = models.CharField(_("client id"), max_length=200, blank=True)
    sealed_oauth = models.BinaryField(null=True, editable=False)
    sealed_access_token = models.BinaryField(null=True, editable=False)
    access_token_expires_at = models.DateTimeField(null=True, editable=False)
    # Slugs of mailcenter/kinds.py that it takes over from other accounts; empty: all of them.
    kinds: models.JSONField[Any, Any] = models.JSONField(_("kinds"), default=list, blank=True)
    # Null: the provider's default; 0: no limit.
    per_minute = models.PositiveIntegerField(_("mails a minute"), null=True, blank=True)
    per_day = models.PositiveIntegerField(_("mails a day"), null=True, blank=True)
    spacing_seconds = models.FloatField(_("seconds between two mails"), null=True, blank=True)

    paused_at = models.DateTimeField(null=True, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    pause_reason = models.TextField(_("why it is paused"), blank=True)
    # A keyed hash of the secret that was refused: another secret ends the pause.
    paused_secret_digest = models.CharField(max_length=32, blank=True, editable=False)
    # How many pauses in a row, none of which ended in an accepted mail.
    pauses = models.PositiveSmallIntegerField(default=0, editable=False)
    last_accepted_at = models.DateTimeField(_("last accepted mail"), null=True, blank=True)

    # The budget: epoch seconds of what was sent within the last minute, and of the last mail.
    recent: models.JSONField[Any, Any] = models.JSONField(default=list, editable=False)
    last_taken_at = models.DateTimeField(null=True, editable=False)
    # The day in China, and what was sent on it.
    day = models.DateField(null=True, editable=False)
    sent_that_day = models.PositiveIntegerField(default=0, editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["order", "slug"]
        permissions = [
            ("resume_account", _("Can end the pause of an account")),
            ("manage_account", _("Can add and change accounts")),
            ("set_custom_host", _("Can have an account connect to any public host")),
        ]

    def __str__(self) -> str:
        return self.address or self.slug

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()
