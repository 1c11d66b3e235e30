"""A mail's bytes as somebody reads them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message, MIMEPart
from email.parser import BytesHeaderParser
from typing import Any

# Half of a surrogate pair, which some charsets give and no page can hold.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Those of surrogateescape stand for bytes, which the parser of headers decodes by itself.
NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class Header(UnstructuredHeader):
    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse(value, kwds)
        kwds["decoded"] = NO_BYTE.sub("\N{REPLACEMENT CHARACTER}", kwds["decoded"])


class Disposition(Header):
    @property
    def content_disposition(self) -> str:
        return str(self).partition(";")[0].strip().lower()


# Headers as text, encoded words (RFC 2047) decoded: the parsers of addresses and parameters
# stumble over some that are none, and what was accepted must be shown.
HEADERS = HeaderRegistry(default_class=Header, use_default_map=False)
HEADERS.map_to_type("content-disposition", Disposition)  # type: ignore[arg-type]
POLICY = policy.default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class Opened:
    """attachments: their names. images: Content-ID -> data URL."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str]
    images: dict[str, str]


def headers(raw: bytes) -> list[tuple[str, str]]:
    """Without a look at the body."""
    mail = BytesHeaderParser(policy=POLICY).parsebytes(raw)
    return _headers(mail)


def all_of(name: str, headers: list[tuple[str, str]]) -> list[str]:
    """The values of each header of that name."""
    return [value for given, value in headers if given.lower() == name.lower()]


def read(raw: bytes) -> Opened:
    mail = message_from_bytes(raw, _class=EmailMessage, policy=POLICY)
    parts = [part for part in mail.walk() if isinstance(part, EmailMessage)]
    return Opened(
        headers=_headers(mail),
        text=_body(mail, "plain"),
        html=_body(mail, "html"),
        attachments=[_name(part) for part in parts if part.is_attachment()],
        images={
            str(part["Content-ID"]).strip().strip("<>"): _data_url(part)
            for part in parts
            if part["Content-ID"] and part.get_content_maintype() == "image"
        },
    )


def _headers(mail: Message) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in mail.items()]


def _name(part: EmailMessage) -> str:
    try:
        name = part.get_filename()
    except (LookupError, ValueError):  # a charset as below (RFC 2231)
        name = None
    return _writable(name or part.get_content_type())


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    try:
        text = _bytes(part).decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or that decodes no mail
        text = _bytes(part).decode("utf-8", "replace")
    return _writable(text)


def _writable(text: str) -> str:
    return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _data_url(part: EmailMessage) -> str:
    return f"data:{part.get_content_type()};base64,{base64.b64encode(_bytes(part)).decode()}"


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
