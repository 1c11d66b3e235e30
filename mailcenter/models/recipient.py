from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from mailcenter.models.each import update_each
from mailcenter.replies import Reply


class Folded(Func):
    """An address without regard to case, in the order of its bytes.

    PostgreSQL would order by the rules of a language, where no range holds all that begins alike.
    """

    function = "LOWER"
    output_field = models.TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = '%(function)s(%(expressions)s COLLATE "C")'
        return self.as_sql(compiler, connection, template=template, **context)


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def beginning_with(self, prefix: str) -> RecipientQuerySet:
        """By the index, whatever the case of the letters."""
        low = "".join(chr(ord(c) | 32) if "A" <= c <= "Z" else c for c in prefix)
        folded = self.alias(folded=Folded("address"))
        return folded.filter(folded__gte=low, folded__lt=f"{low}\U0010ffff")

    def pending(self) -> RecipientQuerySet:
        return self.filter(status__in=[Recipient.Status.QUEUED, Recipient.Status.DEFERRED])

    def accepted(self) -> RecipientQuerySet:
        return self.filter(status=Recipient.Status.ACCEPTED)

    def refused(self) -> RecipientQuerySet:
        return self.filter(status=Recipient.Status.REJECTED)

    def give_up(self) -> int:
        """No attempt follows; the last reply stays."""
        return self.pending().update(status=Recipient.Status.REJECTED)

    def give_another_chance(self) -> int:
        return self.refused().update(status=Recipient.Status.QUEUED)

    def settle(self, replies: Mapping[str, Reply], status: str) -> None:
        """Record each address's reply."""
        for address, reply in replies.items():
            self.filter(address=address).exclude(status=Recipient.Status.ACCEPTED).update(
                status=status, reply_code=reply.code, reply_text=reply.text
            )

    def accept(self, replies: Sequence[tuple[int, Reply]]) -> None:
        """Record the reply that took each: key of its row, reply."""
        rows = [(Recipient.Status.ACCEPTED, reply.code, reply.text, key) for key, reply in replies]
        update_each(self.model, ("id",), ("status", "reply_code", "reply_text"), rows)


class Recipient(models.Model):
    class Role(models.TextChoices):
        TO = "to", _("to")
        CC = "cc", _("cc")
        BCC = "bcc", _("bcc")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        DEFERRED = "deferred", _("refused for now")
        REJECTED = "rejected", _("refused")

    # The constraint's index begins with it.
    message = models.ForeignKey(
        "mailcenter.Message", models.CASCADE, related_name="recipients", db_index=False
    )
    role = models.CharField(_("role"), max_length=3, choices=Role.choices)
    # RFC 5321 section 4.5.3.1: 64 + 1 + 255; the domain in A-label form.
    address = models.CharField(_("address"), max_length=320)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED
    )
    reply_code = models.PositiveSmallIntegerField(_("reply code"), null=True, blank=True)
    reply_text = models.TextField(_("reply"), blank=True)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.UniqueConstraint(fields=["message", "address"], name="one_row_per_recipient")
        ]
        indexes = [models.Index(Folded("address"), name="recipient_address_folded")]

    def __str__(self) -> str:
        return self.address
