"""One connection of the scripted server, told from its side."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.smtp_server import ScriptedServer

# In place of a reply.
HANG_UP = object()
SILENCE = object()

# A reply (CRLF is added unless it ends in a newline), HANG_UP, SILENCE, or what picks one of
# these by the command's argument. A list is used up one by one; after it the default follows.
Action = Any


@dataclass
class ReceivedMail:
    """raw: without the doubled dots; accepted: the server said 250 to the final dot.

    refused: it said 4yz or 5yz. Neither where the client can't know.
    """

    sender: str
    recipients: list[str]
    raw: bytes
    accepted: bool
    refused: bool = False


class HungUp(OSError):  # noqa: N818
    """This conversation is over."""


class Chunks(io.RawIOBase):
    """What arrives, kept as it came: under TLS, a chunk is a record, and so one write."""

    def __init__(self, connection: socket.socket, chunks: list[bytes]) -> None:
        self.connection = connection
        self.chunks = chunks

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self.connection.recv_into(buffer)
        self.chunks.append(bytes(buffer[:size]))
        return size


class Conversation:
    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server = server
        self.talk_over(connection)
        self.mail: ReceivedMail | None = None

    def talk_over(self, connection: socket.socket) -> None:
        self.connection = connection
        # Of a TLS record's size, else a long one counts as two chunks.
        self.stream = io.BufferedReader(Chunks(connection, self.server.chunks), 16_384)

    def close(self) -> None:
        # close() alone waits for the stream.
        shut(self.connection)
        self.stream.close()
        self.connection.close()

    def run(self) -> None:
        self.act("CONNECT")
        while line := self.stream.readline():
            verb, _space, argument = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            self.server.commands.append(verb)
            handle = getattr(self, f"on_{verb.lower()}", None)
            if handle is not None:
                handle(argument)
            else:
                self.act(verb, argument)
            if verb == "QUIT":
                return

    def act(self, verb: str, argument: str = "", otherwise: bytes | None = None) -> bytes:
        """Do what the script says, or else ``otherwise``; returns the code that was sent."""
        return self.perform(self.server.next_action(verb, argument, otherwise))

    def perform(self, action: Action) -> bytes:
        if action is HANG_UP:
            raise HungUp
        if action is SILENCE:
            while self.stream.read(65536):
                pass
            raise HungUp
        if action:
            reply = action if action.endswith(b"\n") else action + b"\r\n"
            self.connection.sendall(reply)
        return action[:3]

    def on_starttls(self, _argument: str) -> None:
        if self.act("STARTTLS") == b"220":
            self.talk_over(self.server.secure(self.connection))

    def on_auth(self, argument: str) -> None:
        mechanism, _space, initial = argument.partition(" ")
        if mechanism.upper() == "XOAUTH2":
            self.on_token(argument, initial)
            return
        if mechanism.upper() == "PLAIN":
            _authzid, user, password = _decode(initial).split("\0")
        else:
            user, password = self.ask(b"334 VXNlcm5hbWU6"), self.ask(b"334 UGFzc3dvcmQ6")
        self.server.credentials.append((user, password))
        self.act("AUTH", argument)

    def on_token(self, argument: str, initial: str) -> None:
        """A script's 334 asks for an empty answer; its next action follows upon that."""
        user, token, *rest = _decode(initial).split("\x01")
        assert rest == ["", ""]
        self.server.credentials.append(
            (user.removeprefix("user="), token.removeprefix("auth=Bearer "))
        )
        if self.act("AUTH", argument) == b"334":
            if self.stream.readline() == b"\r\n":
                self.act("AUTH", argument)
            else:
                self.perform(b"501 not empty")

    def ask(self, challenge: bytes) -> str:
        self.connection.sendall(challenge + b"\r\n")
        return _decode(self.stream.readline().decode().strip())

    def on_mail(self, argument: str) -> None:
        accepted = self.act("MAIL", argument).startswith(b"2")
        self.mail = ReceivedMail(_path(argument), [], b"", False) if accepted else None

    def on_rcpt(self, argument: str) -> None:
        otherwise = None if self.mail else b"503 MAIL first."
        accepted = self.act("RCPT", _path(argument), otherwise).startswith(b"2")
        if accepted and self.mail:
            self.mail.recipients.append(_path(argument))

    def on_rset(self, argument: str) -> None:
        self.mail = None
        self.act("RSET", argument)

    def on_data(self, argument: str) -> None:
        mail, self.mail = self.mail or ReceivedMail("", [], b"", False), None
        if self.act("DATA", argument, None if mail.recipients else b"503 RCPT first.") != b"354":
            return
        lines: list[bytes] = []
        while (line := self.stream.readline()) != b".\r\n":
            if not line:
                raise HungUp
            if not lines:
                self.act("CONTENT")
            lines.append(line.removeprefix(b"."))
        mail.raw = b"".join(lines)
        action = self.server.next_action("BODY")
        # On record before the client can know.
        mail.accepted = isinstance(action, bytes) and action.startswith(b"2")
        mail.refused = isinstance(action, bytes) and action.startswith((b"4", b"5"))
        self.server.received.append(mail)
        self.perform(action)


def _path(argument: str) -> str:
    return argument.partition("<")[2].partition(">")[0]


def _decode(text: str) -> str:
    return base64.b64decode(text).decode()


def shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
