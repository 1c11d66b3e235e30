"""A mail server that says what a test tells it to, and remembers what it was told.

    with ScriptedServer({"AUTH": b"535 Login fail."}) as server:
        transport = open_transport(server.account())

aiosmtpd can't misbehave on the wire, so this is a socket and a thread a connection.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mailcenter.transports import PRESETS, SendingAccount
from tests.certificate import certificate_files
from tests.smtp_conversation import HANG_UP, SILENCE, Action, Conversation, ReceivedMail, shut

__all__ = ["ADDRESS", "HANG_UP", "PASSWORD", "SILENCE", "ReceivedMail", "ScriptedServer"]

ADDRESS = "site@practice.test"
PASSWORD = "abcdefghijklmnop"

EXTENSIONS = (b"PIPELINING", b"SIZE 73400320", b"AUTH LOGIN PLAIN", b"8BITMIME")
WITHOUT_PIPELINING = EXTENSIONS[1:]

DEFAULTS: dict[str, bytes] = {
    "CONNECT": b"220 mail.practice.test ready",
    "STARTTLS": b"220 Ready to start TLS from 203.0.113.7 to mail.practice.test.",
    "AUTH": b"235 Authentication successful",
    "MAIL": b"250 OK.",
    "RCPT": b"250 OK",
    "DATA": b"354 End data with <CR><LF>.<CR><LF>.",
    # Acted upon as soon as some of the content is there: nothing by default.
    "CONTENT": b"",
    # The reply to the final dot.
    "BODY": b"250 OK: queued as.",
    "RSET": b"250 OK",
    "QUIT": b"221 Bye.",
}


class ScriptedServer:
    """script: verb -> action, for the verbs in DEFAULTS and "EHLO".

    security: "ssl", "starttls", or "plain" for a server without TLS.
    name: what the certificate says besides 127.0.0.1, or instead of it when it is given.
    """

    def __init__(
        self,
        script: Mapping[str, Action] | None = None,
        *,
        security: str = "ssl",
        extensions: Sequence[bytes] | None = None,
        name: str = "",
    ) -> None:
        self.script = {
            verb: list(action) if isinstance(action, list) else action
            for verb, action in (script or {}).items()
        }
        self.security = security
        self.extensions = tuple(EXTENSIONS if extensions is None else extensions)
        self.received: list[ReceivedMail] = []
        self.commands: list[str] = []
        # What came over the wire, as it came: see smtp_conversation.Chunks.
        self.chunks: list[bytes] = []
        self.credentials: list[tuple[str, str]] = []
        self.connections = 0
        certificate, key = certificate_files(name)
        self.ca_file = certificate
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        # shutdown() wakes accept(); close() alone doesn't.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                shut(connection)
        for thread in self._threads:
            thread.join(timeout=10)

    def account(self, **changes: Any) -> SendingAccount:
        """An account that trusts this server."""
        values: dict[str, Any] = {
            "preset": PRESETS["practice"],
            "address": ADDRESS,
            "username": ADDRESS,
            "password": PASSWORD,
            "from_name": "",
            "host": "127.0.0.1",
            "port": self.port,
            "security": "starttls" if self.security == "starttls" else "ssl",
            "ca_file": self.ca_file,
        }
        return SendingAccount(**(values | changes))

    def environment(self) -> dict[str, str]:
        """The same for a process of its own: variables as in .env."""
        return {
            "MAIL_PROVIDER": "practice",
            "MAIL_ADDRESS": ADDRESS,
            "MAIL_AUTH_CODE": PASSWORD,
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": str(self.port),
            "MAIL_SECURITY": "starttls" if self.security == "starttls" else "ssl",
            "MAIL_CA_FILE": self.ca_file,
        }

    def count(self, verb: str) -> int:
        """How often ``verb`` was said, on all connections."""
        return self.commands.count(verb)

    @property
    def accepted(self) -> list[ReceivedMail]:
        return [mail for mail in self.received if mail.accepted]

    def next_action(self, verb: str, argument: str = "", otherwise: bytes | None = None) -> Action:
        with self._lock:
            action = self.script.get(verb)
            if isinstance(action, list):
                action = action.pop(0) if action else None
        if callable(action):
            action = action(argument)
        if action is None:
            action = self._default(verb) if otherwise is None else otherwise
        return action

    def _default(self, verb: str) -> bytes:
        if verb != "EHLO":
            return DEFAULTS.get(verb, b"502 Error: command not implemented")
        offered = [b"STARTTLS"] if self.security == "starttls" else []
        lines = [b"mail.practice.test-203.0.113.7-1", *self.extensions, *offered]
        return b"".join(b"250-%s\r\n" % line for line in lines[:-1]) + b"250 " + lines[-1]

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
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.security == "ssl":
                connection = self.secure(connection)
            with contextlib.closing(Conversation(self, connection)) as conversation:
                conversation.run()

    def secure(self, plain: socket.socket) -> ssl.SSLSocket:
        secured = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.discard(plain)
            self._open.add(secured)
        secured.do_handshake()
        return secured
