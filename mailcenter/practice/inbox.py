"""The mails that the practice server accepted: a Maildir, read for the inbox page."""

from __future__ import annotations

import mailbox
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from mailcenter import practice
from mailcenter.practice import certificate
from mailcenter.reading import Opened, all_of, headers, read

NEWEST = 200

# mailbox.Maildir names a mail "<seconds>.M<microseconds>P<process>Q<counter>.<host>".
AGE = re.compile(r"(\d+)\.M(\d+)P\d+Q(\d+)")


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
    def opened(self) -> Opened:
        return read(self.raw)

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        return headers(self.raw)

    @property
    def received(self) -> datetime:
        return datetime.fromtimestamp(_age(self.key)[0], UTC)

    @property
    def subject(self) -> str:
        return "".join(all_of("Subject", self.headers)[:1])

    @property
    def sender(self) -> str:
        return "".join(all_of("From", self.headers)[:1])

    @property
    def recipients(self) -> list[str]:
        """Whom it was delivered to, blind copies too."""
        return all_of("Delivered-To", self.headers)


def _maildir(folder: Path) -> mailbox.Maildir:
    # Made by hand: with create=True two processes that start together trip over each other.
    path = folder / "mail"
    for part in (path, path / "tmp", path / "new", path / "cur"):
        part.mkdir(mode=0o700, exist_ok=True)
    return mailbox.Maildir(path, create=False)


def _age(key: str) -> tuple[int, ...]:
    found = AGE.match(key)
    return tuple(map(int, found.groups())) if found else (0, 0, 0)
