"""A site with a database of its own, and its commands as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests import components

ROOT = Path(__file__).parent.parent
PATIENCE = 30  # seconds


class SiteProcess:
    def __init__(self, folder: Path, environment: dict[str, str], database_url: str) -> None:
        settings = folder / "quick_settings.py"
        settings.write_text(
            "from project.settings import *\n"
            "MAILCENTER |= {'LEASE_SECONDS': 1, 'SWEEP_SECONDS': 0.2, 'RETRY_BASE_SECONDS': 1}\n"
        )
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAIL", "EMAIL_URL"))}
        self.environment = {
            **inherited,
            **environment,
            "DJANGO_SETTINGS_MODULE": "quick_settings",
            "PYTHONPATH": f"{folder}:{ROOT}",
            "DATABASE_URL": database_url,
            "LC_ALL": "C.UTF-8",
        }
        self.database_url = database_url
        self.log: list[str] = []
        self.manage("migrate", "--verbosity", "0")

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *command],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manage(self, *command: str) -> str:
        process = self.start(*command)
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        return output

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """Its log lines gather in ``log``: a pipe that nobody empties would stop it."""
        process = self.start("mailworker")
        reader = threading.Thread(target=self._read, args=[process.stderr], daemon=True)
        reader.start()
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            reader.join()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.log.append(line)

    def logged(self, words: str) -> bool:
        """Whether a worker has written a line with these words."""
        return any(words in line for line in list(self.log))

    def queue(self, address: str = "a@example.com") -> None:
        code = "from django.core.mail import send_mail; send_mail('s', 't', None, ['%s'])"
        self.manage("shell", "--verbosity", "0", "--command", code % address)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self.database_url.startswith("sqlite"):
            import sqlite3

            with sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=20) as lite:
                return lite.execute(query).fetchall()
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: "sqlite" or "postgresql"."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'site.sqlite3'}"
        return
    server = components.postgresql()
    name = f"mailcenter_test_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield server.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def until(condition: Callable[[], Any]) -> Any:
    """Wait for it, and return what it says."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.02)
    return value
