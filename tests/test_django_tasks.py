"""Django Tasks as the engine, with a worker process of the database backend; and `mailsweep`."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.site_process import PATIENCE, SiteProcess, database, until
from tests.smtp_server import SILENCE, ScriptedServer

pytestmark = pytest.mark.long

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("PostgreSQL"))]
STATUS = "SELECT status FROM mailcenter_message ORDER BY id"
ATTEMPTS = "SELECT outcome, stage FROM mailcenter_attempt ORDER BY id"
TASKS = "SELECT status, args_kwargs FROM django_tasks_database_dbtaskresult"


@pytest.fixture(params=DATABASES)
def site_for(request, tmp_path: Path) -> Iterator[Callable[..., SiteProcess]]:
    with database(request.param, tmp_path) as url:

        def make(server: ScriptedServer, engine: str = "tasks", lease: int = 1) -> SiteProcess:
            site = SiteProcess(tmp_path, {**server.environment(), "MAIL_ENGINE": engine}, url)
            with (tmp_path / "quick_settings.py").open("a") as settings:
                settings.write(f"MAILCENTER |= {{'CONNECTIONS': 1, 'LEASE_SECONDS': {lease}}}\n")
            return site

        yield make


@contextmanager
def running(site: SiteProcess, *command: str) -> Iterator[subprocess.Popen[str]]:
    process = site.start(*command)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def worker(site: SiteProcess):
    return running(site, "db_worker", "--interval", "0.1", "--no-startup-delay")


def test_a_committed_mail_is_sent_by_a_task_that_carries_nothing(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        site.queue()
        with worker(site):
            until(lambda: site.rows(STATUS) == [("sent",)])
            until(lambda: site.rows(TASKS)[0][0] == "SUCCESSFUL")
    (stored,) = [row[1] for row in site.rows(TASKS)]
    stored = json.loads(stored) if isinstance(stored, str) else stored
    assert stored == {"args": [], "kwargs": {}}
    assert len(server.accepted) == 1


@pytest.mark.parametrize(
    ("verb", "left", "status"),
    [("DATA", ("open", "connect"), "sent"), ("BODY", ("open", "body"), "uncertain")],
)
def test_a_killed_worker_loses_nothing_and_doubles_nothing(site_for, verb, left, status):
    with ScriptedServer({verb: [SILENCE]}) as server:
        site = site_for(server)
        site.queue()
        with worker(site) as process:
            until(lambda: server.count(verb) or server.received)
            until(lambda: site.rows(ATTEMPTS) == [left])
            process.kill()
            process.wait()
        # The backend takes the task for running for ever; the sweep rings anew.
        with worker(site), running(site, "mailsweep", "--every", "0.2"):
            until(lambda: site.rows(STATUS) == [(status,)])
    assert len(server.accepted) == (1 if status == "sent" else 0)


def test_sigterm_stops_the_worker_after_the_mail_in_hand(site_for):
    stopping = threading.Event()

    def wait_for_the_signal(_argument: str) -> None:
        stopping.wait(PATIENCE)

    with ScriptedServer({"BODY": wait_for_the_signal}) as server:
        # Longer than a busy machine may keep a heartbeat waiting.
        site = site_for(server, lease=60)
        for _mail in range(12):
            site.queue()
        with worker(site) as process:
            until(lambda: ("open", "body") in site.rows(ATTEMPTS))
            process.send_signal(signal.SIGTERM)
            assert any("shutting down gracefully" in line for line in process.stderr)
            stopping.set()
            assert process.wait(PATIENCE) == 0
    # Some more may have been begun before the worker's own thread had its turn.
    first, *others, last = [status for (status,) in site.rows(STATUS)]
    assert (first, last) == ("sent", "queued")
    assert set(others) <= {"sent", "queued"}


DEAD_MAIL = """
from datetime import timedelta
from django.core.mail import send_mail
from django.utils import timezone
from mailcenter.models import Message
send_mail('s', 't', None, ['dead@example.com'])
Message.objects.update(expires_at=timezone.now() - timedelta(hours=1))
"""


@pytest.mark.parametrize("engine", ["embedded", "tasks"])
def test_mailsweep_does_one_sweep_under_every_engine(site_for, engine):
    with ScriptedServer() as server:
        site = site_for(server, engine)
        site.manage("shell", "--verbosity", "0", "--command", DEAD_MAIL)
        site.manage("mailsweep")
    assert site.rows(STATUS) == [("expired",)]


def test_an_idle_worker_gives_a_sign_of_life_and_mailsweep_none(site_for):
    sign = "SELECT name, engine FROM mailcenter_workerheartbeat"
    with ScriptedServer() as server:
        site = site_for(server)
        with running(site, "mailsweep", "--every", "0.1"):
            until(lambda: len(site.rows(TASKS)) > 1)
            assert site.rows(sign) == []
            with worker(site):
                until(lambda: site.rows(sign) == [(socket.gethostname(), "tasks")])


def test_mailsweep_repeats_until_sigterm(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        with running(site, "mailsweep", "--every", "0.1") as process:
            for _turn in range(2):
                site.manage("shell", "--verbosity", "0", "--command", DEAD_MAIL)
                until(lambda: {row[0] for row in site.rows(STATUS)} == {"expired"})
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0


def test_mailsweep_says_what_is_wrong_with_the_account(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        site.environment.update(MAIL_SECURITY="none")
        process = site.start("mailsweep")
        _output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "MAIL_SECURITY" in errors
    assert "Traceback" not in errors
