"""Check a Django mail and fix it once and for all: bytes, Message-ID, Date, envelope."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.base64mime import body_encode
from email.errors import MessageError
from email.generator import BytesGenerator
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser
from email.utils import formatdate, make_msgid
from io import BytesIO

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses, refusing
from mailcenter.exceptions import RefusedMessage
from mailcenter.transports import SendingAccount

SEVEN_BIT = policy.compat32.clone(cte_type="7bit", linesep="\r\n")
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


@sensitive_variables()
def freeze(message: EmailMessage, account: SendingAccount) -> Frozen | None:
    """None where the mail has no recipient.

    Raises RefusedMessage or Django's BadHeaderError; both are ValueErrors.
    """
    recipients = _recipients(message)
    if not recipients:
        return None
    refusing.what_cannot_travel(message)
    given = {name.lower(): str(value) for name, value in message.extra_headers.items()}
    from_email, requested_from = _sender(given.get("from") or str(message.from_email), account)
    domain = addresses.split(from_email)[1].rpartition("@")[2]

    clone = copy.copy(message)
    clone.from_email = from_email
    # Those that were given as objects are changed below, and are their owner's.
    clone.attachments = copy.deepcopy(message.attachments)
    clone.extra_headers = {
        # Without a Message-ID Django would ask the network for this machine's name.
        "Message-ID": given.get("message-id") or make_msgid(domain=domain),
        "Date": given.get("date") or formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
        **{k: v for k, v in message.extra_headers.items() if k.lower() not in OWN_HEADERS},
    }
    if requested_from and not message.reply_to and "reply-to" not in given:
        clone.reply_to = [requested_from] if addresses.is_real(requested_from) else []
    mime, raw = _rendered(clone, from_email)
    refusing.what_is_too_large(len(raw), account.preset)
    refusing.what_no_line_can_hold(raw)
    frozen = Frozen(
        raw=raw,
        recipients=recipients,
        subject=str(message.subject),
        from_email=from_email,
        requested_from=requested_from,
        message_id=str(mime["Message-ID"]),
        headers=[(name, addresses.decoded(str(value))) for name, value in mime.items()],
        attachments=list(_attachments(mime)),
    )
    refusing.what_no_row_can_hold(frozen.headers, from_email, requested_from, frozen.message_id)
    return frozen


def with_sender(raw: bytes, sender: str) -> bytes:
    """``raw`` from another sender; the old one becomes Reply-To where it is a real address and
    there is none yet."""
    headers, body = _split(raw)
    old = str(headers["From"])
    if "Reply-To" not in headers and addresses.is_real(old):
        headers["Reply-To"] = old
    _replace(headers, "From", addresses.header(sender))
    return _joined(headers, body)


def with_message_id(raw: bytes, message_id: str) -> bytes:
    """``raw`` as a mail of its own."""
    headers, body = _split(raw)
    _replace(headers, "Message-ID", message_id)
    return _joined(headers, body)


def _rendered(message: EmailMessage, from_email: str) -> tuple[MimeMessage, bytes]:
    """In CRLF lines and ASCII, for any server, with a From that QQ takes."""
    try:
        mime = message.message()
        for part in mime.walk():
            _make_seven_bit(part)
        _replace(mime, "From", addresses.header(from_email))
        return mime, _flat(mime)
    except (UnicodeError, LookupError):
        raise RefusedMessage(
            _("The text can't be written in %(encoding)s. Leave the encoding to Django (UTF-8).")
            % {"encoding": message.encoding or settings.DEFAULT_CHARSET}
        ) from None
    except MessageError:
        raise RefusedMessage(
            _("A header or the name of an attachment is malformed: look for line breaks in it.")
        ) from None


def _make_seven_bit(part: MimeMessage) -> None:
    payload = part.get_payload()
    if part.get_content_maintype() == "multipart" and not part.get_boundary():
        # Else one is made up and looked for in all of the text, which costs more than the mail.
        part.set_boundary(f"={secrets.token_hex(16)}=")
    elif isinstance(payload, str) and not _fits(payload):
        content = part.get_payload(decode=True)
        del part["Content-Transfer-Encoding"]
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(body_encode(content if isinstance(content, bytes) else b""))


def _fits(payload: str) -> bool:
    return payload.isascii() and not refusing.long_line(payload.encode())


def _flat(mime: MimeMessage) -> bytes:
    lines = BytesIO()
    BytesGenerator(lines, mangle_from_=False, policy=SEVEN_BIT).flatten(mime)
    raw = lines.getvalue()
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _replace(headers: MimeMessage, name: str, value: str) -> None:
    if name in headers:
        headers.replace_header(name, value)
    else:
        headers[name] = value


def _split(raw: bytes) -> tuple[MimeMessage, bytes]:
    head, _blank, body = raw.partition(b"\r\n\r\n")
    return BytesHeaderParser(policy=policy.compat32).parsebytes(head + b"\r\n\r\n"), body


def _joined(headers: MimeMessage, body: bytes) -> bytes:
    # The body is joined as bytes, so that not one of them changes.
    return _flat(headers).rstrip(b"\r\n") + b"\r\n\r\n" + body


def _recipients(message: EmailMessage) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role in ("to", "cc", "bcc"):
        for address in filter(None, getattr(message, role)):
            roles.setdefault(addresses.split(address)[1], role)
    return roles


def _sender(asked: str, account: SendingAccount) -> tuple[str, str]:
    """The From to use, and the one asked for where it is another.

    The account's address stands in where the provider allows no other, and for senders that
    nobody could answer, such as Django's webmaster@localhost.
    """
    if addresses.CONTROL.search(asked + addresses.decoded(asked)):
        raise RefusedMessage(
            _("There is a line break or NUL in the sender. Remove it and send again.")
        )
    name, addr_spec = addresses.split(asked) if addresses.is_real(asked) else ("", "")
    own = addresses.split(account.address)[1]
    if addr_spec.lower() == own.lower():
        return addresses.display(name, own), ""
    if addr_spec and not account.preset.sender_must_match:
        return addresses.display(name, addr_spec), ""
    return addresses.display(name or account.from_name, own), asked


def _attachments(mime: MimeMessage) -> Iterator[tuple[str, str, int]]:
    for part in mime.walk():
        name = part.get_filename()
        if name and not part.is_multipart():
            content = part.get_payload(decode=True)
            size = len(content) if isinstance(content, bytes) else 0
            yield addresses.decoded(name), part.get_content_type(), size
