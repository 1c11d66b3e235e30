"""One connection of the fault proxy: what the client says, and what the server answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.smtp_conversation import HANG_UP, SILENCE

if TYPE_CHECKING:
    from tests.fault_proxy import FaultProxy

# HANG_UP, SILENCE, or a reply (CRLF is added unless it ends in a newline).
Action = object
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LINE_END = b"\r\n"
DOT = b"\r\n.\r\n"
CHUNK_BYTES = 65_536
CLOSE_SECONDS = 2


class HungUp(Exception):  # noqa: N818
    """Nothing more is passed on."""


class Direction:
    """Bytes on their way to one side, each for as long as the wire is."""

    def __init__(self, writer: asyncio.StreamWriter, seconds: float) -> None:
        self.writer = writer
        self.seconds = seconds
        # What was said in one write stays together, or Nagle's algorithm holds the answers back.
        self.pending = b""
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def flush(self) -> None:
        data, self.pending = self.pending, b""
        if data:
            self._put(data)

    def close(self) -> None:
        """After what is on its way."""
        self.flush()
        self._put(b"")

    def _put(self, data: bytes) -> None:
        self._queue.put_nowait((asyncio.get_running_loop().time() + self.seconds, data))

    async def run(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            while True:
                due, data = await self._queue.get()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                if not data:
                    break
                self.writer.write(data)
                await self.writer.drain()
            self.writer.close()
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.writer.wait_closed()


class Relay:
    def __init__(self, proxy: FaultProxy, client: Stream, server: Stream) -> None:
        self.proxy = proxy
        self.client, self.server = client[0], server[0]
        self.to_client = Direction(client[1], proxy.one_way_seconds)
        self.to_server = Direction(server[1], proxy.one_way_seconds)
        self.silent = False
        # What the server has yet to answer, in order: the verb, and what was seen of it.
        self.asked: deque[tuple[str, bytes]] = deque([("CONNECT", b"")])
        self.said = self.answered = self.reply = b""
        # From 354 to the final dot: the content so far, below the line end of DATA.
        self.content: bytearray | None = None
        self.logging_in = False

    async def run(self) -> None:
        readers = [
            asyncio.ensure_future(self._read(self.client, self._from_client)),
            asyncio.ensure_future(self._read(self.server, self._from_server)),
        ]
        try:
            await asyncio.gather(self.to_client.run(), self.to_server.run())
        finally:
            for task in readers:
                task.cancel()
            for direction in (self.to_client, self.to_server):
                direction.writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, take: Callable[[bytes], None]) -> None:
        with contextlib.suppress(OSError, HungUp):
            while data := await reader.read(CHUNK_BYTES):
                take(data)
                self.to_client.flush()
                self.to_server.flush()
        self.to_client.close()
        self.to_server.close()

    def _from_client(self, data: bytes) -> None:
        if not self.proxy.security:
            return self._pass_on(self.to_server, data)
        self.said += data
        # In one piece there may be several commands, and after a dot those of the next mail.
        while self.said:
            if self.content is not None:
                self._take_content()
            elif b"\n" in self.said:
                line, newline, self.said = self.said.partition(b"\n")
                self._take_command(line + newline)
            else:
                return None
        return None

    def _take_command(self, line: bytes) -> None:
        verb = line.split(b" ")[0].strip().upper().decode("ascii", "replace")
        # Nothing that decodes to a code is kept.
        verb, seen = ("AUTH", b"AUTH") if self.logging_in or verb == "AUTH" else (verb, line)
        if not self.logging_in:
            self._meet(verb, seen)
        self.logging_in = False
        self.asked.append((verb, seen))
        self._pass_on(self.to_server, line)

    def _take_content(self) -> None:
        assert self.content is not None
        piece, self.said = self.said, b""
        before = len(self.content)
        self.content += piece
        end = self.content.find(DOT, max(0, before - len(DOT)))
        # The line end before the dot belongs to the content.
        size = len(piece) if end < 0 else max(0, end + len(LINE_END) - before)
        first = before == len(LINE_END)
        half = size // 2 if first else size
        self._pass_on(self.to_server, piece[:half])
        if first:
            self._meet("CONTENT", bytes(self.content[len(LINE_END) :]))
        self._pass_on(self.to_server, piece[half:size])
        if end >= 0:
            after = end + len(DOT) - before
            self.said = piece[after:]
            seen = bytes(self.content[len(LINE_END) : end + len(LINE_END)])
            self.content = None
            self._meet("BODY", seen)
            self.asked.append(("BODY", seen))
            self._pass_on(self.to_server, piece[size:after])

    def _from_server(self, data: bytes) -> None:
        if not self.proxy.security:
            return self._pass_on(self.to_client, data)
        self.answered += data
        while b"\n" in self.answered:
            line, newline, self.answered = self.answered.partition(b"\n")
            self.reply += line + newline
            if line[3:4] != b"-":
                reply, self.reply = self.reply, b""
                self._take_reply(line[:3], reply)
        return None

    def _take_reply(self, code: bytes, reply: bytes) -> None:
        verb, seen = self.asked.popleft() if self.asked else ("", b"")
        self.logging_in = verb == "AUTH" and code == b"334"
        if not self.logging_in:
            action = self._meet(f"{verb}-REPLY", seen)
            if isinstance(action, bytes):
                reply = action if action.endswith(b"\n") else action + b"\r\n"
            elif verb == "DATA" and code == b"354":
                self.content = bytearray(LINE_END)
        self._pass_on(self.to_client, reply)

    def _meet(self, point: str, seen: bytes) -> Action:
        action = self.proxy.action_at(point, seen)
        if action is HANG_UP:
            raise HungUp
        self.silent = self.silent or action is SILENCE
        return action

    def _pass_on(self, direction: Direction, data: bytes) -> None:
        if not self.silent:
            direction.pending += data
