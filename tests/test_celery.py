"""Celery as the engine: real workers, a real beat and real brokers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

from mailcenter.engines import celery as engine
from mailcenter.engines import rounds
from mailcenter.engines.heartbeat import Heartbeat
from tests import components
from tests.site_process import PATIENCE, ROOT, SiteProcess, database, until
from tests.smtp_server import SILENCE, ScriptedServer

pytestmark = pytest.mark.long

PAIRS = [
    pytest.param(
        ("rabbitmq", "postgresql"),
        marks=[pytest.mark.needs("RabbitMQ"), pytest.mark.needs("PostgreSQL")],
        id="rabbitmq-postgresql",
    ),
    pytest.param(("redis", "sqlite"), marks=pytest.mark.needs("Redis"), id="redis-sqlite"),
]
STATUS = "SELECT status FROM mailcenter_message ORDER BY id"
ATTEMPTS = "SELECT outcome, stage FROM mailcenter_attempt ORDER BY id"
HEARTBEATS = "SELECT name, engine FROM mailcenter_workerheartbeat"


class CelerySite:
    """A site, and processes of its Celery app that share a queue with nobody else."""

    def __init__(
        self, folder: Path, server: ScriptedServer, broker: str, url: str, name: str
    ) -> None:
        self.folder, self.name = folder, name
        environment = {"MAIL_ENGINE": "celery", "CELERY_BROKER_URL": broker}
        self.site = SiteProcess(folder, {**server.environment(), **environment}, url)
        with (folder / "quick_settings.py").open("a") as settings:
            settings.write(
                "MAILCENTER['CONNECTIONS'] = 1\n"
                f"CELERY_TASK_DEFAULT_QUEUE = {name!r}\n"
                f"CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix'] = {name!r}\n"
                f"CELERY_BEAT_SCHEDULE_FILENAME = {str(folder / 'schedule')!r}\n"
            )

    def lease(self, seconds: int) -> None:
        """Longer than a busy machine may keep a heartbeat waiting."""
        with (self.folder / "quick_settings.py").open("a") as settings:
            settings.write(f"MAILCENTER['LEASE_SECONDS'] = {seconds}\n")

    def log(self, program: str) -> str:
        return (self.folder / f"{program}.log").read_text()

    @contextmanager
    def running(self, program: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """In a process group of its own, so that a kill takes the children along."""
        with (self.folder / f"{program}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "project", program, "-l", "INFO", *options],
                env=self.site.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill(process)

    @contextmanager
    def worker(self, concurrency: int = 2) -> Iterator[subprocess.Popen[bytes]]:
        alone = ("--without-gossip", "--without-mingle", "-n", f"{uuid.uuid4().hex}@%h")
        with self.running("worker", "-c", str(concurrency), *alone) as process:
            yield process

    @contextmanager
    def worker_and_beat(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.running("beat"), self.worker() as process:
            yield process


def kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def queue_of_our_own(broker: str) -> Iterator[tuple[str, str]]:
    """The broker's URL and a name; nothing is left of it afterwards."""
    url = {"rabbitmq": components.rabbitmq, "redis": components.redis}[broker]()
    name = f"mailcenter_test_{uuid.uuid4().hex[:10]}"
    try:
        yield url, name
    finally:
        with Connection(url) as connection:
            channel = connection.default_channel
            if broker == "redis":
                keys = list(channel.client.scan_iter(f"{name}*"))
                if keys:
                    channel.client.delete(*keys)
            else:
                Queue(name, channel=channel).delete()
                channel.exchange_delete(name)


@pytest.fixture(params=PAIRS)
def site_for(request, tmp_path: Path) -> Iterator[Callable[[ScriptedServer], CelerySite]]:
    broker, kind = request.param
    with database(kind, tmp_path) as url, queue_of_our_own(broker) as (broker_url, name):
        yield lambda server: CelerySite(tmp_path, server, broker_url, url, name)


def test_a_committed_mail_is_sent_without_waiting_for_a_beat(site_for):
    with ScriptedServer() as server:
        celery = site_for(server)
        with celery.worker():
            celery.site.queue()
            until(lambda: celery.site.rows(STATUS) == [("sent",)])
            assert celery.site.rows(HEARTBEATS) == [(socket.gethostname(), "celery")]
    assert len(server.accepted) == 1
    assert "mailcenter.deliver" in celery.log("worker")


@pytest.mark.parametrize("site_for", PAIRS[1:], indirect=True)
def test_an_idle_worker_gives_a_sign_of_life_with_each_sweep(site_for):
    seen = "SELECT seen_at FROM mailcenter_workerheartbeat"
    with ScriptedServer() as server:
        celery = site_for(server)
        with celery.worker_and_beat():
            first = until(lambda: celery.site.rows(seen))
            until(lambda: celery.site.rows(seen) != first)


@pytest.mark.parametrize(
    ("verb", "left", "judged", "status"),
    [
        ("DATA", ("open", "connect"), "interrupted", "sent"),
        ("BODY", ("open", "body"), "uncertain", "uncertain"),
    ],
)
def test_a_killed_worker_loses_nothing_and_doubles_nothing(site_for, verb, left, judged, status):
    with ScriptedServer({verb: [SILENCE]}) as server:
        celery = site_for(server)
        celery.site.queue()
        with celery.running("beat"), celery.worker() as worker:
            until(lambda: server.count(verb) or server.received)
            until(lambda: celery.site.rows(ATTEMPTS) == [left])
            kill(worker)
        with celery.worker_and_beat():
            until(lambda: celery.site.rows(STATUS) == [(status,)])
            celery.site.queue("next@example.com")
            until(lambda: celery.site.rows(STATUS) == [(status,), ("sent",)])
        assert celery.site.rows(ATTEMPTS)[0][0] == judged
    assert len(server.accepted) == (2 if status == "sent" else 1)


