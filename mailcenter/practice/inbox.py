"""The mails that the practice server accepted: a Maildir, read for the inbox page."""

from __future__ import annotations

import base64
import mailbox
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import ContentDispositionHeader, HeaderRegistry
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

import nh3

from mailcenter import practice
from mailcenter.practice import certificate

NEWEST = 200

# mailbox.Maildir names a mail "<seconds>.M<microseconds>P<process>Q<counter>.<host>".
AGE = re.compile(r"(\d+)\.M(\d+)P\d+Q(\d+)")

# Headers as text, encoded words (RFC 2047) decoded: the parser of addresses stumbles over some
# that are no addresses, and this page shows whatever was accepted.
HEADERS = HeaderRegistry(use_default_map=False)
HEADERS.map_to_type("content-disposition", ContentDispositionHeader)  # type: ignore[arg-type]
POLICY = policy.default.clone(header_factory=HEADERS)

STYLED = {"style", "align", "valign", "width", "height", "bgcolor", "border", "dir", "lang"}
TABLES = {"cellpadding", "cellspacing", "colspan", "rowspan", "role"}


def token() -> str:
    """What opens the inbox to somebody who isn't staff: made once, readable by the owner only."""
    path = practice.folder() / "token"
    if not path.exists():
        certificate.write(path, secrets.token_urlsafe(24).encode(), mode=0o600)
    return path.read_text()


def deliver(folder: Path, raw: bytes) -> None:
    _maildir(folder).add(raw)


def newest(folder: Path) -> list[Mail]:
    """At most NEWEST mails, the newest first."""
    maildir = _maildir(folder)
    keys = sorted(maildir.keys(), key=_age, reverse=True)[:NEWEST]
    return [Mail(key, maildir.get_bytes(key)) for key in keys]


def find(folder: Path, key: str) -> Mail | None:
    """``key`` is looked up among the names in the Maildir and is never made into a path."""
    maildir = _maildir(folder)
    return Mail(key, maildir.get_bytes(key)) if key in maildir.keys() else None  # noqa: SIM118


@dataclass(frozen=True)
class Mail:
    """raw: the bytes as accepted, with the headers that the server put in front."""

    key: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=POLICY)

    @property
    def received(self) -> datetime:
        return datetime.fromtimestamp(_age(self.key)[0], UTC)

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def sender(self) -> str:
        return str(self.message.get("From", ""))

    @property
    def recipients(self) -> list[str]:
        """Whom it was delivered to, blind copies too."""
        return [str(value) for value in self.message.get_all("Delivered-To", [])]

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def attachments(self) -> list[str]:
        return [part.get_filename() or part.get_content_type() for part in self._attached()]

    def safe_html(self) -> str:
        """The HTML part without scripts, forms, links and remote images; cid images inlined."""
        images = {
            str(part["Content-ID"]).strip().strip("<>"): _data_url(part)
            for part in self.message.walk()
            if part["Content-ID"] and part.get_content_maintype() == "image"
        }

        def only_own_images(tag: str, attribute: str, value: str) -> str | None:
            if attribute != "src":
                return value
            if value.startswith("cid:"):
                return images.get(value.removeprefix("cid:"))
            return value if value.startswith("data:image/") else None

        return nh3.clean(
            self.html,
            clean_content_tags={"script", "style", "title"},
            attributes={"*": STYLED | TABLES, "img": {"src", "alt"}},
            url_schemes={"cid", "data"},
            attribute_filter=only_own_images,
        )

    def _body(self, subtype: str) -> str:
        part = self.message.get_body(preferencelist=(subtype,))
        if part is None:
            return ""
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        try:
            return content.decode(part.get_content_charset("utf-8"), "replace")
        except LookupError:  # a charset that nobody knows
            return content.decode("utf-8", "replace")

    def _attached(self) -> Iterable[EmailMessage]:
        return (
            part
            for part in self.message.walk()
            if isinstance(part, EmailMessage) and part.is_attachment()
        )


def _maildir(folder: Path) -> mailbox.Maildir:
    # Made by hand: with create=True two processes that start together trip over each other.
    path = folder / "mail"
    for part in (path, path / "tmp", path / "new", path / "cur"):
        part.mkdir(mode=0o700, exist_ok=True)
    return mailbox.Maildir(path, create=False)


def _age(key: str) -> tuple[int, ...]:
    found = AGE.match(key)
    return tuple(map(int, found.groups())) if found else (0, 0, 0)


def _data_url(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    content = base64.b64encode(payload if isinstance(payload, bytes) else b"").decode()
    return f"data:{part.get_content_type()};base64,{content}"
