"""From a mail's bytes back to a Django mail: Anymail reads attributes, not bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email import encoders, message_from_bytes, policy
from email.message import Message
from email.mime.base import MIMEBase
from email.utils import getaddresses

from anymail.message import AnymailMessage

from mailcenter import addresses
from mailcenter.exceptions import RefusedMessage

# Said by the mail's own attributes, or the service's to write.
NOT_EXTRA = frozenset(
    {"from", "to", "cc", "bcc", "reply-to", "subject", "date", "mime-version", "return-path"}
)


def rebuild(raw: bytes, recipients: Iterable[str]) -> AnymailMessage:
    """``raw`` for these envelope addresses and nobody else.

    raw: 7-bit, as `freezing` leaves it.
    """
    mail = message_from_bytes(raw, policy=policy.compat32)
    message = AnymailMessage(
        subject=addresses.decoded(_unfolded(mail, "Subject")),
        from_email=addresses.display(*addresses.split(_unfolded(mail, "From"))),
        reply_to=[addresses.display(name, addr) for name, addr in _people(mail, "Reply-To")],
        headers={
            name: addresses.decoded(_unfold(value))
            for name, value in mail.items()
            if name.lower() not in NOT_EXTRA and not name.lower().startswith("content-")
        },
    )
    _address(message, mail, recipients)
    _fill(message, mail)
    return message


def _address(message: AnymailMessage, mail: Message, recipients: Iterable[str]) -> None:
    left = dict.fromkeys(recipients)
    roles: dict[str, list[str]] = {"to": [], "cc": []}
    for role, shown in roles.items():
        for name, address in _people(mail, role):
            if address in left:
                del left[address]
                shown.append(addresses.display(name, address))
    to, cc, bcc = roles["to"], roles["cc"], list(left)
    # Most services demand a To, which a retry may have lost. Those in Cc know of one another;
    # of those in Bcc only a single one can be named to all readers, which is that one alone.
    if not to:
        to, cc = cc, []
    if not to and len(bcc) == 1:
        to, bcc = bcc, []
    message.to, message.cc, message.bcc = to, cc, bcc


def _people(mail: Message, header: str) -> Iterator[tuple[str, str]]:
    """Names and envelope addresses. Split first, decoded later: a decoded name may hold commas."""
    for name, address in getaddresses([_unfold(value) for value in mail.get_all(header, [])]):
        try:
            yield addresses.decoded(name), addresses.split(address)[1]
        except RefusedMessage:
            # Such as "undisclosed-recipients:;".
            continue


def _fill(message: AnymailMessage, mail: Message) -> None:
    plain: str | None = None
    html: str | None = None
    for parent, part in _leaves(mail):
        kind = part.get_content_type()
        name = part.get_filename()
        body = part.get_content_disposition() != "attachment" and not name
        if body and kind == "text/plain" and plain is None:
            plain = _text(part)
        elif body and kind == "text/html" and html is None:
            html = _text(part)
        elif body and parent == "multipart/alternative" and kind.startswith("text/"):
            message.attach_alternative(_text(part), kind)
        elif part["Content-ID"] and part.get_content_disposition() != "attachment":
            message.attach(_inline(part))
        else:
            message.attach(addresses.decoded(name) if name else None, *_content(part))
    if plain is None and html is not None:
        message.body, message.content_subtype = html, "html"
        return
    message.body = plain or ""
    if html is not None:
        # The first alternative in HTML is the one that Anymail takes for the body.
        message.alternatives.insert(0, (html, "text/html"))


def _leaves(part: Message, parent: str = "") -> Iterator[tuple[str, Message]]:
    """Each part that holds content, with the type of what holds it; a mail in a mail is one."""
    if part.get_content_maintype() != "multipart":
        yield parent, part
        return
    for child in part.get_payload():
        if isinstance(child, Message):
            yield from _leaves(child, part.get_content_type())


def _content(part: Message) -> tuple[str | bytes, str]:
    """An attachment's content and MIME type."""
    kind = part.get_content_type()
    if part.get_content_maintype() == "message":
        # Parsed, so it has no payload of its own any more.
        return part.as_bytes().partition(b"\n\n")[2], kind
    if part.get_content_maintype() != "text":
        return _bytes(part), kind
    try:
        return _bytes(part).decode(part.get_content_charset("utf-8")), kind
    except (LookupError, ValueError):
        # Not the text that it claims to be: its bytes count.
        return _bytes(part), "application/octet-stream"


def _inline(part: Message) -> MIMEBase:
    """What HTML refers to by "cid:"; Anymail knows it by its headers."""
    copy = MIMEBase(part.get_content_maintype(), part.get_content_subtype())
    copy.set_payload(_bytes(part))
    encoders.encode_base64(copy)
    copy["Content-ID"] = _unfolded(part, "Content-ID")
    name = part.get_filename()
    named = {"filename": addresses.decoded(name)} if name else {}
    copy.add_header("Content-Disposition", "inline", **named)
    return copy


def _text(part: Message) -> str:
    try:
        text = _bytes(part).decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        text = _bytes(part).decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _unfolded(mail: Message, header: str) -> str:
    return _unfold(mail.get(header, ""))


def _unfold(value: object) -> str:
    """One line (RFC 5322 section 2.2.3)."""
    return "".join(str(value).splitlines())
