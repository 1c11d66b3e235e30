"""A worker process whose world breaks: the database away, the disk full, the clock wrong."""

from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests import components
from tests.site_process import PATIENCE, SiteProcess, database, until
from tests.smtp_server import SILENCE, ScriptedServer

pytestmark = pytest.mark.long

STATUS = "SELECT status FROM mailcenter_message ORDER BY id"
ATTEMPTS = "SELECT outcome FROM mailcenter_attempt ORDER BY id"


def awake(site: SiteProcess) -> bool:
    """The worker has begun."""
    return bool(site.rows("SELECT 1 FROM mailcenter_account WHERE preset = 'practice'"))


class Gate:
    """Holds the server's answer until the test has done what it wants meanwhile."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, _argument: str) -> None:
        self.reached.set()
        self.opened.wait(PATIENCE)


# The database is away


@contextmanager
def locked_sqlite(site: SiteProcess) -> Iterator[None]:
    path = site.database_url.removeprefix("sqlite:///")
    holder = sqlite3.connect(path, isolation_level=None, timeout=20)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@contextmanager
def refusing_postgresql(site: SiteProcess) -> Iterator[None]:
    name = site.database_url.rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(components.postgresql(), autocommit=True) as server:
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


# What the worker says once it has tried to write what this verb's reply led to.
NOT_WRITTEN = {
    "RCPT": "did not answer before the body",
    "BODY": "nothing is sent until it does",
}
AWAY = {"sqlite": locked_sqlite, "postgresql": refusing_postgresql}


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("PostgreSQL"))]
)
def kind(request) -> str:
    return request.param


@pytest.mark.parametrize("verb", ["RCPT", "BODY"])
def test_a_database_that_goes_away_loses_and_doubles_nothing(kind, verb, tmp_path: Path):
    """Before the body nothing is sent; after it the reply is kept until it can be written."""
    gate = Gate()
    with database(kind, tmp_path) as url, ScriptedServer({verb: [gate]}) as server:
        site = SiteProcess(tmp_path, server.environment(), url)
        if kind == "sqlite":
            # Nobody waits 20 s for a lock in a test.
            (tmp_path / "quick_settings.py").open("a").write(
                "DATABASES['default']['OPTIONS']['timeout'] = 0.1\n"
            )
        site.queue()
        with site.worker() as worker:
            assert gate.reached.wait(PATIENCE)
            with AWAY[kind](site):
                gate.opened.set()
                until(lambda: site.logged(NOT_WRITTEN[verb]))
                assert len(server.accepted) == (verb == "BODY")
            until(lambda: site.rows(STATUS) == [("sent",)])
            assert worker.poll() is None
    assert len(server.accepted) == 1


# The disk is full


def limit_files(pid: int, size: int) -> None:
    """No file of that process grows beyond ``size`` (bytes)."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("verb", ["RCPT", "BODY"])
def test_a_full_disk_loses_and_doubles_nothing(verb, tmp_path: Path):
    gate = Gate()
    with database("sqlite", tmp_path) as url, ScriptedServer({verb: [gate]}) as server:
        site = SiteProcess(tmp_path, server.environment(), url)
        site.queue()
        with site.worker() as worker:
            assert gate.reached.wait(PATIENCE)
            limit_files(worker.pid, 0)
            gate.opened.set()
            until(lambda: site.logged(NOT_WRITTEN[verb]))
            assert site.rows(STATUS) == [("sending",)]
            assert len(server.accepted) == (verb == "BODY")
            limit_files(worker.pid, resource.RLIM_INFINITY)
            until(lambda: site.rows(STATUS) == [("sent",)])
            assert worker.poll() is None
    assert len(server.accepted) == 1


# One bad mail


def test_a_mail_that_hangs_stalls_nothing_else(tmp_path: Path):
    def hang_for_the_first(path: str):
        return SILENCE if path == "slow@example.com" else None

    with (
        database("sqlite", tmp_path) as url,
        ScriptedServer({"RCPT": hang_for_the_first}) as server,
    ):
        site = SiteProcess(tmp_path, server.environment(), url)
        site.queue("first@example.com")
        with site.worker():
            until(lambda: len(server.accepted) == 1)
            site.queue("slow@example.com")
            until(lambda: site.rows("SELECT 1 FROM mailcenter_message WHERE status = 'sending'"))
            for number in range(5):
                site.queue(f"{number}@example.com")
            until(lambda: len(server.accepted) == 6)
            assert site.rows(
                "SELECT count(*) FROM mailcenter_message WHERE status = 'sending'"
            ) == [(1,)]


# The clock is wrong

CLOCK = """
import datetime, os, pathlib
from django.utils import timezone
_now = timezone.now
def now():
    return _now() + datetime.timedelta(seconds=float(pathlib.Path(os.environ["CLOCK"]).read_text()))
timezone.now = now
"""


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_in_the_middle_of_a_mail(jump, kind, tmp_path: Path):
    """Forwards the lease is over at once: nothing goes out under it, and the mail is sent anew."""
    gate = Gate()
    clock = tmp_path / "clock"
    clock.write_text("0")
    with database(kind, tmp_path) as url, ScriptedServer({"DATA": [gate]}) as server:
        site = SiteProcess(tmp_path, server.environment() | {"CLOCK": str(clock)}, url)
        (tmp_path / "quick_settings.py").open("a").write(CLOCK)
        site.queue()
        with site.worker() as worker:
            assert gate.reached.wait(PATIENCE)
            clock.write_text(str(jump))
            if jump > 0:
                until(lambda: site.rows(ATTEMPTS)[0] == ("interrupted",))
            gate.opened.set()
            until(lambda: site.rows(STATUS) == [("sent",)])
            assert worker.poll() is None
    assert len(server.accepted) == 1
