"""What breaks in the middle: the database, the lease, the worker. Nothing lost, nothing doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import DataError, OperationalError
from django.utils import timezone

from mailcenter import resend
from mailcenter.delivery import closing
from mailcenter.engines import keeper
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import TransportError
from mailcenter.models import Account, Attempt, Message, Recipient
from mailcenter.models import attempt as attempt_module
from mailcenter.models import message as message_module
from mailcenter.replies import Reply, Stage
from mailcenter.transports.base import Transcript
from tests.leases import lease, lease_one, open_attempt, sweep
from tests.smtp_server import HANG_UP, ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

Status = Message.Status
Outcome = Attempt.Outcome


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


def queue(*recipients: str) -> Message:
    EmailMessage("subject", "text", None, list(recipients or ["a@example.com"])).send()
    return Message.objects.latest("pk")


def work() -> Worker:
    worker = Worker()
    worker.run_once()
    return worker


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def end_lease(message: Message) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(lease_expires_at=past)


def during(server: ScriptedServer, verb: str, act, reply=None) -> None:
    """Act while the server makes the client wait for its answer to ``verb``."""

    def answer(_argument: str):
        act()
        server.script.pop(verb)
        return reply

    server.script[verb] = answer


@pytest.mark.parametrize(
    ("reply", "status", "outcome"),
    [
        (None, Status.SENT, Outcome.ACCEPTED),
        (b"550 Mailbox not found", Status.FAILED, Outcome.REJECTED),
        (b"451 Later", Status.QUEUED, Outcome.DEFERRED),
        (HANG_UP, Status.UNCERTAIN, Outcome.UNCERTAIN),
    ],
)
def test_a_lease_that_ended_unnoticed_loses_no_result(send_through, reply, status, outcome):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        during(server, "BODY", lambda: end_lease(message), reply)
        work()
    assert again(message).status == status
    assert message.attempts.get().outcome == outcome


@pytest.mark.parametrize(
    ("reply", "status"),
    [(b"550 Mailbox not found", Status.FAILED), (b"451 Later", Status.QUEUED)],
)
def test_a_refusal_that_comes_after_the_judgement_puts_it_right(send_through, reply, status):
    def judge() -> None:
        end_lease(message)
        sweep()
        assert again(message).status == Status.UNCERTAIN

    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        during(server, "BODY", judge, reply)
        work()
    assert again(message).status == status


def test_a_late_result_leaves_a_newer_attempt_alone(send_through):
    def another_worker_begins() -> None:
        end_lease(message)
        sweep()
        claimed = lease_one("another")
        assert claimed
        assert open_attempt(claimed)

    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        during(server, "RCPT", another_worker_begins, b"550 User unknown")
        work()
    assert again(message).status == Status.SENDING
    assert Recipient.objects.get().status == Recipient.Status.QUEUED
    first, second = message.attempts.order_by("number")
    assert (first.outcome, second.outcome) == (Outcome.REJECTED, Outcome.OPEN)


def test_a_result_is_written_when_the_database_answers_again(send_through, monkeypatch):
    fails = [OperationalError("gone"), OperationalError("gone")]
    result = closing._result

    def fail_twice(*args, **kwargs) -> tuple:
        if fails:
            raise fails.pop()
        return result(*args, **kwargs)

    monkeypatch.setattr(closing, "_result", fail_twice)
    monkeypatch.setattr(keeper, "DATABASE_PAUSE_SECONDS", 0)
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        work()
    assert not fails
    assert len(server.accepted) == 1
    assert again(message).status == Status.SENT


def test_what_a_broken_claim_leaves_is_judged_and_not_sent_again(send_through, monkeypatch):
    def fail(*args, **kwargs) -> None:
        raise DataError("cannot be stored")

    with ScriptedServer() as server:
        send_through(server)
        lost = queue()
        with monkeypatch.context() as broken:
            broken.setattr(closing, "_result", fail)
            assert work().counts == {}
        other = queue("b@example.com")
        assert work().counts == {"accepted": 1}
        assert [mail.recipients for mail in server.accepted] == [
            ["a@example.com"],
            ["b@example.com"],
        ]
        assert again(other).status == Status.SENT
        end_lease(lost)
        sweep()
    assert again(lost).status == Status.UNCERTAIN


def test_a_stage_that_cant_be_committed_sends_no_body_and_is_tried_again(send_through, monkeypatch):
    lock = attempt_module.AttemptQuerySet.begin_bodies
    with ScriptedServer() as server:
        send_through(server)
        message = queue()

        def database_gone() -> None:
            def fail_once(self, keys, now):
                monkeypatch.setattr(attempt_module.AttemptQuerySet, "begin_bodies", lock)
                raise OperationalError("gone")

            monkeypatch.setattr(attempt_module.AttemptQuerySet, "begin_bodies", fail_once)

        during(server, "DATA", database_gone)
        work()
        assert not server.received
    assert again(message).status == Status.QUEUED
    attempt = message.attempts.get()
    assert attempt.outcome == Outcome.DEFERRED
    assert "database did not answer" in attempt.reply_text


@pytest.mark.parametrize("second", [HANG_UP, b"421 closing transmission channel"])
def test_a_broken_connection_fails_only_who_was_refused_by_name(send_through, second):
    with ScriptedServer({"RCPT": [b"550 User unknown", second]}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com", "c@example.com")
        work()
        assert again(message).status == Status.QUEUED
        Message.objects.hurry(timezone.now())
        work()
    assert [mail.recipients for mail in server.accepted] == [["b@example.com", "c@example.com"]]
    assert again(message).status == Status.SENT


def test_one_recipients_account_wide_refusal_pauses_the_account(send_through):
    refusal = b"550 Too many attempts. Unable to send. Try again later"
    with ScriptedServer({"RCPT": [b"250 OK", refusal]}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
    assert Account.objects.get().is_paused
    assert again(message).status == Status.QUEUED
    assert [mail.recipients for mail in server.accepted] == [["a@example.com"]]


def test_a_mail_that_nobody_is_left_to_get_makes_no_attempt(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        Recipient.objects.update(status=Recipient.Status.REJECTED)
        work()
    assert again(message).status == Status.FAILED
    assert not message.attempts.exists()
    assert server.connections == 0


@pytest.mark.parametrize("end", ["expire", "cancel"])
def test_a_mail_that_somebody_got_is_never_called_unsent(end):
    message = queue("a@example.com", "b@example.com")
    Recipient.objects.filter(address="a@example.com").update(status="accepted")
    maybe = queue()
    Message.objects.filter(pk=maybe.pk).update(possible_duplicate=True)
    never = queue()
    now = timezone.now()
    Message.objects.update(expires_at=now)
    getattr(Message.objects.all(), end)(now)
    assert again(message).status == Status.SENT
    assert again(maybe).status == Status.UNCERTAIN
    unsent = Status.EXPIRED if end == "expire" else Status.CANCELLED
    assert again(never).status == unsent


def test_very_many_dead_mails_expire_in_slices(monkeypatch):
    monkeypatch.setattr(message_module, "SLICE", 2)
    for _mail in range(5):
        queue()
    Message.objects.update(expires_at=timezone.now())
    assert Message.objects.expire(timezone.now()) == 5
    assert set(Message.objects.values_list("status", flat=True)) == {"expired"}


def test_a_sweep_that_fails_for_one_row_does_the_rest(send_through, monkeypatch, caplog):
    with ScriptedServer() as server:
        send_through(server)
        stuck, freed, dead = queue(), queue(), queue()
        for _claim in range(2):
            assert lease("dead worker")
        end_lease(stuck)
        end_lease(freed)
        Message.objects.filter(pk=dead.pk).update(expires_at=timezone.now())
        requeue = message_module.MessageQuerySet.requeue
        fails = [True]

        def fail_once(self, *args, **kwargs):
            if fails:
                fails.clear()
                raise ZeroDivisionError
            return requeue(self, *args, **kwargs)

        monkeypatch.setattr(message_module.MessageQuerySet, "requeue", fail_once)
        sweep()
    statuses = sorted(Message.objects.values_list("status", flat=True))
    assert statuses == ["expired", "queued", "sending"]
    assert "ZeroDivisionError" in caplog.text


def test_a_mail_that_kills_each_of_its_workers_is_given_up(settings):
    settings.MAILCENTER = {**settings.MAILCENTER, "RETRY_MAX_ATTEMPTS": 3}
    message = queue()
    waits = []
    for _death in range(3):
        Message.objects.hurry(timezone.now())
        claimed = lease_one("dead worker")
        assert claimed
        open_attempt(claimed)
        end_lease(message)
        sweep()
        waits.append((again(message).next_attempt_at - timezone.now()).total_seconds())
    assert waits[0] <= 0 < waits[1]
    assert again(message).status == Status.FAILED
    assert {attempt.outcome for attempt in message.attempts.all()} == {Outcome.INTERRUPTED}


def accepted_by(server: ScriptedServer) -> list[list[str]]:
    return [mail.recipients for mail in server.accepted]


def test_a_late_250_counts_although_another_attempt_was_refused(send_through):
    def another_worker_begins() -> None:
        end_lease(message)
        sweep()
        Message.objects.hurry(timezone.now())
        second.append(lease_one("another"))
        opened.append(open_attempt(second[0]))

    second, opened = [], []
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        Message.objects.update(kind="login_code")
        during(server, "BODY", another_worker_begins)
        work()
    assert message.attempts.get(number=1).outcome == Outcome.ACCEPTED
    assert Recipient.objects.get().status == Recipient.Status.ACCEPTED
    refusal = TransportError(Reply(550, "User unknown"), Stage.RCPT, transcript=Transcript())
    closing.close_failed(second[0], refusal)
    assert again(message).status == Status.SENT
    assert Recipient.objects.get().status == Recipient.Status.ACCEPTED


def test_a_late_temporary_refusal_is_not_called_final(send_through):
    def another_worker_begins() -> None:
        end_lease(message)
        sweep()
        assert open_attempt(lease_one("another"))

    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        during(server, "RCPT", another_worker_begins, b"451 Later")
        work()
    assert message.attempts.get(number=1).outcome == Outcome.DEFERRED


def test_a_partly_accepted_mail_that_is_given_up_has_nobody_pending(send_through):
    with ScriptedServer({"RCPT": [b"250 OK", b"451 Later"]}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
        accepted_at = again(message).sent_at
        assert accepted_at
        operator = get_user_model().objects.create_superuser("operator")
        assert resend.cancel(again(message), operator).status == Status.SENT
        assert again(message).sent_at == accepted_at
        assert not message.recipients.pending().exists()
        resend.resend(again(message), operator)
        work()
    assert accepted_by(server) == [["a@example.com"], ["b@example.com"]]
    assert again(message).sent_at == accepted_at


def test_a_mail_given_up_after_dead_workers_is_explained(settings):
    settings.MAILCENTER = {**settings.MAILCENTER, "RETRY_MAX_ATTEMPTS": 1}
    operator = get_user_model().objects.create_superuser("operator")
    message = queue()

    def worker_dies() -> None:
        Message.objects.hurry(timezone.now())
        assert open_attempt(lease_one("dead worker"))
        end_lease(message)
        sweep()

    worker_dies()
    worker_dies()
    message = again(message)
    assert (message.status, message.last_verdict) == (Status.FAILED, "temporary")
    attempt = message.attempts.latest("number")
    assert (attempt.catalog_entry, attempt.reply_text) == ("worker-lost", "the worker was lost")
    assert not message.recipients.pending().exists()
    resend.resend(message, operator)
    worker_dies()
    assert again(message).status == Status.QUEUED


def test_a_longer_pause_is_not_shortened_and_its_end_frees_all_its_mail():
    now = timezone.now()
    early, late = queue(), queue()
    Message.objects.filter(pk=early.pk).update(next_attempt_at=now + timedelta(minutes=15))
    Message.objects.filter(pk=late.pk).update(next_attempt_at=now + timedelta(hours=2))
    for minutes in (120, 15):
        until = now + timedelta(minutes=minutes)
        Account.objects.pause("environment", until=until, reason="x", secret_digest="")
    assert Account.objects.get().paused_until == now + timedelta(hours=2)
    Account.objects.all().resume()
    assert Message.objects.ready(timezone.now()).count() == 2


def test_refused_by_name_stands_in_an_uncertain_mail_too(send_through):
    with ScriptedServer({"RCPT": [b"250 OK", b"550 User unknown"], "BODY": HANG_UP}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
    assert again(message).status == Status.UNCERTAIN
    found = dict(message.recipients.values_list("address", "status"))
    assert found == {"a@example.com": "queued", "b@example.com": "rejected"}


def test_a_sweep_over_very_many_dead_mails_ends(monkeypatch):
    monkeypatch.setattr(message_module, "SLICE", 1)
    monkeypatch.setattr(message_module, "SLICES", 2)
    for _mail in range(3):
        queue()
    Message.objects.update(expires_at=timezone.now())
    assert Message.objects.expire(timezone.now()) == 2
    assert Message.objects.expire(timezone.now()) == 1


def test_what_made_no_attempt_is_not_counted(send_through):
    with ScriptedServer() as server:
        send_through(server)
        queue()
        Recipient.objects.update(status=Recipient.Status.REJECTED)
        assert work().counts == {}
