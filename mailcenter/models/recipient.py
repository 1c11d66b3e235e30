from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailcenter.models.each import update_each
from mailcenter.replies import Reply


class RecipientQuerySet(models.QuerySet["Recipient"]):
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

    def accept(self, replies: Iterable[tuple[int, str, Reply]]) -> None:
        """Record the reply that took each: key of the message, address, reply."""
        update_each(
            self.model,
            [
                (
                    {"message": key, "address": address},
                    {
                        "status": Recipient.Status.ACCEPTED,
                        "reply_code": reply.code,
                        "reply_text": reply.text,
                    },
                )
                for key, address, reply in replies
            ],
        )


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

    message = models.ForeignKey("mailcenter.Message", models.CASCADE, related_name="recipients")
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
        indexes = [models.Index(fields=["address"], name="recipient_address")]

    def __str__(self) -> str:
        return self.address
