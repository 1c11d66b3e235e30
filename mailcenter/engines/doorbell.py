"""Wakes the workers. A ring that is lost costs delay, never a mail: they look by themselves too."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import connection

from mailcenter import conf

CHANNEL = "mailcenter"
SQLITE_LOOK_SECONDS = 0.05


def ring() -> None:
    """Called after the commit that queued a mail. On SQLite that commit itself is the ring."""
    # Imported here: their packages are not part of the default install.
    if conf.get("ENGINE") == "celery":
        from mailcenter.engines import celery

        celery.ring()
    elif conf.get("ENGINE") == "tasks":
        from mailcenter.engines import tasks

        tasks.ring()
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


class Doorbell:
    """Listens on this thread's database connection."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self._listening: Any = None
        self._version = 0

    def wait(self, seconds: float) -> bool:
        """Whether it rang; returns after ``seconds`` or when the worker stops at the latest."""
        if connection.vendor == "postgresql":
            return self._wait_for_notify(seconds)
        if connection.vendor == "sqlite":
            return self._wait_for_commit(seconds)
        self.stop.wait(seconds)
        return False

    def _wait_for_notify(self, seconds: float) -> bool:
        connection.ensure_connection()
        raw: Any = connection.connection
        if raw is not self._listening:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            # What was queued before is not announced: look once more before waiting.
            self._listening = raw
            return True
        # psycopg's own errors, as Django's, which the worker survives.
        with connection.wrap_database_errors:
            if any(raw.notifies(timeout=seconds, stop_after=1)):
                # One round of work answers all that have rung by now.
                list(raw.notifies(timeout=0))
                return True
        return False

    def _wait_for_commit(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self.stop.is_set():
            with connection.cursor() as cursor:
                # Changes when another connection commits; costs microseconds.
                cursor.execute("PRAGMA data_version")
                version = int(cursor.fetchone()[0])
            if version != self._version:
                self._version = version
                return True
            if (left := end - time.monotonic()) <= 0:
                break
            self.stop.wait(min(left, SQLITE_LOOK_SECONDS))
        return False
