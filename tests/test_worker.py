"""`manage.py mailworker` as a process of its own: woken, stopped, killed."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.site_process import PATIENCE, SiteProcess, database, until
from tests.smtp_server import SILENCE, ScriptedServer

pytestmark = pytest.mark.long

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("PostgreSQL"))]


@pytest.fixture(params=DATABASES)
def site_for(request, tmp_path: Path) -> Iterator[Callable[[ScriptedServer], SiteProcess]]:
    with database(request.param, tmp_path) as url:
        yield lambda server: SiteProcess(tmp_path, server.environment(), url)


def test_a_plain_migrate_makes_the_cache_table_and_the_account(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
    assert site.rows("SELECT count(*) FROM mailcenter_cache") == [(0,)]
    assert site.rows("SELECT slug FROM mailcenter_account") == [("environment",)]


STATUS = "SELECT status FROM mailcenter_message ORDER BY id"
ATTEMPTS = "SELECT outcome, stage FROM mailcenter_attempt ORDER BY number"


def test_once_sends_what_is_due_and_says_so_in_one_line(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        site.queue()
        site.queue()
        output = site.manage("mailworker", "--once")
    assert len(server.accepted) == 2
    assert output.splitlines() == ["accepted 2, deferred 0, rejected 0, interrupted 0, uncertain 0"]


def test_a_waiting_worker_is_woken_by_the_commit_and_stops_on_sigterm(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        with site.worker() as worker:
            until(lambda: site.rows("SELECT 1 FROM mailcenter_account WHERE preset = 'practice'"))
            site.queue()
            until(lambda: site.rows(STATUS) == [("sent",)])
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
    assert len(server.accepted) == 1


@pytest.mark.needs("PostgreSQL")
def test_an_idle_worker_outlives_a_cut_connection(tmp_path):
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database("postgresql", tmp_path) as url, ScriptedServer() as server:
        site = SiteProcess(tmp_path, server.environment(), url)
        with site.worker() as worker:
            until(lambda: site.rows("SELECT 1 FROM mailcenter_account WHERE preset = 'practice'"))
            assert site.rows(others)
            site.queue()
            until(lambda: site.rows(STATUS) == [("sent",)])
            assert worker.poll() is None


def test_sigterm_lets_the_mail_in_hand_be_finished(site_for):
    answer = threading.Event()

    def wait_for_the_signal(_argument: str) -> None:
        answer.wait(PATIENCE)

    with ScriptedServer({"BODY": wait_for_the_signal}) as server:
        site = site_for(server)
        site.queue()
        with site.worker() as worker:
            until(lambda: site.rows(ATTEMPTS) == [("open", "body")])
            worker.send_signal(signal.SIGTERM)
            answer.set()
            assert worker.wait(PATIENCE) == 0
        assert site.rows(STATUS) == [("sent",)]


def test_a_heartbeat_keeps_the_lease_of_a_slow_mail(site_for):
    answer = threading.Event()

    def wait_for_the_test(_argument: str) -> None:
        answer.wait(PATIENCE)

    lease = "SELECT lease_expires_at FROM mailcenter_message"
    with ScriptedServer({"DATA": wait_for_the_test}) as server:
        site = site_for(server)
        site.queue()
        with site.worker(), site.worker():
            until(lambda: site.rows(STATUS) == [("sending",)])
            first = site.rows(lease)
            until(lambda: site.rows(lease) not in (first, [(None,)]))
            second = site.rows(lease)
            until(lambda: site.rows(lease) not in (second, [(None,)]))
            answer.set()
            until(lambda: site.rows(STATUS) == [("sent",)])
    assert len(server.accepted) == 1
    assert site.rows(ATTEMPTS) == [("accepted", "done")]


@pytest.mark.parametrize(
    ("verb", "left", "judged", "status"),
    [
        ("AUTH", ("open", "connect"), "interrupted", "sent"),
        ("DATA", ("open", "connect"), "interrupted", "sent"),
        ("BODY", ("open", "body"), "uncertain", "uncertain"),
    ],
)
def test_a_killed_worker_leaves_a_true_row_behind(site_for, verb, left, judged, status):
    with ScriptedServer({verb: [SILENCE]}) as server:
        site = site_for(server)
        site.queue()
        with site.worker() as worker:
            until(lambda: server.count(verb) or server.received)
            until(lambda: site.rows(ATTEMPTS) == [left])
            worker.kill()
            worker.wait()
        assert site.rows(ATTEMPTS) == [left]
        assert site.rows(STATUS) == [("sending",)]
        with site.worker():
            until(lambda: site.rows(STATUS) == [(status,)])
        assert site.rows(ATTEMPTS)[0][0] == judged
    assert len(server.accepted) == (1 if status == "sent" else 0)


HEARTBEATS = "SELECT name, engine, started_at, seen_at FROM mailcenter_workerheartbeat"


def test_a_worker_gives_signs_of_life_until_it_ends(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        with site.worker() as worker:
            [(name, engine, started_at, seen_at)] = until(lambda: site.rows(HEARTBEATS))
            assert (name, engine) == (f"{socket.gethostname()}:{worker.pid}", "embedded")
            until(lambda: site.rows(HEARTBEATS)[0][3] != seen_at)
            assert site.rows(HEARTBEATS)[0][2] == started_at
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
    assert site.rows(HEARTBEATS) == []


def test_the_last_sign_of_a_killed_worker_stays(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        with site.worker() as worker:
            until(lambda: site.rows(HEARTBEATS))
            worker.kill()
            worker.wait()
        [last] = site.rows(HEARTBEATS)
        with site.worker():
            until(lambda: len(site.rows(HEARTBEATS)) == 2)
        assert last in site.rows(HEARTBEATS)


def test_a_missing_code_stops_the_worker_with_one_clear_error(site_for):
    with ScriptedServer() as server:
        site = site_for(server)
        site.environment.update(MAIL_PROVIDER="qq", MAIL_ADDRESS="1@qq.com", MAIL_AUTH_CODE="")
        process = site.start("mailworker", "--once")
        _output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "mailcenter.E101" in errors
    assert "MAIL_AUTH_CODE" in errors
    assert "Traceback" not in errors
