"""A mail's bytes as somebody reads them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.headerregistry import ContentDispositionHeader, HeaderRegistry
from email.message import EmailMessage, MIMEPart

# Headers as text, encoded words (RFC 2047) decoded: the parser of addresses stumbles over some
# that are no addresses, and what was accepted must be shown.
HEADERS = HeaderRegistry(use_default_map=False)
HEADERS.map_to_type("content-disposition", ContentDispositionHeader)  # type: ignore[arg-type]
POLICY = policy.default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class Opened:
    """attachments: their names. images: Content-ID -> data URL."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str]
    images: dict[str, str]

    def all(self, name: str) -> list[str]:
        """The values of each header of that name."""
        return [value for given, value in self.headers if given.lower() == name.lower()]


def read(raw: bytes) -> Opened:
    mail = message_from_bytes(raw, _class=EmailMessage, policy=POLICY)
    parts = [part for part in mail.walk() if isinstance(part, EmailMessage)]
    return Opened(
        headers=[(name, str(value)) for name, value in mail.items()],
        text=_body(mail, "plain"),
        html=_body(mail, "html"),
        attachments=[
            part.get_filename() or part.get_content_type() for part in parts if part.is_attachment()
        ],
        images={
            str(part["Content-ID"]).strip().strip("<>"): _data_url(part)
            for part in parts
            if part["Content-ID"] and part.get_content_maintype() == "image"
        },
    )


def _body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    try:
        return _bytes(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return _bytes(part).decode("utf-8", "replace")


def _data_url(part: EmailMessage) -> str:
    return f"data:{part.get_content_type()};base64,{base64.b64encode(_bytes(part)).decode()}"


def _bytes(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
