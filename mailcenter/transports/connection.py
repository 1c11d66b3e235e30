"""One SMTP connection over TLS that writes down what is said (RFC 5321).

smtplib hides what this program has to know: the cause of a broken connection, the reply to
the first AUTH, and whether the final dot had left.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.sealing import redact
from mailcenter.transports import public_hosts
from mailcenter.transports.base import OnStage, Step, Transcript

# RFC 5321 section 4.2: a three-digit code, then "-" where more lines follow.
REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
COMMAND_LINE = re.compile(r"[\x20-\x7e]+")
MAX_REPLY_BYTES = 65_536
# Bodies go out in pieces, so that the timeout is one of progress, not of size.
CHUNK_BYTES = 65_536
# RFC 8446 section 5.1: what is written at once and is no longer arrives whole or not at all.
RECORD_BYTES = 16_384
QUIT_SECONDS = 3
# What a server says of itself before anybody has logged in.
INTRODUCTION = frozenset({Stage.CONNECT, Stage.TLS, Stage.EHLO})


class ProtocolError(Exception):
    """What the server said, or what we were about to say, isn't SMTP."""


class Connection:
    """timeout: seconds to connect, for a write to progress, and for a reply to be whole.

    tls: returns the context to wrap the socket with; raises OSError.
    public_only: as in SendingAccount.
    """

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        tls: Callable[[], ssl.SSLContext],
        *,
        public_only: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self.tls = tls
        self.public_only = public_only
        self.stage = Stage.CONNECT
        # EHLO keyword -> its parameters.
        self.extensions: dict[str, str] = {}
        self._transcript = Transcript()
        self._on_stage: OnStage = lambda stage: None
        self._socket: socket.socket | None = None
        self._unread = b""

    def attend(self, transcript: Transcript, on_stage: OnStage) -> None:
        """From now on the conversation is about the mail that these belong to."""
        self._transcript = transcript
        self._on_stage = on_stage
        self._name_peer()

    def enter(self, stage: Stage) -> None:
        self.stage = stage
        self._on_stage(stage)

    @property
    def closed(self) -> bool:
        return self._socket is None

    def step(self, verb: str, talk: Callable[[], Reply], secrets: Sequence[str] = ()) -> Reply:
        """Record the reply that ``talk`` gets, without ``secrets``.

        Raises TransportError where there is none; then, and after 421, the connection is gone.
        """
        started = time.monotonic()
        cause: OSError | None = None
        try:
            reply = talk()
        except OSError as error:
            cause, reply = error, Reply(None, str(error), failure=failure_of(error))
        except ProtocolError as error:
            reply = Reply(None, str(error), failure=Failure.PROTOCOL)
        if secrets:
            reply = replace(reply, text=redact(reply.text, secrets))
        milliseconds = round((time.monotonic() - started) * 1000)
        shown = self._shown(reply) if self.public_only else reply
        self._transcript.dialogue.append(
            Step(verb=verb, code=shown.code, text=shown.text, ms=milliseconds)
        )
        if not reply.positive:
            reply = shown
        # RFC 5321 section 3.8: after 421 the server closes.
        if reply.failure or reply.code == 421:
            self.drop()
        if reply.failure:
            raise self.error(reply) from cause
        return reply

    def _shown(self, reply: Reply) -> Reply:
        """For the record, where the host was typed: nobody learns from a server what it is."""
        said = reply.code is not None or reply.failure == Failure.PROTOCOL
        if not (said and self.stage in INTRODUCTION):
            return reply
        hidden = _("Its words are not shown, because its host was typed in the admin.")
        return replace(reply, text="" if reply.positive else hidden)

    def require(self, reply: Reply) -> None:
        """Raises TransportError unless ``reply`` is positive."""
        if not reply.positive:
            raise self.error(reply)

    def error(self, reply: Reply) -> TransportError:
        """``reply`` at this stage as an exception; one that is no refusal isn't a reply to it."""
        if reply.code is not None and reply.code < 400:
            reply = Reply(None, f"unexpected: {reply}", failure=Failure.PROTOCOL)
        return TransportError(reply, self.stage, transcript=self._transcript)

    def open(self) -> None:
        """Raises OSError."""
        connect = public_hosts.connect if self.public_only else _connect
        self._socket = connect(self.host, self.port, self.timeout)
        # The dot follows the body in a write of its own; Nagle's algorithm would hold it back.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start_tls(self) -> None:
        """Raises OSError or ProtocolError."""
        if self._unread:
            # Said before TLS by anybody on the way (CVE-2021-38371).
            raise ProtocolError("the server talked on before TLS")
        context = self.tls()
        plain = self._connected()
        plain.settimeout(self.timeout)
        self._socket = context.wrap_socket(plain, server_hostname=self.host)
        self._name_peer()

    def command(self, line: str) -> Reply:
        """Raises OSError or ProtocolError."""
        if not COMMAND_LINE.fullmatch(line):
            raise ProtocolError("a command must be one line of ASCII")
        self.write(line.encode("ascii") + b"\r\n")
        return self.read(self.timeout)

    def write(self, data: bytes) -> None:
        """Raises OSError or ProtocolError."""
        if self._unread:
            # Else this would be taken for the reply to what we say now.
            raise ProtocolError(f"unasked: {_readable(self._unread)}")
        connected = self._connected()
        connected.settimeout(self.timeout)
        view = memoryview(data)
        for start in range(0, len(view), CHUNK_BYTES):
            connected.sendall(view[start : start + CHUNK_BYTES])

    def read(self, seconds: float) -> Reply:
        """One whole reply within ``seconds``. Raises OSError or ProtocolError."""
        deadline = time.monotonic() + seconds
        code, texts, size = b"", [], 0
        while True:
            try:
                line = self._read_line(deadline)
            except TimeoutError:
                raise TimeoutError(f"no reply within {seconds:g} s") from None
            size += len(line)
            match = REPLY_LINE.fullmatch(line)
            if not match or (code and match[1] != code) or size > MAX_REPLY_BYTES:
                raise ProtocolError(f"not an SMTP reply: {_readable(line)}")
            code = match[1]
            texts.append(match[3] or b"")
            if match[2] != b"-":
                return Reply.parse(int(code), b"\n".join(texts))

    def reset(self) -> bool:
        """Whether the server is ready for another mail."""
        try:
            return self.command("RSET").positive
        except (OSError, ProtocolError):
            return False

    def quit(self) -> None:
        """Leave politely; what the server makes of it changes nothing."""
        # QQ answers this with garbage now and then, and the mail was accepted all the same.
        with contextlib.suppress(OSError, ProtocolError):
            self.write(b"QUIT\r\n")
            self.read(QUIT_SECONDS)
        self.drop()

    def drop(self) -> None:
        """Hang up."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = None
        self._unread = b""

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionAbortedError("not connected")
        return self._socket

    def _read_line(self, deadline: float) -> bytes:
        connected = self._connected()
        while b"\n" not in self._unread:
            if len(self._unread) > MAX_REPLY_BYTES:
                raise ProtocolError(f"not an SMTP reply: {_readable(self._unread)}")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            connected.settimeout(remaining)
            received = connected.recv(CHUNK_BYTES)
            if not received:
                raise ConnectionAbortedError("the server closed the connection")
            self._unread += received
        line, _newline, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r")

    def _name_peer(self) -> None:
        version = self._socket.version() if isinstance(self._socket, ssl.SSLSocket) else None
        self._transcript.peer = " ".join(filter(None, (f"{self.host}:{self.port}", version)))


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Trusts ``ca_file`` alone where one is given; takes 20 ms. Raises ssl.SSLError."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise
    except OSError as error:
        text = f"the CA file {ca_file} can't be read: {error.strerror}"
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, text) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def failure_of(error: OSError) -> Failure:
    match error:
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Failure.CLOSED
        case ssl.SSLError():
            return Failure.TLS
        case socket.gaierror():
            return Failure.DNS
        case TimeoutError():
            return Failure.TIMEOUT
        case ConnectionRefusedError():
            return Failure.REFUSED
        case ConnectionError():
            return Failure.CLOSED
        case _:
            return Failure.NETWORK


def _readable(garbage: bytes) -> str:
    return Reply.parse(0, garbage[:80]).text
