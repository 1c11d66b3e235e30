"""The SMTP client: one log-in, many mails, each step on record."""

from __future__ import annotations

import functools
import re
import time

from django.utils.translation import gettext as _

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports import transaction
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.base import Envelope, Following, OnStage, Receipt, Transcript, nothing
from mailcenter.transports.connection import RECORD_BYTES, Connection, tls_context
from mailcenter.transports.session import start_session

# Postfix and Coremail; DirectMail; Exim; Gmail. QQ's "OK: queued as." names none, and Aliyun's
# "queued as freedom" is the same for all.
QUEUE_ID = re.compile(
    r"queued as (?!freedom\b)(\S+)|\benvid=(\S+)|\bid=(\S+)|OK +\d+ (\S+) - gsmtp"
)
LINE_END = re.compile(rb"\r\n|\r|\n")
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
TRANSACTION = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)


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
        self._tls = functools.cache(functools.partial(tls_context, account.ca_file))
        self._connection: Connection | None = None
        self._used_at = 0.0
        # Whose MAIL, RCPT and DATA left behind the last mail's dot: the server waits for its
        # content by now, and would take whatever else is said for that.
        self._announced: Envelope | None = None
        self._announces = True

    def send(
        self, envelope: Envelope, raw: bytes, on_stage: OnStage, following: Following = nothing
    ) -> Receipt:
        transcript = Transcript(peer=f"{self.account.host}:{self.account.port}")
        if not self.account.password:
            reply = Reply(None, _("No authorization code is configured."), "", Failure.CREDENTIALS)
            raise TransportError(reply, Stage.AUTH, transcript=transcript)
        content = _with_crlf(raw)
        recipients: dict[str, Reply] = {}
        try:
            connection = self._begin(envelope, len(raw), transcript, on_stage, recipients)
            reply = self._hand_over(connection, content, following)
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
        if self._announced is not None:
            self._drop()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.quit()

    def _begin(
        self,
        envelope: Envelope,
        size: int,
        transcript: Transcript,
        on_stage: OnStage,
        replies: dict[str, Reply],
    ) -> Connection:
        """A connection that waits for the content: the kept one, else a new one."""
        awaited = self._announced is None or self._announced is envelope
        if not awaited or time.monotonic() - self._used_at >= self.fresh_seconds:
            self.close()
        announced, self._announced = self._announced is not None, None
        if (kept := self._connection) is not None:
            kept.attend(transcript, on_stage)
            try:
                transaction.begin(kept, envelope, size, replies, announced=announced)
                return kept
            except TransportError as error:
                # Dead since the last mail, and nothing of this one was handed over.
                dead = kept.closed and error.stage == Stage.MAIL
                if not dead or error.reply.code not in (None, 421):
                    raise
                if announced and error.reply.failure == Failure.TIMEOUT:
                    # It forgets what follows a dot, and each time would cost as much.
                    self._announces = False
        connection = Connection(
            self.account.host,
            self.account.port,
            self.timeout,
            self._tls,
            public_only=self.account.public_only,
        )
        connection.attend(transcript, on_stage)
        self._connection = connection
        start_session(connection, self.account, self.local_hostname)
        transaction.begin(connection, envelope, size, replies)
        return connection

    def _hand_over(self, connection: Connection, content: bytes, following: Following) -> Reply:
        connection.enter(Stage.BODY)
        announced, commands = self._announcement(connection, following)
        ending = transaction.FINAL_DOT + commands
        dot_left = False

        def hand_over() -> Reply:
            nonlocal dot_left
            # The dot and all behind it in one TLS record: one that left in part is no dot.
            if len(content) + len(ending) <= RECORD_BYTES:
                connection.write(content + ending)
            else:
                connection.write(content)
                connection.write(ending)
            dot_left = True
            self._announced = announced
            return connection.read(self.reply_timeout)

        try:
            reply = connection.step("BODY", hand_over)
            connection.require(reply)
        except TransportError as error:
            error.maybe_accepted = dot_left and error.reply.code is None
            if error.maybe_accepted:
                connection.drop()
            raise
        return reply

    def _announcement(
        self, connection: Connection, following: Following
    ) -> tuple[Envelope | None, bytes]:
        """The next envelope and its commands, where they may leave together with the dot."""
        next_mail = following()
        if next_mail is None or not self._announces:
            return None, b""
        envelope, raw = next_mail
        commands = transaction.group(connection, envelope, len(raw))
        return (envelope, commands) if commands else (None, b"")

    def _reset(self) -> None:
        """After a refusal: ready for the next mail, or gone."""
        connection = self._connection
        if connection is None or connection.closed or connection.stage not in TRANSACTION:
            self._drop()
        # RSET would be taken for the content of the mail that is announced.
        elif self._announced is not None or connection.reset():
            self._used_at = time.monotonic()
        else:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.drop()
        self._connection = None
        self._announced = None


def _with_crlf(raw: bytes) -> bytes:
    """CRLF line ends, the last one included, and dots doubled (RFC 5321 sections 2.3.8, 4.5.2)."""
    # To look costs a tenth of what a substitution does, and our own mails need none.
    lone = raw.replace(b"\r\n", b"")
    if b"\r" in lone or b"\n" in lone:
        raw = LINE_END.sub(b"\r\n", raw)
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    if raw.startswith(b".") or b"\n." in raw:
        raw = LEADING_DOT.sub(b"..", raw)
    return raw


def _queue_id(reply: Reply) -> str:
    found = QUEUE_ID.search(reply.text)
    return found[found.lastindex or 0].rstrip(".,;") if found else ""
