"""A wire that is long: TCP in between that delays each byte, as a process of its own.

``python -m benchmarks.delay MILLISECONDS PORT…`` prints, as one line of JSON, the port that
leads to each given one over a round trip of so long; it ends with its standard input.

Bytes pass as they are, so TLS does too, and as many at a time as are written.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections import deque

# From the SYN to the moment when the server sees the connection, in halves of a round trip.
HANDSHAKE_HALVES = 3


class Half(asyncio.Protocol):
    """What comes in here goes out there, half a round trip later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.transport: asyncio.Transport | None = None
        self.there: Half | None = None
        self._on_the_way: deque[bytes | None] = deque()
        self._arrived = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._depart(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._depart(None)

    def connect(self, there: Half) -> None:
        self.there = there
        self._pass_on()

    def _depart(self, data: bytes | None) -> None:
        self._on_the_way.append(data)
        asyncio.get_running_loop().call_later(self.seconds, self._arrive)

    def _arrive(self) -> None:
        self._arrived += 1
        self._pass_on()

    def _pass_on(self) -> None:
        """As many pieces as have arrived, the oldest first, whichever timer fired."""
        out = self.there.transport if self.there else None
        if out is None:
            return
        while self._arrived:
            self._arrived -= 1
            data = self._on_the_way.popleft()
            if data is None:
                out.close()
            elif not out.is_closing():
                out.write(data)


class Near(Half):
    """The client's side: it believes itself connected at once, the server learns of it later."""

    def __init__(self, seconds: float, port: int) -> None:
        super().__init__(seconds)
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        await asyncio.sleep(HANDSHAKE_HALVES * self.seconds)
        far = Half(self.seconds)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self.port)
        except OSError:
            if self.transport:
                self.transport.close()
            return
        far.connect(self)
        self.connect(far)


async def serve(round_trip: float, ports: list[int]) -> None:
    """round_trip: seconds."""
    loop = asyncio.get_running_loop()

    async def listen(port: int) -> int:
        server = await loop.create_server(
            lambda: Near(round_trip / 2, port), "127.0.0.1", 0, backlog=512
        )
        return int(server.sockets[0].getsockname()[1])

    sys.stdout.write(json.dumps([await listen(port) for port in ports]) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    milliseconds, *ports = map(int, sys.argv[1:])
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(serve(milliseconds / 1000, ports))


if __name__ == "__main__":
    main()
