"""Where the mail goes: each worker has a door of its own, all doors lead to the same place."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from tests.certificate import certificate_files
from tests.chaos.counting_server import CountingServer, Moment, Watcher, message_id_of, name_of
from tests.chaos.judging import Arrivals, Mail
from tests.fault_proxy import HANG_UP, FaultProxy
from tests.real_mail_server import RealMailServer
from tests.site_process import until
from tests.smtp_server import ADDRESS, PASSWORD

ADDRESS_IN_COMMAND = re.compile(rb"<([^@>]+@[^>]+)>")


class Door(Protocol):
    port: int

    def close(self) -> None: ...


class Servers(Protocol):
    """moments: what can be told apart here. looks: whether the site can look for lost mail."""

    moments: tuple[Moment, ...]
    looks: bool

    def open_door(self, watcher: Watcher) -> Door: ...

    def environment(self, port: int) -> dict[str, str]:
        """For a process that uses the door with that port."""

    def arrivals(self, mails: Collection[Mail]) -> Arrivals:
        """Once all doors are closed."""


class Counting:
    moments = tuple(Moment)
    looks = False

    def __init__(self) -> None:
        self._arrivals = Arrivals()
        self._lock = threading.Lock()

    def open_door(self, watcher: Watcher) -> Door:
        return CountingServer(watcher, self._count)

    def environment(self, port: int) -> dict[str, str]:
        certificate, _key = certificate_files()
        return {
            "MAIL_PROVIDER": "practice",
            "MAIL_ADDRESS": ADDRESS,
            "MAIL_AUTH_CODE": PASSWORD,
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": str(port),
            "MAIL_SECURITY": "ssl",
            "MAIL_CA_FILE": certificate,
        }

    def arrivals(self, mails: Collection[Mail]) -> Arrivals:
        return self._arrivals

    def _count(self, message_id: str, recipients: Sequence[str]) -> None:
        with self._lock:
            self._arrivals.update((message_id, address) for address in recipients)


# Points of the fault proxy. Behind it nobody knows what a client makes of the 354 or the 250.
POINTS = {
    "AUTH": Moment.AUTH,
    "MAIL": Moment.MAIL,
    "RCPT": Moment.RCPT,
    "DATA": Moment.DATA,
    "CONTENT": Moment.HALF_BODY,
    "BODY-REPLY": Moment.FINAL_DOT,
}


class Real:
    """Postfix and Dovecot, behind a proxy for each worker."""

    moments = (*POINTS.values(), Moment.ANY)
    looks = True

    def __init__(self, server: RealMailServer) -> None:
        self._server = server

    def open_door(self, watcher: Watcher) -> Door:
        return ProxyDoor(watcher, self._server.ports["ssl"])

    def environment(self, port: int) -> dict[str, str]:
        return self._server.environment(port=port)

    def arrivals(self, mails: Collection[Mail]) -> Arrivals:
        # Dovecot gets what Postfix has accepted.
        until(lambda: not self._server.queue())
        return Arrivals(
            (message_id_of(raw), address)
            for mail in mails
            for address in mail.recipients
            for raw in self._server.inbox(address)
        )


class ProxyDoor:
    def __init__(self, watcher: Watcher, target_port: int) -> None:
        self._watcher = watcher
        self._proxy = FaultProxy(target_port)
        for point, moment in POINTS.items():
            where = partial(self._reached, moment)
            self._proxy.on(point, HANG_UP, times=sys.maxsize, where=where)
        self._proxy.__enter__()
        self.port: int = self._proxy.port

    def close(self) -> None:
        self._proxy.__exit__()

    def _reached(self, moment: Moment, seen: bytes) -> bool:
        found = ADDRESS_IN_COMMAND.search(seen) if moment is Moment.RCPT else None
        mail = name_of(found[1].decode("ascii")) if found else ""
        dead = self._watcher.reached(moment, mail)
        if mail and not dead:
            # The 354 names no mail: what has a recipient may have a body soon.
            self._watcher.began(mail)
        return dead


@contextmanager
def servers(kind: str) -> Iterator[Servers]:
    """kind: "scripted" or "postfix"."""
    if kind == "scripted":
        yield Counting()
        return
    with RealMailServer() as server:
        yield Real(server)
