"""A worker's sign of life. Somebody looks at it; nothing that is sent depends on it."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from mailcenter import conf
from mailcenter.models import WorkerHeartbeat
from mailcenter.models.worker_heartbeat import alive_for

logger = logging.getLogger(__name__)

# Who has been silent for so long is forgotten.
FORGOTTEN = timedelta(days=1)


class Heartbeat:
    """Beaten by the thread that does the work, so that its silence tells where it hangs.

    name: of the worker; or of its host, whose processes all give the same sign.
    engine: a value of MAILCENTER["ENGINE"].
    """

    def __init__(self, name: str, engine: str) -> None:
        self.name = name
        self.engine = engine
        self._beaten_at = -float("inf")

    def beat(self) -> None:
        """To be called often; it writes once in SWEEP_SECONDS."""
        if time.monotonic() - self._beaten_at < conf.get("SWEEP_SECONDS"):
            return
        # First, so that a database that is away is not asked again at once.
        self._beaten_at = time.monotonic()
        try:
            self._write(timezone.now())
        except DatabaseError as error:
            _log(error)

    def forget(self) -> None:
        """For a worker that begins, whose name another one may have had, or that stops."""
        try:
            WorkerHeartbeat.objects.filter(name=self.name).delete()
        except DatabaseError as error:
            _log(error)

    def _write(self, now: datetime) -> None:
        rows = WorkerHeartbeat.objects.all()
        living = rows.filter(name=self.name, seen_at__gt=now - alive_for(self.engine))
        if not living.update(seen_at=now):
            row = WorkerHeartbeat(name=self.name, engine=self.engine, started_at=now, seen_at=now)
            columns = ["engine", "started_at", "seen_at"]
            rows.bulk_create(
                [row], update_conflicts=True, unique_fields=["name"], update_fields=columns
            )
        rows.filter(seen_at__lt=now - FORGOTTEN).delete()


def is_wanted() -> bool:
    """Whether no worker has given a sign for a while, although it may only have had no work.

    Django Tasks' workers know nothing of ours but the tasks that they run.
    """
    if conf.get("ENGINE") != "tasks":
        return False
    lately = timezone.now() - alive_for("tasks") / 10
    return not WorkerHeartbeat.objects.filter(seen_at__gt=lately).exists()


def _log(error: DatabaseError) -> None:
    logger.warning("A sign of life could not be written: %s", error)
    connection.close()
