"""What a benchmark asks of each of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.core.mail import EmailMessage, get_connection
from django.core.management.color import no_style
from django.db import connection, transaction

from benchmarks import site
from benchmarks.wires import Wire, Wires

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

    def drain(self, run: Run) -> None:
        """Queue the letters and return when the sink has them all."""
        raise NotImplementedError

    def empty(self) -> None:
        """Forget all mails, so that each run begins alike."""
        if not self.app:
            return
        models = apps.get_app_config(self.app).get_models()
        tables = [model._meta.db_table for model in models if model.__name__ != "Account"]
        statements = connection.ops.sql_flush(no_style(), tables, allow_cascade=True)
        connection.ops.execute_sql_flush(statements)


def run_to_the_end(run: Run, commands: Sequence[subprocess.Popen[bytes]]) -> None:
    """For queues that are drained by a command which then exits."""
    try:
        for process in commands:
            process.communicate(timeout=LIMIT_SECONDS)
    finally:
        for process in commands:
            process.kill()
            process.wait()
    run.wires.wait_for(len(run.letters), seconds=1)
