"""One attempt, its row, and what follows from the server's words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage, send_mail
from django.utils import timezone

from mailcenter import kinds, sealing
from mailcenter.delivery.waiting import back_off
from mailcenter.engines.worker import Worker
from mailcenter.models import Account, Attempt, Content, Message
from mailcenter.outbox import Tag
from mailcenter.rendering import Rendered
from tests.factories import a_secret
from tests.leases import lease, lease_one, open_attempt, sweep
from tests.smtp_server import HANG_UP, SILENCE, ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

Status = Message.Status
Outcome = Attempt.Outcome


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


@pytest.fixture(autouse=True)
def _spare_kind(monkeypatch):
    registry = dict(kinds._registry)
    registry["urgent"] = kinds.Kind("urgent", "urgent", a_secret("code"), once_more=True)
    monkeypatch.setattr(kinds, "_registry", registry)


def work() -> Worker:
    worker = Worker()
    worker.run_once()
    return worker


def queue(*recipients: str, tag: Tag | None = None) -> Message:
    message = EmailMessage("subject", "text", None, list(recipients or ["a@example.com"]))
    if tag:
        message.mailcenter = tag  # type: ignore[attr-defined]
    message.send()
    return Message.objects.latest("pk")


def queue_secret(**tag) -> Message:
    return queue(tag=Tag("urgent", redacted=Rendered("subject", "••", "••"), **tag))


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).hurry(timezone.now())


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_an_accepted_mail_keeps_the_servers_words(send_through, caplog):
    with ScriptedServer() as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        worker = work()
    assert worker.counts == {"accepted": 1}
    (mail,) = server.accepted
    assert mail.raw == sealing.unseal(bytes(message.content.sealed))
    message = again(message)
    assert (message.status, message.last_reply_code, message.attempt_count) == (Status.SENT, 250, 1)
    assert message.sent_at
    assert message.finished_at
    attempt = message.attempts.get()
    assert attempt.outcome == Outcome.ACCEPTED
    assert (attempt.stage, attempt.reply_code) == ("done", 250)
    assert attempt.reply_text == "OK: queued as."
    assert attempt.trigger == "auto"
    assert attempt.peer == f"127.0.0.1:{server.port} TLSv1.3"
    assert [step["verb"] for step in attempt.dialogue][-1] == "BODY"
    assert attempt.duration_ms is not None
    assert {r.status for r in message.recipients.all()} == {"accepted"}
    assert Account.objects.get().last_accepted_at
    # The way of many at once, not the one that is taken when that fails.
    assert not caplog.records


def test_two_mails_travel_over_one_connection(send_through):
    with ScriptedServer() as server:
        send_through(server)
        queue()
        queue()
        work()
    assert len(server.accepted) == 2
    assert server.connections == server.count("AUTH") == 1


def test_a_permanent_refusal_fails_with_cause_and_recipient(send_through):
    with ScriptedServer({"BODY": b"550 Mailbox not found"}) as server:
        send_through(server)
        message = queue()
        work()
    message = again(message)
    assert (message.status, message.last_reply_code) == (Status.FAILED, 550)
    assert message.last_verdict == "recipient-unknown"
    assert message.finished_at
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.stage) == (Outcome.REJECTED, "body")
    assert attempt.verdict == "recipient-unknown"
    recipient = message.recipients.get()
    assert (recipient.status, recipient.reply_code) == ("rejected", 550)
    assert recipient.reply_text == "Mailbox not found"


def test_a_temporary_refusal_waits_and_is_tried_again(send_through, settings):
    script = {"RCPT": [b"451 Try again later"]}
    with ScriptedServer(script) as server:
        send_through(server)
        before = timezone.now()
        message = queue()
        work()
        message = again(message)
        assert message.status == Status.QUEUED
        base = settings.MAILCENTER.get("RETRY_BASE_SECONDS", 30)
        assert message.next_attempt_at >= before + timedelta(seconds=0.8 * base)
        assert work().counts == {}
        make_due(message)
        work()
    message = again(message)
    assert message.status == Status.SENT
    first, second = message.attempts.order_by("number")
    assert (first.outcome, first.trigger) == (Outcome.DEFERRED, "auto")
    assert (second.outcome, second.trigger) == (Outcome.ACCEPTED, "retry")


def test_the_back_off_doubles_to_its_limit(settings):
    settings.MAILCENTER = {
        **settings.MAILCENTER,
        "RETRY_BASE_SECONDS": 10,
        "RETRY_MAX_SECONDS": 60,
    }
    waits = [back_off(number).total_seconds() for number in range(1, 8)]
    for wait, most in zip(waits, (10, 20, 40, 60, 60, 60, 60), strict=True):
        assert 0.8 * most <= wait <= most


def test_attempts_that_end_alike_are_used_up(send_through, settings):
    settings.MAILCENTER = {**settings.MAILCENTER, "RETRY_MAX_ATTEMPTS": 3}
    with ScriptedServer({"RCPT": [b"451 Later"] * 5}) as server:
        send_through(server)
        message = queue()
        for _attempt in range(3):
            make_due(message)
            work()
    assert again(message).status == Status.FAILED
    assert message.attempts.count() == 3


def test_only_those_not_yet_accepted_are_tried_again(send_through):
    replies = {"b@example.com": [b"450 Later", b"250 OK"], "c@example.com": [b"550 User unknown"]}

    def rcpt(argument: str):
        for address, script in replies.items():
            if address in argument:
                return script.pop(0)
        return None

    with ScriptedServer({"RCPT": rcpt}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com", "c@example.com")
        work()
        assert again(message).status == Status.QUEUED
        make_due(message)
        work()
    assert [mail.recipients for mail in server.accepted] == [["a@example.com"], ["b@example.com"]]
    assert again(message).status == Status.SENT
    found = dict(message.recipients.values_list("address", "status"))
    assert found == {
        "a@example.com": "accepted",
        "b@example.com": "accepted",
        "c@example.com": "rejected",
    }
    assert message.recipients.get(address="c@example.com").reply_code == 550


def test_an_auth_failure_pauses_the_account_and_keeps_the_mail(send_through):
    refusal = "请使用授权码登录。".encode("gb18030")
    with ScriptedServer({"AUTH": [b"535 Error: " + refusal]}) as server:
        send_through(server)
        first, second = queue(), queue()
        work()
        assert server.count("AUTH") == 1
        account = Account.objects.get()
        assert account.is_paused
        assert "请使用授权码登录" in account.pause_reason
        assert account.paused_until >= timezone.now() + timedelta(minutes=14)
        assert {again(m).status for m in (first, second)} == {Status.QUEUED}
        assert not Message.objects.exclude(lease_owner="").exists()
        assert Attempt.objects.get().outcome == Outcome.DEFERRED
        assert Attempt.objects.get().verdict == "auth"
        work()
        assert server.count("AUTH") == 1

        send_through(server, PASSWORD="ponmlkjihgfedcba")
        work()
    assert not Account.objects.get().is_paused
    assert len(server.accepted) == 2


def test_a_refusal_of_the_account_by_recipients_pauses_it_once(send_through, caplog):
    refusal = b"550 Too many attempts. Unable to send. Try again later"
    with ScriptedServer({"RCPT": refusal}) as server:
        send_through(server)
        queue("a@example.com", "b@example.com")
        work()
    assert len([r for r in caplog.records if "is paused until" in r.getMessage()]) == 1
    assert Account.objects.get().paused_until < timezone.now() + timedelta(hours=2, minutes=1)


def test_one_group_that_takes_no_mail_from_us_is_not_the_accounts_trouble(send_through):
    refusal = b"550 5.7.1 Sender has no permission to send to this group"
    with ScriptedServer({"RCPT": [refusal]}) as server:
        send_through(server)
        refused, innocent = queue(), queue()
        work()
    assert not Account.objects.get().is_paused
    assert again(refused).status == Status.FAILED
    assert again(innocent).status == Status.SENT


def test_a_lost_reply_to_the_dot_is_uncertain_and_waits_for_an_operator(send_through):
    with ScriptedServer({"BODY": HANG_UP}) as server:
        send_through(server)
        message = queue()
        work()
        work()
    message = again(message)
    assert message.status == Status.UNCERTAIN
    assert message.attempts.get().outcome == Outcome.UNCERTAIN
    assert not message.possible_duplicate
    assert Content.objects.get().sealed


def test_an_awaited_mail_is_sent_once_more_and_marked(send_through):
    with ScriptedServer({"BODY": [HANG_UP, HANG_UP]}) as server:
        send_through(server)
        message = queue_secret()
        work()
        work()
    message = again(message)
    assert (message.status, message.possible_duplicate) == (Status.UNCERTAIN, True)
    first, second = message.attempts.order_by("number")
    assert (first.outcome, first.possible_duplicate) == (Outcome.UNCERTAIN, False)
    assert (second.outcome, second.possible_duplicate) == (Outcome.UNCERTAIN, True)


def test_silence_after_the_dot_is_uncertain(send_through, settings):
    with ScriptedServer({"BODY": SILENCE}) as server:
        send_through(server)
        settings.MAILCENTER = {**settings.MAILCENTER, "SMTP_REPLY_TIMEOUT_SECONDS": 0.2}
        message = queue()
        work()
    assert again(message).status == Status.UNCERTAIN


def test_a_secret_mails_bytes_go_with_its_final_state(send_through):
    with ScriptedServer({"BODY": [b"451 Later"]}) as server:
        send_through(server)
        message = queue_secret()
        work()
        assert Content.objects.get().sealed
        make_due(message)
        work()
    assert again(message).status == Status.SENT
    assert Content.objects.get().sealed is None
    assert Content.objects.get().redacted["text"] == "••"


def test_a_dead_link_is_not_sent(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue_secret(expires_at=timezone.now() - timedelta(seconds=1))
        work()
    message = again(message)
    assert message.status == Status.EXPIRED
    assert not message.attempts.exists()
    assert not server.received
    assert Content.objects.get().sealed is None


def test_other_bodies_go_after_the_retention(send_through, settings):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        work()
        finished = timezone.now() - timedelta(days=29)
        Message.objects.filter(pk=message.pk).update(finished_at=finished)
        sweep()
        assert Content.objects.get().sealed
        Message.objects.filter(pk=message.pk).update(finished_at=finished - timedelta(days=2))
        sweep()
    assert Content.objects.get().sealed is None


def test_a_worker_that_lost_its_lease_sends_no_body(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()

        def usurp(_argument: str):
            Message.objects.filter(pk=message.pk).update(lease_owner="another")

        server.script["DATA"] = usurp
        worker = work()
    assert not server.received
    assert worker.counts == {"interrupted": 1}
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.stage) == (Outcome.OPEN, "connect")


def abandon(message: Message, *, stage: str | None) -> None:
    """What a worker leaves behind that was killed at ``stage``."""
    claimed = lease_one("dead worker")
    if stage:
        open_attempt(claimed)
        Attempt.objects.filter(pk=claimed.attempt_key).update(stage=stage)
    past = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(lease_expires_at=past)


@pytest.mark.parametrize("stage", ["connect", "auth", "data"])
def test_a_lease_that_ended_before_the_body_is_tried_again(send_through, stage):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        abandon(message, stage=stage)
        work()
    assert again(message).status == Status.SENT
    first, second = message.attempts.order_by("number")
    assert (first.outcome, first.stage) == (Outcome.INTERRUPTED, stage)
    assert second.outcome == Outcome.ACCEPTED


def test_a_claim_that_was_never_begun_leaves_no_attempt(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        abandon(message, stage=None)
        work()
    assert message.attempts.get().outcome == Outcome.ACCEPTED


def test_a_lease_that_ended_in_the_body_is_uncertain(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        abandon(message, stage="body")
        work()
    assert again(message).status == Status.UNCERTAIN
    assert message.attempts.get().outcome == Outcome.UNCERTAIN
    assert message.attempts.get().catalog_entry == "lost-after-dot"
    assert not server.received


def test_a_live_lease_is_left_alone(send_through):
    with ScriptedServer() as server:
        send_through(server)
        queue()
        assert lease("busy worker")
        work()
    assert not server.received
    assert Message.objects.get().status == Status.SENDING


def test_a_250_that_comes_after_the_judgement_puts_it_right(send_through):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()

        def judge(_argument: str):
            past = timezone.now() - timedelta(seconds=1)
            Message.objects.filter(pk=message.pk).update(lease_expires_at=past)
            sweep()
            assert Message.objects.get().status == Status.UNCERTAIN

        server.script["BODY"] = judge
        work()
    assert again(message).status == Status.SENT
    assert message.attempts.get().outcome == Outcome.ACCEPTED


def test_an_error_nobody_foresaw_is_a_row_and_no_end(send_through, monkeypatch, caplog):
    with ScriptedServer() as server:
        send_through(server)
        bad, good = queue(), queue()
        unseal = sealing.unseal
        first = [True]

        def fail_once(sealed: bytes) -> bytes:
            if first:
                first.clear()
                raise ZeroDivisionError("secret words")
            return unseal(sealed)

        monkeypatch.setattr(sealing, "unseal", fail_once)
        work()
    assert again(good).status == Status.SENT
    attempt = bad.attempts.get()
    assert attempt.outcome != Outcome.OPEN
    assert attempt.reply_text == "ZeroDivisionError"
    assert "nobody foresaw" in caplog.text


def test_a_changed_account_sends_older_mail_under_its_own_address(send_through):
    with ScriptedServer() as server:
        send_through(server, ADDRESS="old@practice.test")
        EmailMessage("s", "t", "old@practice.test", ["a@example.com"]).send()
        message = Message.objects.get()
        send_through(server, ADDRESS="new@practice.test")
        work()
    (mail,) = server.accepted
    assert mail.sender == "new@practice.test"
    assert b"From: new@practice.test\r\n" in mail.raw
    assert b"Reply-To: old@practice.test\r\n" in mail.raw
    original = sealing.unseal(bytes(message.content.sealed))
    assert mail.raw.partition(b"\r\n\r\n")[2] == original.partition(b"\r\n\r\n")[2]
    assert message.attempts.get().from_email == "new@practice.test"


def test_a_claim_leases_one_mail(send_through):
    for _mail in range(3):
        queue()
    assert lease("worker")
    statuses = sorted(Message.objects.values_list("status", flat=True))
    assert statuses == ["queued", "queued", "sending"]


def test_urgent_mail_overtakes(send_through):
    with ScriptedServer() as server:
        send_through(server)
        send_mail("later", "text", None, ["later@example.com"])
        Message.objects.update(priority=8)
        send_mail("first", "text", None, ["first@example.com"])
        work()
    assert [m.recipients for m in server.accepted] == [["first@example.com"], ["later@example.com"]]
