"""Renews the lease of the mail in hand while the worker waits for the server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError
from django.db import connection

from mailcenter import conf, delivery

logger = logging.getLogger(__name__)


class Heartbeat:
    """A thread with a database connection of its own, from ``with`` to the block's end."""

    def __init__(self) -> None:
        self._owner = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()

    @contextmanager
    def holding(self, owner: str) -> Iterator[None]:
        """Renew what ``owner`` holds, and only as long as it is in hand."""
        self._owner = owner
        try:
            yield
        finally:
            self._owner = ""

    def _run(self) -> None:
        try:
            while not self._end.wait(conf.get("LEASE_SECONDS") / 3):
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        if not self._owner:
            return
        try:
            delivery.renew(self._owner)
        except DatabaseError:
            logger.exception("A heartbeat could not be written.")
            connection.close()
