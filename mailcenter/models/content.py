from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailcenter.models.each import update_all


class Attachment(TypedDict):
    name: str
    type: str
    bytes: int


class Redacted(TypedDict):
    """What the log may show for ever; text and html are "" where nobody declared the secrets."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[Attachment]


ERASE = "UPDATE mailcenter_content SET sealed = NULL WHERE message_id {keys}"


class ContentQuerySet(models.QuerySet["Content"]):
    def erase_all(self, messages: Sequence[int]) -> None:
        """Those of the messages with these keys."""
        update_all(ERASE, messages, [])

    def erase(self) -> int:
        """Forget the bytes that were sent; the redacted rendering stays."""
        return self.filter(sealed__isnull=False).update(sealed=None)

    def overdue(self, finished_before: datetime) -> ContentQuerySet:
        return self.filter(sealed__isnull=False, message__finished_at__lt=finished_before)


class Content(models.Model):
    message = models.OneToOneField("mailcenter.Message", models.CASCADE, related_name="content")
    # The exact bytes to send; see mailcenter/sealing.py. None: erased.
    sealed = models.BinaryField(null=True)
    redacted: models.JSONField[Redacted, Redacted] = models.JSONField()
    # Its bytes open an account: they go as soon as the mail has reached a final state.
    secret = models.BooleanField()

    objects = ContentQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("content")
        verbose_name_plural = _("contents")

    def __str__(self) -> str:
        return f"content of message {self.message_id}"
