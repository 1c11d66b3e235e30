"""Keep a mail for sending: rows in the caller's transaction, no network, no thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds, sealing
from mailcenter.engines import doorbell
from mailcenter.freezing import Frozen, freeze
from mailcenter.models import Account, Content, Message, Recipient
from mailcenter.models.content import Redacted
from mailcenter.rendering import Rendered
from mailcenter.transports import environment_account


@dataclass(frozen=True)
class Tag:
    """What a flow knows of its mail; it sets ``message.mailcenter = Tag(…)``.

    redacted: what the log may show. None: headers and size alone.
    cancelled: keep the row, never send the mail.
    """

    kind: str
    user: AbstractBaseUser | None = None
    language: str = ""
    expires_at: datetime | None = None
    redacted: Rendered | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Replacement:
    """columns: set on each new row. queued: the new rows, as they come."""

    message: Message
    columns: dict[str, Any]
    queued: list[Message] = field(default_factory=list)


_replacement: ContextVar[Replacement | None] = ContextVar("replacement", default=None)


@contextmanager
def replacing(message: Message, **columns: Any) -> Iterator[list[Message]]:
    """Each mail queued inside supersedes ``message``; yields the list of the new rows."""
    replacement = Replacement(message, columns)
    token = _replacement.set(replacement)
    try:
        yield replacement.queued
    finally:
        _replacement.reset(token)


class UserByAddress(Subquery):
    """Whom a mail to this address is about, looked up inside the INSERT itself."""

    # The columns that it names are its own table's, which an INSERT may well use.
    contains_column_references = False

    def __init__(self, address: str) -> None:
        users = get_user_model()
        field_name = users.get_email_field_name()
        super().__init__(
            users._default_manager.filter(**{f"{field_name}__iexact": address})
            .order_by("pk")
            .values("pk")[:1]
        )


@sensitive_variables()
def enqueue(messages: list[EmailMessage]) -> int:
    """Keep them all, or none; return how many have a recipient.

    Raises RefusedMessage or Django's BadHeaderError (both ValueErrors) before anything is
    stored, and ConfigurationError where the account's settings can't work.
    """
    account = environment_account()
    frozen = [(freeze(message, account), _tag(message)) for message in messages]
    # No savepoint: nothing in here is expected to fail, and two statements are saved.
    with transaction.atomic(savepoint=False):
        rows = [store(mail, tag) for mail, tag in frozen if mail]
        if rows:
            # robust: a doorbell that is out of order never turns a committed sign-up into an
            # error.
            transaction.on_commit(doorbell.ring, robust=True)
    return len(rows)


@sensitive_variables()
def store(mail: Frozen, tag: Tag) -> Message:
    """Three INSERTs."""
    kind = kinds.get(tag.kind)
    replacement = _replacement.get()
    now = timezone.now()
    message = Message.objects.queue(
        cancelled=tag.cancelled,
        kind=tag.kind,
        subject=tag.redacted.subject if tag.redacted else mail.subject,
        from_email=mail.from_email,
        requested_from=mail.requested_from,
        message_id=mail.message_id,
        language=tag.language or get_language() or settings.LANGUAGE_CODE,
        user_id=_user(tag, mail),
        account_id=Account.ENVIRONMENT,
        priority=kind.priority,
        created_at=now,
        next_attempt_at=now,
        expires_at=tag.expires_at,
        size_bytes=len(mail.raw),
        supersedes=replacement.message if replacement else None,
        **(replacement.columns if replacement else {}),
    )
    Recipient.objects.bulk_create(
        Recipient(message=message, role=role, address=address)
        for address, role in mail.recipients.items()
    )
    secret = bool(kind.secrets)
    Content.objects.create(
        message=message,
        sealed=None if secret and tag.cancelled else sealing.seal(mail.raw),
        redacted=_redacted(mail, tag),
        secret=secret,
    )
    if replacement:
        replacement.queued.append(message)
    return message


def _tag(message: EmailMessage) -> Tag:
    tag: Tag | None = getattr(message, "mailcenter", None)
    if tag:
        if kinds.get(tag.kind).secrets and not tag.redacted:
            raise ValueError(f"Mail of the kind {tag.kind!r} must say what the log may show.")
        return tag
    staff = {
        str(entry[1] if isinstance(entry, tuple) else entry)
        for entry in [*settings.ADMINS, *settings.MANAGERS]
    }
    return Tag("system" if set(message.to) and set(message.to) <= staff else "other")


def _user(tag: Tag, mail: Frozen) -> Any:
    if tag.user is not None:
        return tag.user.pk
    return UserByAddress(next(iter(mail.recipients))) if len(mail.recipients) == 1 else None


def _redacted(mail: Frozen, tag: Tag) -> Redacted:
    shown = tag.redacted
    return Redacted(
        headers=[
            (name, shown.subject if shown and name == "Subject" else value)
            for name, value in mail.headers
        ],
        text=shown.text if shown else "",
        html=shown.html if shown else "",
        attachments=[
            {"name": name, "type": mime_type, "bytes": size}
            for name, mime_type, size in mail.attachments
        ],
    )
