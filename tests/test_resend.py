"""What an operator may do, and what it leaves on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.utils import timezone

from mailcenter import kinds, resend, sealing
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ResendRefused
from mailcenter.models import Attempt, Content, Message, OperatorAction
from mailcenter.outbox import Tag
from mailcenter.rendering import Rendered
from tests.smtp_server import HANG_UP, ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

Status = Message.Status


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


@pytest.fixture
def operator():
    return get_user_model().objects.create_superuser("operator", "operator@example.com")


def queue(*recipients: str, tag: Tag | None = None) -> Message:
    message = EmailMessage("subject", "text", None, list(recipients or ["a@example.com"]))
    if tag:
        message.mailcenter = tag  # type: ignore[attr-defined]
    message.send()
    return Message.objects.latest("pk")


def work() -> None:
    Worker().run_once()


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_a_failed_mail_leaves_again_with_the_same_bytes(send_through, operator):
    with ScriptedServer({"BODY": [b"550 Mailbox not found"]}) as server:
        send_through(server)
        message = queue()
        work()
        carrier = resend.resend(again(message), operator)
        assert carrier.pk == message.pk
        work()
    assert again(message).status == Status.SENT
    (refused, accepted) = server.received
    assert refused.raw == accepted.raw
    first, second = message.attempts.order_by("number")
    assert (second.trigger, second.triggered_by, second.triggered_by_name) == (
        Attempt.Trigger.RESEND,
        operator,
        "operator",
    )
    assert (first.trigger, first.triggered_by) == (Attempt.Trigger.AUTO, None)


def test_the_record_outlives_the_operator(send_through, operator):
    with ScriptedServer({"BODY": [b"550 Mailbox not found"]}) as server:
        send_through(server)
        message = queue()
        work()
        resend.resend(again(message), operator)
        work()
    operator.delete()
    action = OperatorAction.objects.get()
    assert (action.verb, action.user, action.user_name) == ("resend", None, "operator")
    assert message.attempts.get(number=2).triggered_by_name == "operator"


def test_a_resend_begins_the_count_of_attempts_anew(send_through, settings, operator):
    settings.MAILCENTER = {**settings.MAILCENTER, "RETRY_MAX_ATTEMPTS": 2}
    with ScriptedServer({"RCPT": [b"451 Later"] * 4}) as server:
        send_through(server)
        message = queue()
        for _attempt in range(2):
            Message.objects.hurry(timezone.now())
            work()
        assert again(message).status == Status.FAILED
        resend.resend(again(message), operator)
        work()
        assert again(message).status == Status.QUEUED
        Message.objects.hurry(timezone.now())
        work()
        assert again(message).status == Status.FAILED
    assert message.attempts.count() == 4


def test_an_accepted_mail_is_copied_under_another_message_id(send_through, operator):
    with ScriptedServer() as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
        copy = resend.resend(again(message), operator)
        work()
    assert copy.supersedes == message
    assert copy.message_id != message.message_id
    original, second = server.accepted
    assert copy.message_id.encode() in second.raw
    assert original.raw.replace(message.message_id.encode(), b"") == second.raw.replace(
        copy.message_id.encode(), b""
    )
    assert second.recipients == ["a@example.com", "b@example.com"]
    assert again(copy).attempts.get().trigger == "resend"


def test_only_refused_recipients_of_a_sent_mail_get_it_again(send_through, operator):
    def rcpt(argument: str):
        return b"550 User unknown" if "b@" in argument and not server.accepted else None

    with ScriptedServer({"RCPT": rcpt}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
        assert again(message).status == Status.SENT
        resend.resend(again(message), operator)
        work()
    assert [m.recipients for m in server.accepted] == [["a@example.com"], ["b@example.com"]]


def test_an_uncertain_mail_needs_a_second_confirmation(send_through, operator):
    with ScriptedServer({"BODY": [HANG_UP]}) as server:
        send_through(server)
        message = queue()
        work()
        with pytest.raises(ResendRefused):
            resend.resend(again(message), operator)
        assert again(message).status == Status.UNCERTAIN
        resend.resend(again(message), operator, duplicate_confirmed=True)
        work()
    message = again(message)
    assert (message.status, message.possible_duplicate) == (Status.SENT, True)
    assert message.attempts.get(number=2).possible_duplicate


@pytest.mark.parametrize("act", [resend.resend])
def test_a_mail_on_its_way_is_not_resent(operator, act):
    message = queue()
    with pytest.raises(ResendRefused):
        act(message, operator)
    assert not OperatorAction.objects.exists()


def test_the_mark_of_a_possible_duplicate_outlives_a_refusal(send_through, operator):
    with ScriptedServer({"BODY": [HANG_UP, b"550 Mailbox not found"]}) as server:
        send_through(server)
        message = queue()
        work()
        resend.resend(again(message), operator, duplicate_confirmed=True)
        work()
        assert again(message).status == Status.FAILED
        with pytest.raises(ResendRefused):
            resend.resend(again(message), operator)
        resend.resend(again(message), operator, duplicate_confirmed=True)
        work()
    assert message.attempts.get(number=3).possible_duplicate


@pytest.mark.parametrize("status", [Status.SENT, Status.FAILED])
def test_of_two_operators_one_is_told(operator, status):
    message = queue()
    Message.objects.filter(pk=message.pk).update(status=status)
    first, second = again(message), again(message)
    resend.resend(first, operator)
    with pytest.raises(ResendRefused):
        resend.resend(second, operator)
    assert Message.objects.filter(status=Status.QUEUED).count() == 1
    assert OperatorAction.objects.count() == 1


def test_an_expired_mail_that_is_resent_does_not_expire_again(send_through, operator):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()
        Message.objects.update(expires_at=timezone.now())
        work()
        assert again(message).status == Status.EXPIRED
        resend.resend(again(message), operator)
        work()
    assert again(message).status == Status.SENT


def test_an_erased_mail_cant_be_resent(operator):
    message = queue()
    resend.cancel(message, operator)
    Content.objects.update(sealed=None)
    with pytest.raises(ResendRefused, match="erased"):
        resend.resend(again(message), operator)
    assert again(message).status == Status.CANCELLED


def test_a_secret_mail_is_replaced_by_what_its_kind_sends(monkeypatch, operator):
    def send_fresh(message: Message) -> None:
        queue(tag=Tag("invitation", redacted=Rendered("fresh", "••", "••")))

    registry = dict(kinds._registry)
    registry["invitation"] = kinds.Kind("invitation", "x", frozenset({"url"}), None, send_fresh)
    monkeypatch.setattr(kinds, "_registry", registry)
    old = queue(tag=Tag("invitation", redacted=Rendered("old", "••", "••")))
    resend.cancel(old, operator)
    new = resend.resend(again(old), operator)
    assert (new.subject, new.supersedes, new.next_trigger) == ("fresh", old, "resend")
    assert new.triggered_by == operator
    assert again(old).status == Status.CANCELLED
    assert list(OperatorAction.objects.values_list("message", "verb").order_by("pk")) == [
        (old.pk, "cancel"),
        (old.pk, "resend"),
    ]


def test_a_kind_that_sends_nothing_says_so_and_records_nothing(monkeypatch, operator):
    registry = dict(kinds._registry)
    registry["other"] = kinds.Kind("other", "x", send_fresh=lambda message: None)
    monkeypatch.setattr(kinds, "_registry", registry)
    message = queue()
    resend.cancel(message, operator)
    with pytest.raises(ResendRefused):
        resend.resend(again(message), operator)
    assert OperatorAction.objects.count() == 1


def test_a_waiting_mail_can_be_hurried_or_cancelled(operator):
    message = queue()
    later = timezone.now() + timedelta(hours=1)
    Message.objects.update(next_attempt_at=later)
    resend.retry_now(message, operator)
    assert again(message).next_attempt_at <= timezone.now()
    resend.cancel(message, operator)
    assert again(message).status == Status.CANCELLED
    for act in (resend.retry_now, resend.cancel):
        with pytest.raises(ResendRefused):
            act(again(message), operator)
    assert list(OperatorAction.objects.values_list("verb", flat=True).order_by("pk")) == [
        "retry",
        "cancel",
    ]


def test_reading_a_body_is_recorded_and_refused_for_secrets(operator):
    message = queue()
    assert resend.reveal(message, operator) == sealing.unseal(bytes(message.content.sealed))
    assert OperatorAction.objects.get().verb == "reveal"
    Content.objects.update(secret=True)
    with pytest.raises(ResendRefused):
        resend.reveal(again(message), operator)
    assert OperatorAction.objects.count() == 1
