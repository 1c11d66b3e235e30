"""What can't be queued, in one clear sentence each, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from mailcenter.addresses import CONTROL
from mailcenter.exceptions import RefusedMessage
from mailcenter.transports.presets import Preset

HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A header that isn't folded is one line (RFC 5322 section 2.1.1).
SUBJECT_LIMIT = HEADER_LIMIT = 998
HEADER_START = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
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


def what_cannot_travel(message: EmailMessage) -> None:
    """Raises RefusedMessage."""
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
    for place, text in _headers(message):
        # Line breaks in headers' values are Django's to refuse.
        _refuse(place, text, nul="\0" in text)
    for place, text in _names(message):
        _refuse(place, text, nul="\0" in text, control=bool(CONTROL.search(text)))
    for place, text in _texts(message):
        _refuse(place, text, nul="\0" in text)
    if foreign := ANYMAIL_ATTRIBUTES & vars(message).keys():
        raise RefusedMessage(
            _("A queued mail can't carry Anymail's attributes; remove: %(names)s.")
            % {"names": ", ".join(sorted(foreign))}
        )


def what_is_too_large(size: int, preset: Preset) -> None:
    """size: bytes, attachments encoded. Raises RefusedMessage."""
    if preset.max_bytes and size > preset.max_bytes:
        raise RefusedMessage(
            _(
                "The mail takes %(size).1f MB once its attachments are encoded, and %(provider)s "
                "accepts %(limit).1f MB. Make them smaller, or send a link."
            )
            % {"size": size / 1e6, "limit": preset.max_bytes / 1e6, "provider": preset.label}
        )


def what_no_line_can_hold(raw: bytes) -> None:
    """raw: its texts have short lines. Raises RefusedMessage for a header that was not folded."""
    if long := long_line(raw):
        before, _long, _after = raw.partition(long)
        name = HEADER_START.findall(before + long)[-1].decode("ascii")
        raise RefusedMessage(
            _("The header %(name)s is too long for one line (998 characters); shorten it.")
            % {"name": name}
        )


def long_line(text: bytes) -> bytes:
    """The first line that no server must take (RFC 5322 section 2.1.1), or b""."""
    return next((line for line in text.splitlines() if len(line) > HEADER_LIMIT), b"")


def what_no_row_can_hold(headers: Iterable[tuple[str, str]], *columns: str) -> None:
    """headers: decoded, so that encoded words hide nothing. Raises RefusedMessage."""
    for name, value in headers:
        _refuse(name, value, nul="\0" in value)
    if any(len(column) > HEADER_LIMIT for column in columns):
        raise RefusedMessage(
            _("The sender or the Message-ID is longer than %(limit)d characters; shorten it.")
            % {"limit": HEADER_LIMIT}
        )


def _refuse(place: str, text: str, *, nul: bool = False, control: bool = False) -> None:
    if LONE_SURROGATE.search(text):
        sentence = _("There is half a character (a lone surrogate) in: %(place)s.")
    elif nul:
        sentence = _("There is a NUL character in: %(place)s. Remove it and send again.")
    elif control:
        sentence = _("There is a line break or a tab in: %(place)s. Remove it and send again.")
    else:
        return
    raise RefusedMessage(sentence % {"place": place})


def _headers(message: EmailMessage) -> Iterator[tuple[str, str]]:
    yield _("the subject"), str(message.subject)
    yield _("the sender"), str(message.from_email)
    for address in [*message.to, *message.cc, *message.bcc, *message.reply_to]:
        yield _("an address"), str(address)
    for name, value in message.extra_headers.items():
        yield name, str(value)


def _names(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """What stands inside a MIME header, where no line break may be."""
    yield "encoding", str(message.encoding or "")
    yield "content_subtype", str(message.content_subtype)
    yield "mixed_subtype", str(getattr(message, "mixed_subtype", ""))
    for _content, mime_type in _alternatives(message):
        yield _("the type of an alternative"), mime_type
    for attachment in message.attachments:
        if isinstance(attachment, tuple):
            name, _content, mime_type = attachment
        else:
            name, mime_type = attachment.get_filename(), attachment.get_content_type()
        yield _("the name of an attachment"), str(name or "")
        yield _("the type of an attachment"), str(mime_type or "")


def _texts(message: EmailMessage) -> Iterator[tuple[str, str]]:
    yield _("the text"), str(message.body)
    for content, mime_type in _alternatives(message):
        yield mime_type, content
    for attachment in message.attachments:
        if isinstance(attachment, tuple) and isinstance(attachment[1], str):
            yield _("an attachment"), attachment[1]


def _alternatives(message: EmailMessage) -> Iterator[tuple[str, str]]:
    for alternative in getattr(message, "alternatives", []):
        content = alternative[0]
        yield content if isinstance(content, str) else "", str(alternative[1])
