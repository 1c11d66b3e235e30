"""What a benchmark asks of each of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.core.mail import EmailMessage, get_connection
from django.core.management.color import no_style
from django.db import connection, transaction

from benchmarks import site
from benchmarks.wires import LOOK_SECONDS, Wire, Wires

# No single run takes longer (seconds).
LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Run:
    """One drain: these letters, to the sink, over this wire."""

    letters: Sequence[EmailMessage]
    wire: Wire
    wires: Wires

    def start(self, *command: str, **changes: str) -> subprocess.Popen[bytes]:
        """A command of the site as a process; its standard output is a pipe."""
        account = site.account(dict(os.environ), self.wires.ports[self.wire], self.wire.tls)
        with (Path(os.environ["BENCH_FOLDER"]) / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, str(site.ROOT / "manage.py"), *command],
                env={**os.environ, **account, **changes, "PYTHONUNBUFFERED": "1"},
                cwd=os.environ["BENCH_FOLDER"],
                stdout=subprocess.PIPE,
                stderr=log,
            )


class Contender:
    """name: how tables call it. backend: what its site has as EMAIL_BACKEND.

    app: the label of the Django app that keeps its queue. package: what has to be installed.
    """

    name: str
    backend: str
    app: str = ""
    package: str = "django"

    def available(self) -> bool:
        return find_spec(self.package) is not None

    def queue(self, letters: Sequence[EmailMessage]) -> None:
        """All in one transaction."""
        with transaction.atomic():
            get_connection(self.backend).send_messages(letters)

    def drain(self, run: Run) -> float:
        """Queue the letters; when (time.monotonic()) the sink had and the queue forgot them all."""
        raise NotImplementedError

    def waiting(self) -> bool:
        """Whether the queue still holds a mail that it has not noted as sent."""
        return False

    def drained_at(self, run: Run) -> float:
        """Looks at the queue only once the sink has all mails, so as not to disturb it."""
        run.wires.wait_for(len(run.letters), LIMIT_SECONDS)
        end = time.monotonic() + LIMIT_SECONDS
        while self.waiting():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} does not note its last mails as sent")
            time.sleep(LOOK_SECONDS)
        return time.monotonic()

    def empty(self) -> None:
        """Forget all mails, so that each run begins alike."""
        if not self.app:
            return
        models = apps.get_app_config(self.app).get_models()
        tables = [model._meta.db_table for model in models if model.__name__ != "Account"]
        statements = connection.ops.sql_flush(no_style(), tables, allow_cascade=True)
        connection.ops.execute_sql_flush(statements)


def run_to_the_end(
    contender: Contender, run: Run, commands: Sequence[subprocess.Popen[bytes]]
) -> float:
    """For queues that are drained by a command which then exits; see Contender.drain()."""
    try:
        at = contender.drained_at(run)
        for process in commands:
            process.communicate(timeout=LIMIT_SECONDS)
    finally:
        for process in commands:
            process.kill()
            process.wait()
    return at
