from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mailcenter.exceptions import LeaseLost
from mailcenter.models.account import Account
from mailcenter.models.content import Content
from mailcenter.models.each import update_all
from mailcenter.models.recipient import Recipient
from mailcenter.models.tree import insert_tree
from mailcenter.replies import VerdictClass

if TYPE_CHECKING:
    from mailcenter.models.attempt import Attempt


class Status(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("accepted by the provider")
    FAILED = "failed", _("failed")
    UNCERTAIN = "uncertain", _("nobody can tell")
    EXPIRED = "expired", _("expired unsent")
    CANCELLED = "cancelled", _("cancelled")
    SUPPRESSED = "suppressed", _("suppressed")
    BOUNCED = "bounced", _("bounced")
    DELIVERED = "delivered", _("delivered")


# Nothing more will be tried unless somebody asks for it. An uncertain mail is not among them:
# its bytes may still be needed.
UNFINISHED = frozenset({Status.QUEUED, Status.SENDING, Status.UNCERTAIN})
FINAL = frozenset(Status) - UNFINISHED
# Rows to one statement, and statements to one sweep.
SLICE = 500
SLICES = 10
# So much of what is leased at once lies in a worker's memory.
MOST_BYTES = 32 * 1024 * 1024


def _first(moment: datetime) -> Coalesce:
    """For ``sent_at``: what was accepted first counts."""
    return Coalesce("sent_at", Value(moment), output_field=models.DateTimeField())


# By hand, as it is written for each mail: the ORM would take longer than the database.
MARK_SENT = """
UPDATE mailcenter_message SET status = 'sent', finished_at = %s, sent_at = COALESCE(sent_at, %s),
  lease_owner = '', lease_expires_at = NULL, attempt_count = attempt_count + 1,
  last_reply_code = %s, last_verdict = ''
WHERE lease_owner = %s AND id {keys}
"""


class MessageQuerySet(models.QuerySet["Message"]):
    """Adjectives select; verbs change ``status``, here and nowhere else.

    A verb acts only on those of the selected rows that are still in a status it may leave, and
    returns how many it changed: 0 means that somebody else was faster.
    """

    # Adjectives

    def answered_by(self, attempt: Attempt) -> MessageQuerySet:
        """Its message, locked, if this attempt still decides: nobody has begun another one.

        After the final dot the lease may well have ended, and been judged, while the reply was
        on its way; a reply that is known puts the judgement right.
        """
        decides = Q(status=Status.SENDING, lease_owner=attempt.worker) | Q(
            status__in=[Status.QUEUED, Status.UNCERTAIN], attempt_count=attempt.number
        )
        mine = self.filter(decides, pk=attempt.message_id)
        return self.filter(pk__in=list(mine.select_for_update().values_list("pk", flat=True)))

    def ready(self, now: datetime) -> MessageQuerySet:
        """Due and alive."""
        return (
            self.filter(status=Status.QUEUED, next_attempt_at__lte=now)
            .exclude(expires_at__lte=now)
            .order_by("priority", "next_attempt_at", "pk")
        )

    def leased(self, owners: Mapping[str, Collection[int]]) -> MessageQuerySet:
        """Those that are still in the hands of these owners: name of the lease -> keys."""
        mine = Q(pk__in=[])
        for owner, keys in owners.items():
            mine |= Q(lease_owner=owner, pk__in=keys)
        return self.filter(mine, status=Status.SENDING)

    def alive(self, now: datetime) -> MessageQuerySet:
        """Their lease is not over."""
        return self.filter(lease_expires_at__gt=now)

    def abandoned(self, now: datetime) -> MessageQuerySet:
        """Their worker has given no sign of life for a whole lease."""
        return self.filter(status=Status.SENDING, lease_expires_at__lte=now)

    def uncertain(self) -> MessageQuerySet:
        return self.filter(status=Status.UNCERTAIN)

    def due_for_look(self, now: datetime) -> MessageQuerySet:
        """To be looked for in the Sent folder; the longest waiting first."""
        return self.uncertain().filter(look_at__lte=now).order_by("look_at", "pk")

    def being_looked_for(self, until: datetime) -> MessageQuerySet:
        """The fence: whoever took the look until then, nobody has changed anything since."""
        return self.uncertain().filter(look_at=until)

    def dead(self, now: datetime) -> MessageQuerySet:
        """Their link or code has died before they could be sent."""
        return self.filter(status=Status.QUEUED, expires_at__lte=now)

    # Verbs

    def queue(
        self,
        content: Content,
        recipients: Sequence[Recipient],
        *,
        cancelled: bool = False,
        **columns: Any,
    ) -> Message:
        """A new mail: waiting, or, where only the record is wanted, cancelled at once."""
        message = self.model(
            status=Status.CANCELLED.value if cancelled else Status.QUEUED.value,
            finished_at=columns["created_at"] if cancelled else None,
            **columns,
        )
        insert_tree(message, [content], recipients)
        return message

    def claim(self, owner: str, account: str, most: int, until: datetime) -> int:
        """Lease up to ``most`` of these to ``owner``, to be sent with ``account``.

        To be called inside a transaction.
        """
        # Not as a subquery of the UPDATE: PostgreSQL may run it once a row, and lease them all.
        # (SQLite's transaction itself locks, from its first statement.)
        locked = self.select_for_update(skip_locked=True, of=("self",))
        keys: list[int] = []
        room = MOST_BYTES
        for key, size in locked.values_list("pk", "size_bytes")[:most]:
            room -= size
            if keys and room < 0:
                break
            keys.append(key)
        return Message.objects.filter(status=Status.QUEUED, pk__in=keys).update(
            status=Status.SENDING, lease_owner=owner, lease_expires_at=until, account=account
        )

    def renew(self, now: datetime, until: datetime) -> int:
        """The heartbeat. A lease that is over stays over."""
        return self.alive(now).update(lease_expires_at=until)

    def release(self) -> int:
        """Give leased mail back that nobody has begun to send."""
        return self.filter(status=Status.SENDING).update(
            status=Status.QUEUED, lease_owner="", lease_expires_at=None
        )

    def end(self, attempt: Attempt) -> None:
        """It has ended, and those still leased for it are about to go on to what follows.

        What the next one would record as its cause is set back to "automatic retry".
        """
        self.filter(status=Status.SENDING).update(
            attempt_count=attempt.number,
            next_trigger="retry",
            triggered_by=None,
            triggered_by_name="",
        )

    def requeue(self, at: datetime, accepted_at: datetime | None = None, **columns: Any) -> int:
        """Wait for another attempt at ``at``; some recipients were accepted at ``accepted_at``."""
        if accepted_at:
            columns["sent_at"] = _first(accepted_at)
        return self.filter(status__in=UNFINISHED).update(
            status=Status.QUEUED,
            next_attempt_at=at,
            lease_owner="",
            lease_expires_at=None,
            **columns,
        )

    def requeue_for_operator(self, at: datetime, **columns: Any) -> int:
        """An operator sends a finished or uncertain mail again, the same bytes."""
        return self.filter(status__in=[*FINAL, Status.UNCERTAIN]).update(
            status=Status.QUEUED, next_attempt_at=at, finished_at=None, **columns
        )

    def hurry(self, now: datetime) -> int:
        """Let waiting messages be due at once."""
        return self.filter(status=Status.QUEUED).update(next_attempt_at=now)

    def mark_sent(self, now: datetime, **columns: Any) -> int:
        return self._finish(Status.SENT, now, UNFINISHED, sent_at=_first(now), **columns)

    def mark_all_sent(
        self, owner: str, keys: Sequence[int], now: datetime, last_reply_code: int | None
    ) -> None:
        """Accepted for everybody at the attempt for which ``owner`` leased them.

        Raises LeaseLost where one of them is leased no more.
        """
        update_all(MARK_SENT, keys, [now, now, last_reply_code, owner], missing=LeaseLost)

    def mark_failed(self, now: datetime, **columns: Any) -> int:
        return self._finish(Status.FAILED, now, UNFINISHED, **columns)

    def mark_uncertain(self, look_at: datetime | None, **columns: Any) -> int:
        """look_at: when the Sent folder is looked into, where that is possible."""
        return self.filter(status=Status.SENDING).update(
            status=Status.UNCERTAIN,
            look_at=look_at,
            lease_owner="",
            lease_expires_at=None,
            **columns,
        )

    def look_again(self, at: datetime | None) -> int:
        """Look for uncertain mail at ``at``; None: no more."""
        return self.uncertain().update(look_at=at)

    def expire(self, now: datetime) -> int:
        """Some at a time: the live ones must not wait, and a statement takes so many keys."""
        total = 0
        for _slice in range(SLICES):
            keys = list(self.dead(now).values_list("pk", flat=True)[:SLICE])
            if not keys:
                break
            total += self.filter(pk__in=keys)._give_up(Status.EXPIRED, now)
        return total

    def cancel(self, now: datetime) -> int:
        return self._give_up(Status.CANCELLED, now)

    def _give_up(self, status: Status, now: datetime) -> int:
        """Waiting mails end as ``status``, unless somebody has, or may have, the mail already."""
        waiting = self.filter(status=Status.QUEUED)
        with transaction.atomic(using=self.db):
            accepted = Recipient.objects.accepted().filter(message=OuterRef("pk"))
            partly = waiting.filter(Exists(accepted))
            Recipient.objects.filter(message__in=partly).give_up()
            return (
                partly._finish(Status.SENT, now, [Status.QUEUED])
                + waiting.filter(possible_duplicate=True).update(status=Status.UNCERTAIN)
                + waiting._finish(status, now, [Status.QUEUED])
            )

    def forget(self, now: datetime, before: datetime) -> int:
        """Erase sealed bytes that finished before then, or whose secret is dead and unsure."""
        unsure = self.uncertain().filter(expires_at__lte=now)
        return (
            Content.objects.overdue(before).erase()
            + Content.objects.filter(secret=True, message__in=unsure).erase()
        )

    def note_opened(self, now: datetime) -> int:
        """The link was opened, or the code entered; the first time counts."""
        return self.filter(opened_at__isnull=True).update(opened_at=now)

    def note_done(self, now: datetime) -> int:
        """What the mail is for has been done; so its link or code was used."""
        first = Coalesce("opened_at", Value(now), output_field=models.DateTimeField())
        return self.filter(done_at__isnull=True).update(done_at=now, opened_at=first)

    def _finish(
        self, status: Status, now: datetime, leaving: Collection[Status], **columns: Any
    ) -> int:
        with transaction.atomic(using=self.db):
            # The rows are named first: once updated, the conditions that chose them fail.
            keys = list(self.filter(status__in=leaving).values_list("pk", flat=True))
            mine = self.filter(pk__in=keys, status__in=leaving)
            changed = mine.update(
                status=status,
                finished_at=now,
                lease_owner="",
                lease_expires_at=None,
                **columns,
            )
            if changed:
                finished = Message.objects.using(self.db).filter(pk__in=keys, status=status)
                Content.objects.using(self.db).filter(message__in=finished, secret=True).erase()
            return changed


class Message(models.Model):
    """A mail from the moment a program asked for it."""

    Status = Status

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A slug of mailcenter/kinds.py: other apps add theirs.
    kind = models.SlugField(_("kind"), db_index=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED
    )
    subject = models.TextField(_("subject"), blank=True)
    from_email = models.CharField(_("from"), max_length=998)
    requested_from = models.CharField(
        _("requested from"),
        max_length=998,
        blank=True,
        help_text=_("Asked for by the program; the provider allows only its own."),
    )
    message_id = models.CharField(_("Message-ID"), max_length=998)
    language = models.CharField(_("language"), max_length=20, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    # Null: the built-in words. No index: versions are never deleted, so nobody asks for it.
    template_version = models.ForeignKey(
        "mailcenter.TemplateVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("template version"),
    )
    layout_version = models.ForeignKey(
        "mailcenter.TemplateVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("layout version"),
    )
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        related_name="messages",
        db_index=False,
        verbose_name=_("account"),
    )
    priority = models.SmallIntegerField(_("priority"), default=5)
    created_at = models.DateTimeField(_("queued"))
    next_attempt_at = models.DateTimeField(_("next attempt"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    attempt_count = models.PositiveIntegerField(pgettext_lazy("how many", "attempts"), default=0)
    # When the Sent folder is looked into next; null: not to be looked for.
    look_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_owner = models.CharField(max_length=120, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # Of a mail with a link or a code: when the first was opened or the other entered, and when
    # what it is for was done.
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    size_bytes = models.PositiveIntegerField(_("size (bytes)"))
    last_reply_code = models.PositiveSmallIntegerField(_("last reply"), null=True, blank=True)
    last_verdict = models.CharField(
        _("meaning"), max_length=20, choices=VerdictClass.choices, blank=True
    )
    supersedes = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="superseded_by",
        verbose_name=_("replaces"),
    )
    # What the next attempt will record as its cause.
    next_trigger = models.CharField(max_length=8, default="auto", editable=False)
    triggered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    triggered_by_name = models.CharField(max_length=254, blank=True, editable=False)
    possible_duplicate = models.BooleanField(_("possible duplicate"), default=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("resend_message", _("Can resend, retry and cancel messages")),
            ("reveal_message", _("Can read the body of a message")),
            ("export_message", _("Can export messages")),
        ]
        indexes = [
            models.Index(
                fields=["priority", "next_attempt_at"],
                condition=Q(status=Status.QUEUED),
                name="message_queue",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(status=Status.SENDING),
                name="message_leases",
            ),
            models.Index(
                fields=["look_at"],
                condition=Q(status=Status.UNCERTAIN),
                name="message_looks",
            ),
            models.Index(fields=["-created_at", "-id"], name="message_created"),
            models.Index(fields=["status", "-created_at"], name="message_status"),
            models.Index(fields=["kind", "-created_at"], name="message_kind"),
            models.Index(fields=["account", "-created_at"], name="message_account"),
            models.Index(fields=["last_verdict", "-created_at"], name="message_verdict"),
            models.Index(fields=["last_reply_code", "-created_at"], name="message_code"),
            models.Index(fields=["message_id"], name="message_message_id"),
            models.Index(fields=["finished_at"], name="message_finished"),
            # The few that have one: counted by the hour.
            models.Index(
                fields=["opened_at"], condition=Q(opened_at__isnull=False), name="message_opened"
            ),
            models.Index(
                fields=["done_at"], condition=Q(done_at__isnull=False), name="message_done"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=Status.SENDING, lease_expires_at__isnull=False)
                | ~Q(status=Status.SENDING) & Q(lease_owner="", lease_expires_at__isnull=True),
                name="leased_while_sending",
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.message_id
