"""A scripted IMAP server over TLS: a folder of sent mail, in the dialect of a provider.

    with ImapServer(QQ, copies=[Copy("<1@practice.test>")]) as server:
        find(server.account(), ...)

What each provider's dialect is made of: see the dialects below.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from imapclient.imap_utf7 import encode as encode_utf7

from mailcenter.transports import PRESETS, SendingAccount
from tests.certificate import certificate_files
from tests.smtp_conversation import HANG_UP, SILENCE, HungUp, shut

__all__ = ["HANG_UP", "NETEASE", "PASSWORD", "QQ", "SILENCE", "STANDARD", "Copy", "ImapServer"]

ADDRESS = "site@practice.test"
PASSWORD = "abcdefghijklmnop"
TAGGED_LINE = re.compile(r"(\S+) ((?:UID )?\S+) ?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Dialect:
    """folders: name -> attributes; the first one holds the copies.

    wants_id: no folder opens before ID. wants_quotes: no folder opens without.
    untagged_bad: what is unknown gets no tagged answer. own_ids: Message-ID is the server's.
    """

    folders: Mapping[str, str]
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    preset: str = "custom"
    wants_id: bool = False
    wants_quotes: bool = False
    untagged_bad: bool = False
    own_ids: bool = False


STANDARD = Dialect({"Gesendet": "\\HasNoChildren \\Sent", "INBOX": "", "Sent": ""})
QQ = Dialect(
    {"Sent Messages": "", "INBOX": "", "其他文件夹": "\\NoSelect \\HasChildren"},
    "IMAP4 IMAP4rev1 ID AUTH=PLAIN AUTH=LOGIN NAMESPACE",
    preset="qq",
    wants_quotes=True,
    untagged_bad=True,
    own_ids=True,
)
NETEASE = Dialect(
    {"已发送": "", "INBOX": "", "草稿箱": "\\Drafts"},
    "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS",
    preset="163",
    wants_id=True,
)


@dataclass(frozen=True)
class Copy:
    message_id: str
    received: datetime = field(default_factory=lambda: datetime.now(UTC))


class ImapServer:
    """script: command -> what takes its answer's place: the untagged and tagged lines in bytes
    ("{tag}" is filled in), HANG_UP or SILENCE, or what talks to the client with the session and
    the tag, and returns one of these; "CONNECT" is the greeting.

    copies: in the order of arrival; may be changed between sessions.
    search: the numbers that every search finds, None for an honest one.
    """

    def __init__(
        self,
        dialect: Dialect = STANDARD,
        copies: Sequence[Copy] = (),
        script: Mapping[str, Any] | None = None,
        search: Sequence[int] | None = None,
    ) -> None:
        self.dialect = dialect
        self.copies = list(copies)
        self.script = dict(script or {})
        self.search = search
        self.commands: list[str] = []
        self.connections = 0
        self.ca_file, key = certificate_files()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.ca_file, key)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> ImapServer:
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
        """An account whose Sent folder is here."""
        values: dict[str, Any] = {
            "preset": PRESETS[self.dialect.preset],
            "address": ADDRESS,
            "username": ADDRESS,
            "password": PASSWORD,
            "from_name": "",
            "host": "127.0.0.1",
            "port": 1,
            "security": "ssl",
            "ca_file": self.ca_file,
            "imap_host": "127.0.0.1",
            "imap_port": self.port,
        }
        return SendingAccount(**(values | changes))

    def count(self, command: str) -> int:
        return sum(line.startswith(command) for line in self.commands)

    def _start(self, target: Any, *args: Any) -> None:
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

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            secured = self._context.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False
            )
            with self._lock:
                self._open.discard(plain)
                self._open.add(secured)
            with secured, secured.makefile("rb") as stream:
                secured.do_handshake()
                try:
                    _Session(self, secured, stream).run()
                finally:
                    # close() alone waits for the stream.
                    shut(secured)


class _Session:
    def __init__(self, server: ImapServer, connection: socket.socket, stream: Any) -> None:
        self.server = server
        self.dialect = server.dialect
        self.connection = connection
        self.stream = stream
        self.identified = False
        self.selected = False

    def run(self) -> None:
        greeting = f"* OK [CAPABILITY {self.dialect.capabilities}] ready"
        self.say(self.server.script.get("CONNECT", greeting.encode()))
        while line := self.stream.readline():
            match = TAGGED_LINE.fullmatch(line.decode().rstrip("\r\n"))
            assert match
            tag, command, rest = match[1], match[2].upper(), match[3]
            self.server.commands.append(f"{command} {rest}".strip())
            if command in self.server.script:
                self.say(self.server.script[command], tag)
            else:
                self.answer(tag, command, rest)
            if command == "LOGOUT":
                return

    def say(self, action: Any, tag: str = "") -> None:
        if callable(action):
            action = action(self, tag)
        if action is HANG_UP:
            raise HungUp
        if action is SILENCE:
            while self.stream.read(65536):
                pass
            raise HungUp
        self.connection.sendall(action.replace(b"{tag}", tag.encode()) + b"\r\n")

    def answer(self, tag: str, command: str, rest: str) -> None:
        handle = getattr(self, f"on_{command.lower()}", None)
        if handle is not None:
            lines, status = handle(rest)
            self.say(b"".join(line + b"\r\n" for line in lines) + f"{tag} {status}".encode())
        elif self.dialect.untagged_bad:
            self.say(b"* BAD Command Error")
        else:
            self.say(f"{tag} BAD unknown command".encode())

    def on_capability(self, _rest: str) -> tuple[list[bytes], str]:
        return [f"* CAPABILITY {self.dialect.capabilities}".encode()], "OK done"

    def on_login(self, rest: str) -> tuple[list[bytes], str]:
        if rest != f'"{ADDRESS}" "{PASSWORD}"':
            return [], "NO LOGIN Login error or password error"
        return [], "OK Success login ok"

    def on_id(self, _rest: str) -> tuple[list[bytes], str]:
        self.identified = True
        return [b'* ID ("name" "scripted" "vendor" NIL)'], "OK ID completed"

    def on_list(self, _rest: str) -> tuple[list[bytes], str]:
        folders = [
            b'* LIST (%s) "/" "%s"' % (attributes.encode(), encode_utf7(name))
            for name, attributes in self.dialect.folders.items()
        ]
        return folders, "OK LIST completed"

    def on_examine(self, rest: str) -> tuple[list[bytes], str]:
        if self.dialect.wants_id and not self.identified:
            return [], "NO EXAMINE Unsafe Login. Please contact kefu@188.com for help"
        if self.dialect.wants_quotes and not rest.startswith('"'):
            return [], "BAD EXAMINE parameters!"
        if rest.strip('"').encode() != encode_utf7(next(iter(self.dialect.folders))):
            return [], "NO it isn't that one"
        self.selected = True
        count = len(self.server.copies)
        return [b"* %d EXISTS" % count, b"* 0 RECENT"], "OK [READ-ONLY] EXAMINE completed"

    def on_search(self, rest: str) -> tuple[list[bytes], str]:
        assert self.selected
        match = re.fullmatch(r'SINCE (\S+) HEADER (\S+) "(.*)"', rest)
        assert match, rest
        day = datetime.strptime(match[1], "%d-%b-%Y").date()
        hits = [
            number
            for number, copy in enumerate(self.server.copies, 1)
            if match[3] in self.headers(number).get(match[2], "") and copy.received.date() >= day
        ]
        found = hits if self.server.search is None else self.server.search
        return [b" ".join([b"* SEARCH", *(b"%d" % n for n in found)])], "OK SEARCH completed"

    def on_fetch(self, rest: str) -> tuple[list[bytes], str]:
        assert self.selected
        numbers, _space, items = rest.partition(" ")
        assert items == "(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-OQ-MSGID)])"
        lines = []
        for number in map(int, numbers.split(",")):
            received = self.server.copies[number - 1].received.strftime("%d-%b-%Y %H:%M:%S %z")
            block = "".join(f"{k}: {v}\r\n" for k, v in self.headers(number).items()) + "\r\n"
            lines.append(
                f'* {number} FETCH (UID {number + 1000} INTERNALDATE "{received}" '
                f"BODY[HEADER.FIELDS (MESSAGE-ID X-OQ-MSGID)] {{{len(block)}}}\r\n{block})".encode()
            )
        return lines, "OK FETCH completed"

    def on_logout(self, _rest: str) -> tuple[list[bytes], str]:
        return [b"* BYE bye"], "OK LOGOUT completed"

    def headers(self, number: int) -> dict[str, str]:
        ours = self.server.copies[number - 1].message_id
        if self.dialect.own_ids:
            return {"Message-ID": f"<tencent_{number:040X}@qq.com>", "X-OQ-MSGID": ours}
        return {"Message-ID": ours}
