"""What the practice server takes and refuses: aiosmtpd's handler, shared by all connections."""

from __future__ import annotations

import re
import secrets
from email.parser import BytesHeaderParser
from email.policy import compat32
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import MISSING, AuthResult, Envelope, LoginPassword, Session

from mailcenter.practice import inbox, scenarios
from mailcenter.practice.conversation import (
    HOST_NAME,
    MAX_BYTES,
    Conversation,
    PracticeEnvelope,
)
from mailcenter.practice.scenarios import Scenario
from mailcenter.replies import Stage
from mailcenter.transports.account import SendingAccount

EXTENSIONS = (
    "PIPELINING",
    f"SIZE {MAX_BYTES}",
    "AUTH LOGIN PLAIN XOAUTH XOAUTH2",
    "AUTH=LOGIN",
    "MAILCOMPRESS",
    "SMTPUTF8",
    "8BITMIME",
)

# RFC 5322 mailbox: an address, or words and a space before an address in angle brackets. An
# encoded word (RFC 2047) may stand for the name, never for the address.
ADDRESS = r"(?!=\?)[^\s<>()@\",]+@[^\s<>()@\",]+"
MAILBOX = re.compile(rf"{ADDRESS}|(?:[^<>]* )?<{ADDRESS}>")


class Decisions:
    """Forgets at its end what it has played."""

    def __init__(self, account: SendingAccount, folder: Path, longest_pause: float) -> None:
        self.account = account
        self.folder = folder
        self.longest_pause = longest_pause
        self.quits = count(1)
        # Addresses whose scenario has been played: "once", or a log-in that was refused.
        self.played: set[str] = set()
        self.at_auth: Scenario | None = None
        # By the options of MAIL: the same mail announces the same SIZE, another hardly does.
        self.at_mail: dict[tuple[str, ...], Scenario] = {}

    async def handle_HELO(  # noqa: N802
        self, server: Conversation, session: Session, envelope: Envelope, hostname: str
    ) -> str:
        session.host_name = hostname
        return f"250-{HOST_NAME}-127.0.0.1-1\r\n250-SIZE {MAX_BYTES}\r\n250 OK"

    async def handle_EHLO(  # noqa: N802
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        *lines, last = (HOST_NAME, *EXTENSIONS)
        return [*(f"250-{line}" for line in lines), f"250 {last}"]

    async def handle_AUTH(  # noqa: N802
        self, server: Conversation, session: Session, envelope: Envelope, args: list[str]
    ) -> Any:
        if server.refused:
            # QQ says nothing to a second log-in, which hides the first reply from many clients.
            server.hang_up()
            return None
        if args == ["PLAIN"]:
            server.refused = True
            return scenarios.INVALID_INPUT
        return MISSING

    def authenticate(self, server: Conversation, login: LoginPassword) -> AuthResult:
        scenario, self.at_auth = self.at_auth, None
        if scenario is None and self._right(login):
            return AuthResult(success=True, auth_data=login)
        server.refused = True
        reply: Any = scenario.reply if scenario else scenarios.LOGIN_FAIL
        if not reply:
            server.hang_up()
        return AuthResult(success=False, handled=not reply, message=reply)

    async def handle_MAIL(  # noqa: N802
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str | bytes | None:
        scenario = self.at_mail.pop(tuple(options), None)
        if scenario:
            return await server.answer(scenario)
        if address.lower() != self.account.address.lower():
            return scenarios.SENDER_DIFFERS
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: Conversation,
        session: Session,
        envelope: PracticeEnvelope,
        address: str,
        options: list[str],
    ) -> str | bytes | None:
        scenario = self._provoked_by(address.lower())
        if scenario:
            if scenario.stage == Stage.AUTH:
                self.at_auth = scenario
                return scenarios.CLOSING
            if scenario.stage == Stage.MAIL:
                self.at_mail[tuple(envelope.mail_options)] = scenario
                return scenarios.CLOSING
            if scenario.stage == Stage.RCPT:
                return await server.answer(scenario)
            envelope.scenario = envelope.scenario or scenario
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Conversation, session: Session, envelope: PracticeEnvelope
    ) -> str | bytes | None:
        content = envelope.original_content or b""
        if not has_valid_from(content):
            return scenarios.FROM_INVALID
        scenario = envelope.scenario
        if scenario is None or scenario.kept:
            inbox.deliver(self.folder, as_stored(content, envelope))
            server.accepted += 1
        if scenario is None:
            return scenarios.QUEUED
        server.garbage = server.garbage or scenario.garbage
        return await server.answer(scenario)

    def _right(self, login: LoginPassword) -> bool:
        expected = f"{self.account.username}\0{self.account.password}".encode()
        return secrets.compare_digest(login.login + b"\0" + login.password, expected)

    def _provoked_by(self, address: str) -> Scenario | None:
        found = scenarios.find(address)
        if found is None:
            return None
        scenario, once = found
        if address in self.played:
            if not once:
                # The log-in was refused; now the mail that provoked it goes through.
                self.played.discard(address)
            return None
        if once or scenario.stage == Stage.AUTH:
            self.played.add(address)
        return scenario


def has_valid_from(content: bytes) -> bool:
    """Whether there is exactly one From, in a form that QQ takes."""
    head = content.partition(b"\r\n\r\n")[0]
    values = BytesHeaderParser(policy=compat32).parsebytes(head).get_all("From", [])
    # Raw 8-bit bytes come out as a Header, not as a string.
    return (
        len(values) == 1
        and isinstance(values[0], str)
        and MAILBOX.fullmatch(" ".join(values[0].split())) is not None
    )


def as_stored(content: bytes, envelope: Envelope) -> bytes:
    """As QQ stores it: a Message-ID of its own, ours kept in X-OQ-MSGID; the envelope in front."""
    head, separator, body = content.partition(b"\r\n\r\n")
    head = re.sub(rb"(?im)^Message-ID:", b"X-OQ-MSGID:", head)
    added = [f"Return-Path: <{envelope.mail_from}>"]
    added += [f"Delivered-To: {address}" for address in envelope.rcpt_tos]
    added.append(f"Message-ID: <tencent_{secrets.token_hex(20).upper()}@qq.com>")
    prefix = "\r\n".join(added).encode("utf-8", "surrogateescape")
    return prefix + b"\r\n" + head + separator + body
