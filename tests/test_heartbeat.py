"""A worker's sign of life; how it stands with real workers is in the tests of each engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import send_mail
from django.db import OperationalError

from mailcenter.engines import heartbeat, rounds
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.engines.worker import Worker
from mailcenter.models import WorkerHeartbeat, worker_heartbeat
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db
SWEEP = timedelta(seconds=10)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Clock:
    settings.MAILCENTER = {**settings.MAILCENTER, "SWEEP_SECONDS": SWEEP.total_seconds()}
    clock = Clock()
    monkeypatch.setattr(heartbeat, "timezone", clock)
    monkeypatch.setattr(heartbeat, "time", clock)
    monkeypatch.setattr(worker_heartbeat, "timezone", clock)
    return clock


def test_it_writes_once_between_two_sweeps(clock: Clock, django_assert_num_queries: Any) -> None:
    worker = Heartbeat("host:1", "embedded")
    worker.beat()
    begun = clock.at
    clock.at += SWEEP / 2
    with django_assert_num_queries(0):
        worker.beat()
    clock.at += SWEEP / 2
    worker.beat()
    row = WorkerHeartbeat.objects.get()
    assert (row.name, row.engine) == ("host:1", "embedded")
    assert (row.started_at, row.seen_at) == (begun, clock.at)


def test_processes_of_a_host_give_one_sign(clock: Clock) -> None:
    Heartbeat("host", "celery").beat()
    begun = clock.at
    clock.at += SWEEP / 2
    Heartbeat("host", "celery").beat()
    row = WorkerHeartbeat.objects.get()
    assert (row.started_at, row.seen_at) == (begun, clock.at)


@pytest.mark.parametrize(("engine", "sweeps"), [("embedded", 6), ("celery", 30), ("tasks", 30)])
def test_who_is_silent_for_a_while_is_gone(clock: Clock, engine: str, sweeps: int) -> None:
    Heartbeat("host", engine).beat()
    clock.at += sweeps * SWEEP - timedelta(seconds=1)
    assert WorkerHeartbeat.objects.get().is_alive
    clock.at += timedelta(seconds=1)
    assert not WorkerHeartbeat.objects.get().is_alive

    Heartbeat("host", engine).beat()
    row = WorkerHeartbeat.objects.get()
    assert row.is_alive
    assert row.started_at == clock.at


def test_rare_sweeps_take_no_life(clock: Clock, settings: Any) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "SWEEP_SECONDS": 60}
    Heartbeat("host:1", "embedded").beat()
    clock.at += timedelta(seconds=179)
    assert WorkerHeartbeat.objects.get().is_alive


def test_who_is_silent_for_a_day_is_forgotten_by_the_others(clock: Clock) -> None:
    Heartbeat("lost:1", "embedded").beat()
    clock.at += timedelta(days=1)
    Heartbeat("host:1", "embedded").beat()
    assert WorkerHeartbeat.objects.count() == 2
    clock.at += SWEEP
    Heartbeat("host:2", "embedded").beat()
    assert not WorkerHeartbeat.objects.filter(name="lost:1")


def test_a_database_that_is_away_costs_a_line(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    def away(*args: Any) -> None:
        asked.append(True)
        raise OperationalError("the server is gone")

    monkeypatch.setattr(Heartbeat, "_write", away)
    monkeypatch.setattr(heartbeat.connection, "close", lambda: None)
    worker = Heartbeat("host:1", "embedded")
    worker.beat()
    worker.beat()
    assert len(asked) == 1
    assert caplog.text.count("the server is gone") == 1
    assert "Traceback" not in caplog.text
    clock.at += SWEEP
    worker.beat()
    assert len(asked) == 2


class Counter(Heartbeat):
    beats = 0

    def beat(self) -> None:
        self.beats += 1


@pytest.fixture
def queued(settings: Any) -> None:
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    send_mail("s", "t", None, ["a@example.com"])


@pytest.mark.django_db(transaction=True)
def test_a_host_gives_signs_while_it_sends(queued: None, send_through: Callable[..., None]) -> None:
    host = Counter("host", "celery")
    with ScriptedServer() as server:
        send_through(server)
        Worker(host).drain()
    assert len(server.accepted) == 1
    assert host.beats > 1


@pytest.mark.django_db(transaction=True)
def test_who_works_once_is_no_worker(queued: None, send_through: Callable[..., None]) -> None:
    with ScriptedServer() as server:
        send_through(server)
        Worker().run_once()
        rounds.sweep()
    assert len(server.accepted) == 1
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.parametrize(("engine", "rings"), [("embedded", 0), ("celery", 0), ("tasks", 2)])
def test_workers_that_know_nothing_but_tasks_are_asked_for_a_sign(
    clock: Clock, settings: Any, monkeypatch: pytest.MonkeyPatch, engine: str, rings: int
) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "ENGINE": engine}
    rung = []
    monkeypatch.setattr(rounds.doorbell, "ring", lambda: rung.append(True))
    monkeypatch.setattr(Worker, "sweep", lambda worker: None)
    rounds.sweep()
    Heartbeat("host", engine).beat()
    for _sweep in range(3):
        rounds.sweep()
        clock.at += SWEEP
    rounds.sweep()
    assert len(rung) == rings
