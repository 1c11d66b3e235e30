"""The SMTP client: one log-in, many mails, each step on record."""

from __future__ import annotations

import re
import time
from functools import partial

from django.utils.translation import gettext as _

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.base import Envelope, OnStage, Receipt, Transcript
from mailcenter.transports.connection import Connection
from mailcenter.transports.session import start_session

# Postfix and Coremail; Exim; Gmail. QQ's "OK: queued as." names none.
QUEUE_ID = re.compile(r"queued as (\S+)|\bid=(\S+)|OK +\d+ (\S+) - gsmtp")


class SmtpTransport:
    """Implements transports.base.Transport over TLS with a verified certificate.

    local_hostname: what EHLO says.
    timeout: seconds for each step; reply_timeout: for the reply to the final dot.
    fresh_seconds: a connection that was idle for longer is not used again.
    """

    def __init__(
        self,
        account: SendingAccount,
        *,
        local_hostname: str,
        timeout: float,
        reply_timeout: float,
        fresh_seconds: float,
    ) -> None:
        self.account = account
        self.local_hostname = local_hostname
        self.timeout = timeout
        self.reply_timeout = reply_timeout
        self.fresh_seconds = fresh_seconds
        self._connection: Connection | None = None
        self._used_at = 0.0

    def send(self, envelope: Envelope, raw: bytes, on_stage: OnStage) -> Receipt:
        transcript = Transcript(peer=f"{self.account.host}:{self.account.port}")
        if not self.account.password:
            reply = Reply(None, _("No authorization code is configured."), "", Failure.CREDENTIALS)
            raise TransportError(reply, Stage.AUTH, transcript=transcript)
        content = _with_crlf(raw)
        recipients: dict[str, Reply] = {}
        try:
            connection = self._begin(envelope.sender, len(raw), transcript, on_stage)
            self._offer(connection, envelope.recipients, recipients)
            reply = self._hand_over(connection, content)
        except TransportError as error:
            error.refused = {a: reply for a, reply in recipients.items() if not reply.positive}
            self._reset()
            raise
        except BaseException:
            # on_stage's word: not one more byte of this mail.
            self._drop()
            raise
        self._used_at = time.monotonic()
        return Receipt(reply, recipients, transcript, _queue_id(reply))

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.quit()

    def _begin(
        self, sender: str, size: int, transcript: Transcript, on_stage: OnStage
    ) -> Connection:
        """A connection on which MAIL was accepted: the kept one, else a new one."""
        if time.monotonic() - self._used_at >= self.fresh_seconds:
            self.close()
        if (kept := self._connection) is not None:
            kept.attend(transcript, on_stage)
            try:
                self._mail(kept, sender, size)
                return kept
            except TransportError:
                # Dead since the last mail, and nothing of this one was handed over.
                if not kept.closed:
                    raise
        connection = Connection(self.account.host, self.account.port, self.timeout)
        connection.attend(transcript, on_stage)
        self._connection = connection
        start_session(connection, self.account, self.local_hostname)
        self._mail(connection, sender, size)
        return connection

    def _mail(self, connection: Connection, sender: str, size: int) -> None:
        connection.stage = Stage.MAIL
        line = f"MAIL FROM:<{sender}>"
        if "SIZE" in connection.extensions:
            # RFC 1870 section 4: 0 or nothing announces no limit.
            announced = connection.extensions["SIZE"]
            limit = int(announced) if announced.isdecimal() else 0
            if 0 < limit < size:
                text = _("The mail has %(size)d bytes; the server takes no more than %(limit)d.")
                figures = {"size": size, "limit": limit}
                raise connection.error(Reply(None, text % figures, failure=Failure.SIZE))
            line += f" SIZE={size}"
        connection.enter(Stage.MAIL)
        connection.require(connection.step("MAIL", partial(connection.command, line)))

    def _offer(
        self, connection: Connection, addresses: tuple[str, ...], replies: dict[str, Reply]
    ) -> None:
        """Fill ``replies`` by address; goes on where at least one was accepted."""
        connection.enter(Stage.RCPT)
        for address in addresses:
            reply = connection.step("RCPT", partial(connection.command, f"RCPT TO:<{address}>"))
            if connection.closed:
                raise connection.error(reply)
            replies[address] = reply
        if not any(reply.positive for reply in replies.values()):
            raise connection.error(next(iter(replies.values())))

    def _hand_over(self, connection: Connection, content: bytes) -> Reply:
        connection.enter(Stage.DATA)
        reply = connection.step("DATA", partial(connection.command, "DATA"))
        if reply.code != 354:
            raise connection.error(reply)
        connection.enter(Stage.BODY)
        dot_left = False

        def hand_over() -> Reply:
            nonlocal dot_left
            connection.write(content)
            # Alone in its TLS record: a record that left in part is no dot.
            connection.write(b".\r\n")
            dot_left = True
            return connection.read(self.reply_timeout)

        try:
            reply = connection.step("BODY", hand_over)
            connection.require(reply)
        except TransportError as error:
            error.maybe_accepted = dot_left and error.reply.code is None
            raise
        return reply

    def _reset(self) -> None:
        """After a refusal: ready for the next mail, or gone."""
        connection = self._connection
        transaction = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)
        if connection is None or connection.closed or connection.stage not in transaction:
            self._drop()
        elif connection.reset():
            self._used_at = time.monotonic()
        else:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
        self._connection = None


def _with_crlf(raw: bytes) -> bytes:
    """CRLF line ends, the last one included, and dots doubled (RFC 5321 sections 2.3.8, 4.5.2)."""
    content = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", content)


def _queue_id(reply: Reply) -> str:
    found = QUEUE_ID.search(reply.text)
    return found[found.lastindex or 0].rstrip(".,;") if found else ""
