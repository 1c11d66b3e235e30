"""A wire that fails where a test says: between the program and a real mail server.

    with FaultProxy(server.ports["ssl"]) as proxy:
        proxy.on("BODY-REPLY", HANG_UP)
        transport = open_transport(server.account(port=proxy.port))

The points: each verb before the command is passed on to the server, CONTENT when some of the
content has been and BODY before the final dot is; and CONNECT-REPLY, BODY-REPLY and each
VERB-REPLY when the server has answered and the client hasn't heard it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.certificate import certificate_files
from tests.fault_relay import HANG_UP, SILENCE, Action, Relay

__all__ = ["HANG_UP", "SILENCE", "FaultProxy"]


@dataclass
class Fault:
    point: str
    action: Action
    times: int
    where: Callable[[bytes], bool]


class FaultProxy:
    """security: "ssl" reads SMTP inside TLS on both sides; "" passes on bytes of any kind.

    one_way_seconds: how long each direction takes; half a round trip.
    """

    def __init__(
        self, target_port: int, *, security: str = "ssl", one_way_seconds: float = 0
    ) -> None:
        self.target_port = target_port
        self.security = security
        self.one_way_seconds = one_way_seconds
        self.connections = 0
        # What happened so far: the point, and the command or the content that was there.
        self.struck: list[tuple[str, bytes]] = []
        self._met: Counter[str] = Counter()
        self._faults: list[Fault] = []

    def on(
        self,
        point: str,
        action: Action,
        *,
        times: int = 1,
        where: Callable[[bytes], bool] = lambda seen: True,
    ) -> FaultProxy:
        """Do this there: HANG_UP, SILENCE from then on, or bytes in place of a reply.

        where: picks by the command line, or by the mail's content at CONTENT and BODY.
        """
        assert self.security, "bytes have no points"
        assert point.endswith("-REPLY") or not isinstance(action, bytes), "no reply to replace"
        self._faults.append(Fault(point, action, times, where))
        return self

    def count(self, point: str) -> int:
        """How often the conversations came to ``point``."""
        return self._met[point]

    def action_at(self, point: str, seen: bytes) -> Action | None:
        self._met[point] += 1
        for fault in self._faults:
            if fault.point == point and fault.times and fault.where(seen):
                fault.times -= 1
                self.struck.append((point, seen))
                return fault.action
        return None

    def __enter__(self) -> FaultProxy:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        accept = asyncio.start_server(self._relay, sock=self._listener, ssl=self._server_context())
        server = self._loop.run_until_complete(accept)
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _relay(self, *client: Any) -> None:
        self.connections += 1
        # As asyncio does for the connections that it opens.
        accepted = client[1].get_extra_info("socket")
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Cancelled when the test is over.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                server = await asyncio.open_connection(
                    "127.0.0.1", self.target_port, ssl=self._client_context()
                )
                await Relay(self, client, server).run()
            finally:
                client[1].close()

    def _server_context(self) -> ssl.SSLContext | None:
        if not self.security:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate_files(""))
        return context

    def _client_context(self) -> ssl.SSLContext | None:
        if not self.security:
            return None
        return ssl.create_default_context(cafile=certificate_files("")[0])
