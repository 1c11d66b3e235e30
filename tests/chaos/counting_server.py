"""A mail server that accepts everything, counts what arrived, and tells where each mail stands.

Made for many mails at a time: it offers PIPELINING, and neither checks nor keeps what it gets.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

from tests.certificate import certificate_files

EXTENSIONS = (b"counting.test", b"PIPELINING", b"SIZE 73400320", b"8BITMIME", b"AUTH PLAIN")
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


class Moment(StrEnum):
    """Where a mail stands when its worker is killed; at the first four its body hasn't begun."""

    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    # The 354 was sent, and the worker may have read it or not.
    GO_AHEAD = "354"
    HALF_BODY = "half body"
    # The mail is accepted, and the worker doesn't know.
    FINAL_DOT = "final dot"
    # The 250 was sent, and the worker may have written it down or not.
    ACCEPTED = "250"
    # Wherever the worker happens to be.
    ANY = "any time"


COMMANDS = {b"AUTH": Moment.AUTH, b"MAIL": Moment.MAIL, b"RCPT": Moment.RCPT}


class Watcher(Protocol):
    """``mail``: see ``name_of``; "" where the client hasn't named it yet."""

    def reached(self, moment: Moment, mail: str) -> bool:
        """Whether the client is dead by now: then the server hangs up."""

    def began(self, mail: str) -> None:
        """The server is about to ask for the body."""


# A Message-ID and its recipients: the server has taken the mail, whether the client ever learns
# of it or not.
Count = Callable[[str, Sequence[str]], None]


def name_of(address: str) -> str:
    """What the addresses of one mail have in common: m7@, m7.cc@ and m7.bcc@ are one mail's."""
    return address.partition("@")[0].partition(".")[0]


def message_id_of(raw: bytes) -> str:
    found = MESSAGE_ID.search(raw)
    return found[1].decode("ascii") if found else ""


class CountingServer:
    """Implicit TLS on loopback, a thread a connection."""

    def __init__(self, watcher: Watcher, count: Count) -> None:
        self.watcher, self.count = watcher, count
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate_files())
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """Take no connection any more, and hear those out whose clients are dead."""
        # shutdown() wakes accept(); close() alone doesn't.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(plain):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with (
                self._context.wrap_socket(plain, server_side=True) as secured,
                secured.makefile("rb") as stream,
            ):
                Conversation(self, secured, stream).run()


class Conversation:
    def __init__(self, server: CountingServer, connection: ssl.SSLSocket, stream: BinaryIO) -> None:
        self.watcher, self.count = server.watcher, server.count
        self.connection = connection
        self.stream = stream
        self.recipients: list[str] = []

    @property
    def mail(self) -> str:
        return name_of(self.recipients[0]) if self.recipients else ""

    def run(self) -> None:
        self.say(b"220 counting.test ready")
        while line := self.stream.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.say(b"221 Bye")
                return
            if not self.answer(verb, line):
                return

    def answer(self, verb: bytes, line: bytes) -> bool:
        """Whether the conversation goes on."""
        if verb == b"EHLO":
            first = b"".join(b"250-%s\r\n" % word for word in EXTENSIONS[:-1])
            self.say(first + b"250 " + EXTENSIONS[-1])
            return True
        if verb == b"DATA":
            return self.take_body()
        if verb == b"MAIL":
            self.recipients = []
        elif verb == b"RCPT":
            self.recipients.append(line.partition(b"<")[2].partition(b">")[0].decode("ascii"))
        moment = COMMANDS.get(verb)
        if moment and self.watcher.reached(moment, self.mail):
            return False
        self.say(b"235 Welcome" if verb == b"AUTH" else b"250 OK")
        return True

    def take_body(self) -> bool:
        mail, reached = self.mail, self.watcher.reached
        if reached(Moment.DATA, mail):
            return False
        self.watcher.began(mail)
        self.say(b"354 Go ahead")
        # What a client sent before it died still comes in.
        reached(Moment.GO_AHEAD, mail)
        lines: list[bytes] = []
        while (line := self.stream.readline()) != b".\r\n":
            if not line or (not lines and reached(Moment.HALF_BODY, mail)):
                return False
            lines.append(line)
        self.count(message_id_of(b"".join(lines)), self.recipients)
        if reached(Moment.FINAL_DOT, mail):
            return False
        self.say(b"250 OK: queued as.")
        return not reached(Moment.ACCEPTED, mail)

    def say(self, reply: bytes) -> None:
        self.connection.sendall(reply + b"\r\n")
