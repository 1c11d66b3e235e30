"""Keep a mail for sending: rows in the caller's transaction, no network, no thread."""

from __future__ import annotations

import functools
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
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds, sealing
from mailcenter.engines import doorbell
from mailcenter.freezing import Frozen, freeze
from mailcenter.models import Account, Content, Message, Recipient
from mailcenter.models.content import Redacted
from mailcenter.models.tree import Expression
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
    template_version_id: int | None = None
    layout_version_id: int | None = None


@dataclass(frozen=True)
class Replacement:
    """message: what the new rows replace, if anything. columns: set on each of them. queued: the
    new rows, as they come."""

    message: Message | None
    columns: dict[str, Any]
    queued: list[Message] = field(default_factory=list)


_replacement: ContextVar[Replacement | None] = ContextVar("replacement", default=None)


@contextmanager
def replacing(message: Message | None, **columns: Any) -> Iterator[list[Message]]:
    """Yields the list of the rows queued inside; each supersedes ``message``, if there is one."""
    replacement = Replacement(message, columns)
    token = _replacement.set(replacement)
    try:
        yield replacement.queued
    finally:
        _replacement.reset(token)


# Stands for the real one in the statement that is kept.
AN_ADDRESS = "@address@"


def user_by_address(address: str) -> Expression:
    """Whom a mail to this address is about, looked up inside the INSERT itself."""
    sql, parameters = _lookup()
    given = connection.ops.prep_for_iexact_query(address)
    return Expression(sql, tuple(given if value == AN_ADDRESS else value for value in parameters))


@functools.cache
def _lookup() -> tuple[str, tuple[Any, ...]]:
    """Worked out once, for AN_ADDRESS: it costs as much as the INSERT."""
    users = get_user_model()
    matching = {f"{users.get_email_field_name()}__iexact": AN_ADDRESS}
    found = users._default_manager.filter(**matching).order_by("pk").values("pk")[:1]
    sql, parameters = found.query.sql_with_params()
    return f"({sql})", parameters


@sensitive_variables()
def enqueue(messages: list[EmailMessage]) -> list[Message]:
    """Keep them all, or none; return the rows of those that have a recipient.

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
    return rows


@sensitive_variables()
def store(mail: Frozen, tag: Tag) -> Message:
    """In the caller's transaction; raises django.db.Error."""
    kind = kinds.get(tag.kind)
    replacement = _replacement.get()
    now = timezone.now()
    secret = bool(kind.secrets)
    message = Message.objects.queue(
        Content(
            sealed=None if secret and tag.cancelled else sealing.seal(mail.raw),
            redacted=_redacted(mail, tag),
            secret=secret,
        ),
        [Recipient(address=address, role=role) for address, role in mail.recipients.items()],
        cancelled=tag.cancelled,
        kind=tag.kind,
        subject=tag.redacted.subject if tag.redacted else mail.subject,
        from_email=mail.from_email,
        requested_from=mail.requested_from,
        message_id=mail.message_id,
        language=tag.language or get_language() or settings.LANGUAGE_CODE,
        user_id=_user(tag, mail),
        template_version_id=tag.template_version_id,
        layout_version_id=tag.layout_version_id,
        account_id=Account.ENVIRONMENT,
        priority=kind.priority,
        created_at=now,
        next_attempt_at=now,
        expires_at=tag.expires_at,
        size_bytes=len(mail.raw),
        supersedes=replacement.message if replacement else None,
        **(replacement.columns if replacement else {}),
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
    return user_by_address(next(iter(mail.recipients))) if len(mail.recipients) == 1 else None


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
