"""Check a Django mail and fix it once and for all: bytes, Message-ID, Date, envelope."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser
from email.utils import formatdate, make_msgid

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from mailcenter import addresses
from mailcenter.exceptions import RefusedMessage
from mailcenter.transports import SmtpAccount

HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
# A header that isn't folded is one line (RFC 5322 section 2.1.1).
SUBJECT_LIMIT = 998
SEVEN_BIT = policy.compat32.clone(cte_type="7bit", linesep="\r\n")
# Anymail reads these from the message object; a queued mail is rebuilt from its bytes.
ANYMAIL_ATTRIBUTES = frozenset(
    {
        "envelope_sender",
        "esp_extra",
        "merge_data",
        "merge_global_data",
        "merge_headers",
        "merge_metadata",
        "metadata",
        "send_at",
        "tags",
        "template_id",
        "track_clicks",
        "track_opens",
    }
)
# Ours to set, or (Bcc) for the envelope alone.
OWN_HEADERS = frozenset({"from", "bcc", "resent-bcc", "message-id", "date"})


@dataclass(frozen=True)
class Frozen:
    """A mail as it will be sent.

    raw: CRLF lines, 7-bit clean. recipients: envelope address -> "to", "cc" or "bcc".
    requested_from: what the program asked for where the account's address took its place.
    headers: decoded, for the log. attachments: name, MIME type and size in bytes.
    """

    raw: bytes
    recipients: dict[str, str]
    subject: str
    from_email: str
    requested_from: str
    message_id: str
    headers: list[tuple[str, str]]
    attachments: list[tuple[str, str, int]]


def freeze(message: EmailMessage, account: SmtpAccount) -> Frozen | None:
    """None where the mail has no recipient.

    Raises RefusedMessage or Django's BadHeaderError; both are ValueErrors.
    """
    recipients = _recipients(message)
    if not recipients:
        return None
    _refuse_what_cannot_travel(message)
    given = {name.lower(): str(value) for name, value in message.extra_headers.items()}
    from_email, requested_from = _sender(given.get("from") or str(message.from_email), account)
    domain = addresses.split(from_email)[1].rpartition("@")[2]
    # Without a Message-ID Django would ask the network for this machine's name.
    message_id = given.get("message-id") or make_msgid(domain=domain)

    clone = copy.copy(message)
    clone.from_email = from_email
    clone.extra_headers = {
        "Message-ID": message_id,
        "Date": given.get("date") or formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
        **{k: v for k, v in message.extra_headers.items() if k.lower() not in OWN_HEADERS},
    }
    if requested_from and not message.reply_to and "reply-to" not in given:
        clone.reply_to = [requested_from] if addresses.is_real(requested_from) else []
    try:
        raw = _with_from(seven_bit(clone.message().as_bytes()), from_email)
    except UnicodeError:
        raise RefusedMessage(
            _("The mail contains half a character (a lone surrogate). Remove it and send again.")
        ) from None
    _refuse_oversize(len(raw), account)
    mime = message_from_bytes(raw)
    return Frozen(
        raw=raw,
        recipients=recipients,
        subject=str(message.subject),
        from_email=from_email,
        requested_from=requested_from,
        message_id=message_id,
        headers=[(name, addresses.decoded(value)) for name, value in mime.items()],
        attachments=list(_attachments(mime)),
    )


def seven_bit(raw: bytes) -> bytes:
    """The same mail in CRLF lines and ASCII (8-bit text becomes base64), for any server."""
    flat = message_from_bytes(raw, policy=policy.compat32).as_bytes(policy=SEVEN_BIT)
    return flat if flat.endswith(b"\r\n") else flat + b"\r\n"


def with_sender(raw: bytes, sender: str) -> bytes:
    """``raw`` from another sender; the old one becomes Reply-To where it is a real address and
    there is none yet."""
    headers, body = _split(raw)
    old = str(headers["From"])
    if "Reply-To" not in headers and addresses.is_real(old):
        headers["Reply-To"] = old
    return _with_from(_joined(headers, body), sender)


def with_message_id(raw: bytes, message_id: str) -> bytes:
    """``raw`` as a mail of its own."""
    headers, body = _split(raw)
    headers.replace_header("Message-ID", message_id)
    return _joined(headers, body)


def _with_from(raw: bytes, sender: str) -> bytes:
    headers, body = _split(raw)
    headers.replace_header("From", addresses.header(sender))
    return _joined(headers, body)


def _split(raw: bytes) -> tuple[MimeMessage, bytes]:
    head, _blank, body = raw.partition(b"\r\n\r\n")
    return BytesHeaderParser(policy=policy.compat32).parsebytes(head + b"\r\n\r\n"), body


def _joined(headers: MimeMessage, body: bytes) -> bytes:
    # The body is joined as bytes, so that not one of them changes.
    return headers.as_bytes(policy=SEVEN_BIT).rstrip(b"\r\n") + b"\r\n\r\n" + body


def _recipients(message: EmailMessage) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role in ("to", "cc", "bcc"):
        for address in filter(None, getattr(message, role)):
            roles.setdefault(addresses.split(address)[1], role)
    return roles


def _refuse_what_cannot_travel(message: EmailMessage) -> None:
    for name in message.extra_headers:
        if not HEADER_NAME.fullmatch(name):
            raise RefusedMessage(
                _("%(name)s is no name for a header: use letters, digits and hyphens.")
                % {"name": ascii(name)[:200]}
            )
    subject = str(message.subject)
    if len(subject) > SUBJECT_LIMIT:
        raise RefusedMessage(
            _("The subject has %(length)d characters; shorten it to %(limit)d at most.")
            % {"length": len(subject), "limit": SUBJECT_LIMIT}
        )
    for place, text in _texts(message):
        if "\0" in text:
            raise RefusedMessage(
                _("There is a NUL character in: %(place)s. Remove it and send again.")
                % {"place": place}
            )
    if foreign := ANYMAIL_ATTRIBUTES & vars(message).keys():
        raise RefusedMessage(
            _("A queued mail can't carry Anymail's attributes; remove: %(names)s.")
            % {"names": ", ".join(sorted(foreign))}
        )


def _texts(message: EmailMessage) -> Iterable[tuple[str, str]]:
    yield _("the subject"), str(message.subject)
    yield _("the sender"), str(message.from_email)
    yield _("the text"), str(message.body)
    for address in [*message.to, *message.cc, *message.bcc, *message.reply_to]:
        yield _("an address"), str(address)
    for name, value in message.extra_headers.items():
        yield name, str(value)
    for alternative in getattr(message, "alternatives", []):
        if isinstance(alternative[0], str):
            yield str(alternative[1]), alternative[0]
    for attachment in message.attachments:
        if isinstance(attachment, tuple):
            name, content, _type = attachment
            yield _("the name of an attachment"), str(name or "")
            if isinstance(content, str):
                yield str(name), content


def _refuse_oversize(size: int, account: SmtpAccount) -> None:
    limit = account.preset.max_bytes
    if limit and size > limit:
        raise RefusedMessage(
            _(
                "The mail takes %(size).1f MB once its attachments are encoded, and %(provider)s "
                "accepts %(limit).1f MB. Make them smaller, or send a link."
            )
            % {"size": size / 1e6, "limit": limit / 1e6, "provider": account.preset.label}
        )


def _sender(asked: str, account: SmtpAccount) -> tuple[str, str]:
    """The From to use, and the one asked for where it is another.

    The account's address stands in where the provider allows no other, and for senders that
    nobody could answer, such as Django's webmaster@localhost.
    """
    if {"\r", "\n"} & set(asked):
        raise RefusedMessage(_("There is a line break in the sender. Remove it and send again."))
    name, addr_spec = addresses.split(asked) if addresses.is_real(asked) else ("", "")
    own = addresses.split(account.address)[1]
    if addr_spec.lower() == own.lower() or (addr_spec and not account.preset.sender_must_match):
        return addresses.display(name, addr_spec), ""
    return addresses.display(name or account.from_name, own), asked


def _attachments(mime: MimeMessage) -> Iterable[tuple[str, str, int]]:
    for part in mime.walk():
        if part.is_multipart():
            continue
        if name := part.get_filename():
            size = len(part.get_payload(decode=True) or b"")
            yield addresses.decoded(name), part.get_content_type(), size
