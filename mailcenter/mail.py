"""Send a mail of a registered kind: ``send("order_shipped", "a@example.com", {"number": 7})``.

docs/own-mail.md shows how to register one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from email.mime.image import MIMEImage
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django.utils.functional import Promise, lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds, outbox
from mailcenter.exceptions import RefusedMessage
from mailcenter.models import MailLanguage, Message
from mailcenter.outbox import Tag
from mailcenter.rendering import Composed, Logo, preview
from mailcenter.rendering import compose as render
from mailcenter.templating import Case, Parts

# PostgreSQL keeps no NUL, and half of a surrogate pair has no bytes in UTF-8.
NO_MAIL_CARRIES = re.compile("[\x00\ud800-\udfff]")
PLAIN = (int, float, bool, Decimal, datetime, date, time, timedelta, Promise, type(None))
# Name, content (bytes or text) and MIME type, as EmailMessage.attach() takes them.
Attachment = tuple[str, bytes | str, str]


@sensitive_variables()
def send(
    kind: str,
    to: str | Sequence[str],
    context: Mapping[str, Any] | None = None,
    *,
    user: AbstractBaseUser | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
    attachments: Sequence[Attachment] = (),
) -> Message:
    """Keep it for sending, in the caller's transaction; a worker sends it after the commit.

    kind: its slug. context: a value for each of its variables; plain ones, no model objects, and
    what is marked as safe HTML is escaped like any text.
    user: whom the mail is about. language: else the one that the user has chosen, else that of
    the request, else the site's. expires_at: instead of the kind's lifetime.

    Raises RefusedMessage or Django's BadHeaderError, both ValueErrors, TemplateDoesNotExist, and
    TemplateFailed where the built-in words can't be rendered with these values; nothing is stored
    then.
    """
    message = compose(
        kind,
        to,
        context or {},
        user=user,
        language=language,
        expires_at=expires_at,
        attachments=attachments,
    )
    return _keep(message)


@sensitive_variables()
def compose(
    kind: str,
    to: str | Sequence[str],
    context: Mapping[str, Any],
    *,
    user: AbstractBaseUser | None = None,
    language: str | None = None,
    expires_at: datetime | None = None,
    from_email: str | None = None,
    headers: Mapping[str, str] | None = None,
    attachments: Sequence[Attachment] = (),
) -> EmailMultiAlternatives:
    """The mail that ``send`` would keep. Raises RefusedMessage, TemplateDoesNotExist and
    TemplateFailed.
    """
    found = kinds.get(kind)
    if found.slug != kind or not found.variables:
        raise RefusedMessage(
            _("No kind of mail with templates is named %(kind)s. Register it first.")
            % {"kind": repr(kind)}
        )
    _check(context, found)
    if expires_at and timezone.is_naive(expires_at):
        raise RefusedMessage(
            _("expires_at needs a time zone. Take django.utils.timezone.now() and add to it.")
        )
    language = language or _chosen_by(user) or get_language() or settings.LANGUAGE_CODE
    now = timezone.now()
    values = {name: _plain(name, value) for name, value in context.items()}
    if found.lifetime:
        expires_at = expires_at or now + found.lifetime()
        # In the language of the words, which may be another one than was asked for.
        values["valid_for"] = lazy(kinds.in_words, str)(expires_at - now)
    composed = render(kind, language, values)
    message = email_of(composed, to, from_email, headers, attachments)
    message.mailcenter = Tag(  # type: ignore[attr-defined]
        kind=kind,
        user=user,
        language=composed.language,
        expires_at=expires_at,
        redacted=composed.redacted,
        template_version_id=composed.template_version_id,
        layout_version_id=composed.layout_version_id,
    )
    return message


def send_test(
    slug: str,
    language: str,
    parts: Parts,
    case: Case,
    to: str,
    *,
    user: AbstractBaseUser,
    logo: Logo | None = None,
) -> Message:
    """Words that nobody has saved yet, with samples for values; its log shows everything.

    Raises TemplateFailed and RefusedMessage.
    """
    composed = preview.unsaved(slug, language, parts, case, logo=logo)
    message = email_of(composed, to)
    message.mailcenter = Tag(  # type: ignore[attr-defined]
        kind="template_test", user=user, language=language, redacted=composed.real
    )
    return _keep(message)


@sensitive_variables()
def _keep(message: EmailMultiAlternatives) -> Message:
    kept = outbox.enqueue([message])
    if not kept:
        raise RefusedMessage(_("The mail has no recipient. Give at least one address."))
    return kept[0]


@sensitive_variables()
def email_of(
    composed: Composed,
    to: str | Sequence[str],
    from_email: str | None = None,
    headers: Mapping[str, str] | None = None,
    attachments: Sequence[Attachment] = (),
) -> EmailMultiAlternatives:
    """The whole mail, not tagged yet."""
    message = EmailMultiAlternatives(
        composed.real.subject,
        composed.real.text,
        from_email,
        [to] if isinstance(to, str) else list(to),
        # RFC 3834 section 5: no vacation notice comes back.
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
    )
    message.attach_alternative(composed.real.html, "text/html")
    if composed.logo and "cid:logo" in composed.real.html:
        picture = MIMEImage(composed.logo.content, composed.logo.mime_type.partition("/")[2])
        picture.add_header("Content-ID", "<logo>")
        picture.add_header("Content-Disposition", "inline")
        message.attach(picture)
        if not attachments:
            # RFC 2387: belongs to the HTML, and is no attachment.
            message.mixed_subtype = "related"  # type: ignore[attr-defined]
    for attachment in attachments:
        message.attach(*_checked(attachment))
    return message


def _checked(attachment: Attachment) -> Attachment:
    """Raises RefusedMessage where Django would guess, or fail without a word to the caller."""
    match attachment:
        case (str(), bytes() | str(), str()):
            return attachment
    raise RefusedMessage(
        _("An attachment is a name, its content as bytes or text, and its MIME type.")
    )


def _chosen_by(user: AbstractBaseUser | None) -> str:
    if user is None or user.pk is None:
        return ""
    chosen = MailLanguage.objects.filter(user_id=user.pk).values_list("language", flat=True)
    return chosen.first() or ""


def _check(context: Mapping[str, Any], kind: kinds.Kind) -> None:
    """Raises RefusedMessage where a template could not rely on the contract."""
    if unknown := context.keys() - kind.contract.names:
        raise RefusedMessage(
            _("Mail of the kind %(kind)s has no variable %(names)s.")
            % {"kind": kind.slug, "names": ", ".join(sorted(unknown))}
        )
    needed = [sorted(case.variables & kind.contract.required) for case in kind.contract.cases]
    if not any(all(_given(context.get(name)) for name in names) for names in needed):
        raise RefusedMessage(
            _("Mail of the kind %(kind)s needs a value for %(names)s.")
            % {"kind": kind.slug, "names": " / ".join(", ".join(names) for names in needed)}
        )


def _given(value: Any) -> bool:
    """0 and False are values too."""
    return value is not None and value not in ("", [], (), {})


def _plain(name: str, value: Any) -> Any:
    """What a template gets of it: no markup, which nobody checked. Raises RefusedMessage."""
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_plain(name, key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, str):
        if found := NO_MAIL_CARRIES.search(value):
            raise RefusedMessage(
                _(
                    "The variable %(name)s holds U+%(code)s, which no mail can carry. Remove it "
                    "and send again."
                )
                % {"name": name, "code": f"{ord(found[0]):04X}"}
            )
        # SafeString or another heir: as the str it is.
        return "".join([value])
    if not isinstance(value, PLAIN):
        raise RefusedMessage(
            _(
                "The variable %(name)s must be text, a number, a date, or a list or dict of "
                "these: a template is no place for other objects."
            )
            % {"name": name}
        )
    return value
