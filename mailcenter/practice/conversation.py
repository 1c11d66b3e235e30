"""One connection to the practice server: aiosmtpd's SMTP, speaking as smtp.qq.com does."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope

from mailcenter.practice import scenarios
from mailcenter.practice.scenarios import Scenario
from mailcenter.replies import Stage

if TYPE_CHECKING:
    from mailcenter.practice.decisions import Decisions

HOST_NAME = "newxmesmtplogicsvrszb20-0.qq.com"
BANNER = "XMail Esmtp QQ Mail Server."
MAX_BYTES = 73400320

# What aiosmtpd says, and what QQ says instead.
QQ_WORDS = {
    "235 2.7.0 Authentication successful": "235 Authentication successful",
    "354 End data with <CR><LF>.<CR><LF>": "354 End data with <CR><LF>.<CR><LF>.",
    "503 Error: need MAIL command": scenarios.MAILFROM_FIRST,
    "552 Error: message size exceeds fixed maximum message size": "552 Message too large",
    "552 Error: Too much mail data": "552 Message too large",
    "553 5.1.3 Error: malformed address": "501 Bad address syntax",
}
# Instead of an answer to QUIT, now and then; the mails before it were accepted all the same.
GARBAGE = bytes.fromhex("0000001a0000000a")
GARBAGE_EVERY = 3


class PracticeEnvelope(Envelope):
    scenario: Scenario | None = None


class Conversation(SMTP):
    """TLS is below the connection, so AUTH needs no STARTTLS first.

    refused: a log-in was refused.
    accepted: how many mails it took.
    garbage: QUIT will be answered with garbage.
    """

    # aiosmtpd's own limits (512 and 1001) are none of QQ's.
    command_size_limit = 2**16
    command_size_limits: dict[str, int] = defaultdict(lambda: 2**16)
    line_length_limit = 2**20
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, decisions: Decisions, **kwargs: Any) -> None:
        super().__init__(
            decisions,
            data_size_limit=MAX_BYTES,
            ident=BANNER,
            auth_require_tls=False,
            authenticator=lambda *given: decisions.authenticate(self, given[-1]),
            **kwargs,
        )
        self.decisions = decisions
        self.refused = False
        self.accepted = 0
        self.garbage = False

    def hang_up(self) -> None:
        if self._handler_coroutine:
            self._handler_coroutine.cancel()
        if self.transport:
            self.transport.close()

    async def answer(self, scenario: Scenario) -> str | bytes | None:
        """The scenario's reply when its time has come; None after a hang-up."""
        await asyncio.sleep(min(scenario.seconds, self.decisions.longest_pause))
        if not scenario.reply:
            self.hang_up()
        return scenario.reply or None

    async def push(self, status: str | bytes | None) -> None:
        if status is None:
            return
        reply = QQ_WORDS.get(status, status).encode() if isinstance(status, str) else status
        await super().push(reply)
        if reply.startswith(b"421"):
            self.hang_up()

    async def check_helo_needed(self, helo: str = "HELO") -> bool:
        return await self._too_early(bool(self.session and self.session.host_name))

    async def check_auth_needed(self, caller_method: str) -> bool:
        return await self._too_early(bool(self.session and self.session.authenticated))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        scenario = self.envelope.scenario if isinstance(self.envelope, PracticeEnvelope) else None
        if scenario and scenario.stage == Stage.DATA:
            await self.push(await self.answer(scenario))
        else:
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        due = self.accepted and next(self.decisions.quits) % GARBAGE_EVERY == 0
        self._writer.write(GARBAGE if due or self.garbage else b"221 Bye.\r\n")
        self.hang_up()

    def _create_envelope(self) -> PracticeEnvelope:
        return PracticeEnvelope()

    async def _too_early(self, done: bool) -> bool:
        if not done:
            await self.push(scenarios.NEED_AUTH)
        return not done
