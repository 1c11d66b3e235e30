"""What a run is made of."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.broker import queue_of_our_own
from tests.site_process import ROOT

CELERY = (sys.executable, "-m", "celery", "-A", "project")
COMPONENTS = {
    "rabbitmq": "RabbitMQ",
    "redis": "Redis",
    "postgresql": "PostgreSQL",
    "postfix": "Postfix and Dovecot",
}


@dataclass(frozen=True)
class Configuration:
    """broker: "", "rabbitmq" or "redis"; "" is the embedded engine.

    database: "sqlite" or "postgresql". server: "scripted" or "postfix".
    """

    broker: str
    database: str
    server: str

    def __str__(self) -> str:
        engine = f"Celery on {COMPONENTS[self.broker]}" if self.broker else "embedded"
        return f"{engine}, {COMPONENTS.get(self.database, 'SQLite')}, {self.server}"

    @property
    def needs(self) -> list[str]:
        """By their names in tests/components.py."""
        used = (self.broker, self.database, self.server)
        return [COMPONENTS[part] for part in used if part in COMPONENTS]

    @property
    def worker(self) -> list[str]:
        """The command of one worker."""
        if not self.broker:
            return [sys.executable, str(ROOT / "manage.py"), "mailworker"]
        # Waiting for answers of those that were killed costs seconds at each start.
        alone = ("--without-gossip", "--without-mingle")
        return [*CELERY, "worker", *alone, "-n", f"{uuid.uuid4().hex}@%h"]

    @property
    def beside(self) -> list[list[str]]:
        """Commands that run beside the workers, and aren't killed."""
        return [[*CELERY, "beat"]] if self.broker else []

    @contextmanager
    def engine(self, folder: Path) -> Iterator[tuple[dict[str, str], str]]:
        """Variables for the site's processes, and what its settings module says besides."""
        if not self.broker:
            yield {}, ""
            return
        with queue_of_our_own(self.broker) as (url, name):
            settings = (
                f"CELERY_TASK_DEFAULT_QUEUE = {name!r}\n"
                f"CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix'] = {name!r}\n"
                f"CELERY_BEAT_SCHEDULE_FILENAME = {str(folder / 'schedule')!r}\n"
            )
            yield {"MAIL_ENGINE": "celery", "CELERY_BROKER_URL": url}, settings


ALL = [
    Configuration(broker, database, "scripted")
    for broker in ("", "rabbitmq", "redis")
    for database in ("sqlite", "postgresql")
] + [Configuration("", database, "postfix") for database in ("sqlite", "postgresql")]
