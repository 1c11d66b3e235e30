"""On PostgreSQL no worker waits for a lock that another one holds, and no two disagree."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import timezone

from mailcenter import delivery
from mailcenter.engines.worker import Worker
from mailcenter.models import Account, Attempt, Message
from mailcenter.transports import open_transport
from tests.leases import begin_body, lease, lease_one, open_attempt, sweep
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


def queue() -> Message:
    EmailMessage("subject", "text", None, ["a@example.com"]).send()
    return Message.objects.latest("pk")


class Elsewhere:
    """Another worker's connection, held inside a transaction until ``finish``."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._begun, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Elsewhere:
        self._thread.start()
        assert self._begun.wait(PATIENCE)
        return self

    def __exit__(self, *exc: object) -> None:
        self.finish()

    def finish(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        with transaction.atomic():
            self._act()
            self._begun.set()
            self._end.wait(PATIENCE)
        connection.close()


def work_within(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = %s", [f"{seconds}s"])
    Worker().run_once()


def test_a_frozen_worker_holds_up_nobody(send_through):
    with ScriptedServer() as server:
        send_through(server)
        stuck = queue()
        assert lease("frozen")
        live = queue()
        past = timezone.now() - timedelta(seconds=1)
        Message.objects.filter(pk=stuck.pk).update(lease_expires_at=past)
        with Elsewhere(lambda: Message.objects.select_for_update().get(pk=stuck.pk)):
            work_within(5)
            assert Message.objects.get(pk=live.pk).status == Message.Status.SENT


def test_a_result_does_not_wait_for_the_accounts_row(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        job = lease_one("worker")
        open_attempt(job)
        transport = open_transport(job.account)
        receipt = transport.send(job.envelope, job.raw, lambda stage: None)
        transport.close()
        with Elsewhere(lambda: Account.objects.select_for_update().get()):
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            assert delivery.write([(job, receipt)], [], []).closed == {job}
        assert Message.objects.get(pk=message.pk).status == Message.Status.SENT


def test_a_sweep_waits_for_a_stage_that_is_being_committed(send_through):
    """Else it would call "interrupted" what is about to send its body."""
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        claimed = lease_one("worker")
        open_attempt(claimed)

        def commit_the_body() -> None:
            assert begin_body(claimed)

        with Elsewhere(commit_the_body):
            past = timezone.now() - timedelta(seconds=1)
            Message.objects.filter(pk=message.pk).update(lease_expires_at=past)
            sweep()
            assert Message.objects.get().status == Message.Status.SENDING
        sweep()
    assert Message.objects.get().status == Message.Status.UNCERTAIN
    assert Attempt.objects.get().outcome == Attempt.Outcome.UNCERTAIN