@pytest.mark.parametrize("site_for", PAIRS[1:], indirect=True)
def test_a_warm_shutdown_stops_after_the_mail_in_hand(site_for):
    answer = threading.Event()

    def wait_for_the_test(_argument: str) -> None:
        answer.wait(PATIENCE)

    with ScriptedServer({"BODY": wait_for_the_test}) as server:
        celery = site_for(server)
        celery.lease(60)
        for _mail in range(3):
            celery.site.queue()
        with celery.worker(concurrency=1) as worker:
            until(lambda: ("open", "body") in celery.site.rows(ATTEMPTS))
            worker.send_signal(signal.SIGTERM)
            until(lambda: "stops after the mail in hand" in celery.log("worker"))
            answer.set()
            assert worker.wait(PATIENCE) == 0
    # The second one may have been begun together with the first one's body.
    assert celery.site.rows(STATUS) in (
        [("sent",), ("queued",), ("queued",)],
        [("sent",), ("sent",), ("queued",)],
    )


DEAD_MAIL = """
from datetime import timedelta
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from mailcenter.models import Message
with transaction.atomic():
    send_mail('s', 't', None, ['dead@example.com'])
    now = timezone.now()
    Message.objects.filter(pk=Message.objects.latest('pk').pk).update(
        expires_at=now, next_attempt_at=now + timedelta(hours=1))
"""


@pytest.mark.parametrize("site_for", PAIRS[1:], indirect=True)
def test_a_sweep_does_not_wait_for_a_drain_that_lasts(site_for):
    answer = threading.Event()

    def wait_for_the_test(_argument: str) -> None:
        answer.wait(PATIENCE)

    with ScriptedServer({"BODY": wait_for_the_test}) as server:
        celery = site_for(server)
        celery.lease(60)
        celery.site.queue()
        with celery.worker(concurrency=1):
            until(lambda: celery.site.rows(ATTEMPTS) == [("open", "body")])
            celery.site.manage("shell", "--verbosity", "0", "--command", DEAD_MAIL)
            until(lambda: celery.site.rows(STATUS) == [("sending",), ("expired",)])
            answer.set()
            until(lambda: celery.site.rows(STATUS) == [("sent",), ("expired",)])


@contextmanager
def dead_port(how: str) -> Iterator[int]:
    """ "refused", or "silent": the connection is made, and nothing answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if how == "silent":
            listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_a_dead_broker_costs_a_ring_and_the_next_sweep_rings(site_for, how):
    with ScriptedServer() as server:
        celery = site_for(server)
        alive = celery.site.environment["CELERY_BROKER_URL"]
        scheme = alive.partition(":")[0]
        with dead_port(how) as port:
            celery.site.environment["CELERY_BROKER_URL"] = f"{scheme}://127.0.0.1:{port}/"
            celery.site.queue()
        assert celery.site.rows(STATUS) == [("queued",)]
        celery.site.environment["CELERY_BROKER_URL"] = alive
        with celery.worker_and_beat():
            until(lambda: celery.site.rows(STATUS) == [("sent",)])
    assert len(server.accepted) == 1


def test_a_dead_broker_is_left_alone_until_the_next_sweep(monkeypatch, caplog):
    asked = []

    def fail():
        asked.append(True)
        raise OperationalError("refused")

    monkeypatch.setattr(engine, "_producers", fail)
    monkeypatch.setattr(engine, "_silent_until", 0.0)
    monkeypatch.setattr(engine.time, "monotonic", lambda: now)
    now = 100.0
    engine.ring()
    engine.ring()
    assert len(asked) == 1
    assert "The broker does not answer" in caplog.text
    now += 10
    engine.ring()
    assert len(asked) == 2


@pytest.mark.django_db
def test_a_ring_for_nothing_costs_one_query(django_assert_num_queries):
    host = Heartbeat("host", "celery")
    host.beat()
    with django_assert_num_queries(1):
        rounds.deliver(engine._attended, host)


def test_a_ring_carries_nothing(monkeypatch):
    sent = {}
    monkeypatch.setattr(engine, "_producers", lambda: _Producers())
    monkeypatch.setattr(engine, "_silent_until", 0.0)
    monkeypatch.setattr(engine.deliver, "apply_async", lambda *args, **kw: sent.update(kw, a=args))
    engine.ring()
    assert sent["a"] == ()
    assert not {"args", "kwargs"} & set(sent)
    assert (sent["retry"], sent["delivery_mode"]) == (False, "transient")


class _Producers:
    @contextmanager
    def acquire(self, **options: object) -> Iterator[None]:
        yield None


def test_a_worker_without_the_engine_says_what_to_set(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAIL", "DJANGO"))}
    result = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "project", "worker"],
        env={**environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert result.returncode != 0
    assert "MAIL_ENGINE=celery" in result.stderr


def test_the_site_starts_without_celery():
    code = (
        "import sys; sys.modules['celery'] = sys.modules['kombu'] = None\n"
        "import django; django.setup()\n"
        "import mailcenter.outbox, project.wsgi"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAIL")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "DJANGO_SETTINGS_MODULE": "project.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
