"""An SMTP server that takes everything at once and counts it, as a process of its own.

``python -m benchmarks.sink CERTIFICATE KEY`` prints the ports of its two doors as one line of
JSON: "plain", and "tls", where a log-in is demanded. Each line on its standard input ("reset"
or "report") is answered by one line of JSON; it ends with its standard input.

One thread and plain sockets: it must never be what a benchmark waits for.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields

END = b"\r\n.\r\n"
MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
READ_BYTES = 262_144
REPLIES = {
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
    b"AUTH": b"235 2.7.0 Authentication successful\r\n",
}
WITHOUT_LOG_IN = b"530 5.7.0 Authentication required\r\n"


@dataclass
class Figures:
    """Since the last reset.

    first_mail_at, last_accepted_at: the clock of time.monotonic(), which all processes of a
    machine share. doubled: mails whose Message-ID had been accepted before.
    """

    mails: int = 0
    connections: int = 0
    open_connections: int = 0
    most_open_connections: int = 0
    first_mail_at: float = 0.0
    last_accepted_at: float = 0.0
    doubled: int = 0


@dataclass
class Count(Figures):
    message_ids: Counter[bytes] = field(default_factory=Counter)

    def begin(self) -> None:
        """A mail is being offered."""
        if not self.first_mail_at:
            self.first_mail_at = time.monotonic()

    def accept(self, content: bytes) -> None:
        self.mails += 1
        found = MESSAGE_ID.search(content)
        message_id = found[1] if found else b""
        self.doubled += message_id in self.message_ids
        self.message_ids[message_id] += 1

    def open(self) -> None:
        self.connections += 1
        self.open_connections += 1
        self.most_open_connections = max(self.most_open_connections, self.open_connections)

    def figures(self) -> dict[str, float]:
        # asdict() would copy all Message-IDs, fifty times a second.
        return {each.name: getattr(self, each.name) for each in fields(Figures)}


class Sink:
    def __init__(self, certificate: str, key: str) -> None:
        self.count = Count()
        self.selector = selectors.DefaultSelector()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.ports = {"plain": self._listen(None), "tls": self._listen(context)}

    def run(self) -> None:
        """Until the standard input ends."""
        os.set_blocking(sys.stdin.fileno(), False)
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        while True:
            for key, _events in self.selector.select():
                if key.data is not None:
                    key.data()
                elif not self._obey():
                    return

    def _obey(self) -> bool:
        words = os.read(sys.stdin.fileno(), READ_BYTES).split()
        for word in words:
            if word == b"reset":
                still_open = self.count.open_connections
                self.count = Count(open_connections=still_open, most_open_connections=still_open)
            _say(self.count.figures())
        return bool(words)

    def _listen(self, context: ssl.SSLContext | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)

        def accept() -> None:
            connection, _peer = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            if context:
                connection = context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
            conversation = Conversation(self, connection)
            self.selector.register(connection, selectors.EVENT_READ, conversation.go_on)

        self.selector.register(listener, selectors.EVENT_READ, accept)
        return int(listener.getsockname()[1])


class Conversation:
    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        self.sink = sink
        self.connection = connection
        self.unread = b""
        self.logged_in = self.greeted = False
        self.go_on: Callable[[], None] = self._read
        self._act = self._commands
        sink.count.open()
        if isinstance(connection, ssl.SSLSocket):
            self.go_on = self._shake_hands
        else:
            self.logged_in = True
            self._greet()

    def _shake_hands(self) -> None:
        try:
            self.connection.do_handshake()  # type: ignore[attr-defined]
        except ssl.SSLWantReadError:
            return
        except OSError:
            self._close()
            return
        self.sink.selector.modify(self.connection, selectors.EVENT_READ, self._read)
        self._greet()

    def _greet(self) -> None:
        self._write(b"220 sink.test ESMTP\r\n")

    def _read(self) -> None:
        try:
            data = self.connection.recv(READ_BYTES)
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except OSError:
            data = b""
        if not data:
            self._close()
            return
        self.unread += data
        replies = self._act()
        if replies:
            self._write(replies)

    def _commands(self) -> bytes:
        """Answer all whole lines in one write (RFC 2920 section 3.2)."""
        replies = b""
        while (end := self.unread.find(b"\n")) >= 0:
            line, self.unread = self.unread[:end], self.unread[end + 1 :]
            verb = line[:4].upper()
            replies += self._reply(verb)
            if verb == b"DATA":
                self._act = self._content
                return replies + self._content()
        return replies

    def _reply(self, verb: bytes) -> bytes:
        if verb in (b"EHLO", b"HELO"):
            extensions = [b"sink.test", b"PIPELINING", b"SIZE 73400320", b"8BITMIME"]
            if isinstance(self.connection, ssl.SSLSocket):
                extensions.append(b"AUTH PLAIN")
            lines = [b"250-%s\r\n" % line for line in extensions[:-1]]
            return b"".join(lines) + b"250 %s\r\n" % extensions[-1]
        if verb == b"AUTH":
            self.logged_in = True
        elif verb == b"MAIL":
            if not self.logged_in:
                return WITHOUT_LOG_IN
            self.sink.count.begin()
        return REPLIES.get(verb, b"502 5.5.2 Error: command not recognized\r\n")

    def _content(self) -> bytes:
        end = self.unread.find(END)
        if end < 0:
            return b""
        content, self.unread = self.unread[:end], self.unread[end + len(END) :]
        self.sink.count.accept(content)
        self._act = self._commands
        # What was written behind the final dot is answered together with it.
        replies = b"250 2.0.0 Ok: queued\r\n" + self._commands()
        return replies

    def _write(self, data: bytes) -> None:
        # A few short lines: they always fit into the socket's buffer.
        try:
            self.connection.send(data)
        except OSError:
            self._close()
            return
        if b"queued" in data:
            self.sink.count.last_accepted_at = time.monotonic()

    def _close(self) -> None:
        self.sink.count.open_connections -= 1
        self.sink.selector.unregister(self.connection)
        self.connection.close()


def _say(values: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main() -> None:
    certificate, key = sys.argv[1:]
    sink = Sink(certificate, key)
    _say(dict(sink.ports))
    sink.run()


if __name__ == "__main__":
    main()
