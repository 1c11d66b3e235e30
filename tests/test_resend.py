"""What an operator may do, and what it leaves on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.utils import timezone

from mailcenter import kinds, resend, sealing
from mailcenter.delivery import looking
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ResendRefused
from mailcenter.models import Account, Attempt, Content, Message, OperatorAction
from mailcenter.outbox import Tag
from mailcenter.rendering import Rendered
from mailcenter.transports.sent_folder import SentFolder
from tests.factories import AttemptFactory, MessageFactory, a_secret
from tests.imap_server import QQ, Copy, ImapServer
from tests.leases import sweep
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
    registry["invitation"] = kinds.Kind("invitation", "x", a_secret("url"), send_fresh=send_fresh)
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


# Arrived


def uncertain(*dialogues: list[dict[str, object]], **columns: object) -> Message:
    """One attempt for each dialogue, none of which anybody can tell about."""
    message = MessageFactory(status=Status.UNCERTAIN, **columns)
    for number, dialogue in enumerate(dialogues, 1):
        AttemptFactory(message=message, number=number, outcome="uncertain", dialogue=dialogue)
    return message


def refusal(code: int, text: str) -> dict[str, object]:
    return {"verb": "RCPT", "code": code, "text": text, "ms": 1}


def states(message: Message) -> dict[str, tuple[str, int | None, str]]:
    rows = message.recipients.values_list("address", "status", "reply_code", "reply_text")
    return {address: (status, code, text) for address, status, code, text in rows}


def test_what_arrived_is_sent_and_tried_no_more(send_through, operator):
    with ScriptedServer({"BODY": [HANG_UP]}) as server:
        send_through(server)
        message = queue("a@example.com", "b@example.com")
        work()
        resend.arrived(again(message), operator)
        work()
    assert not server.accepted
    message = again(message)
    assert (message.status, message.look_at) == (Status.SENT, None)
    assert (message.last_reply_code, message.last_verdict) == (None, "")
    assert message.sent_at
    assert message.finished_at
    assert set(states(message).values()) == {("accepted", None, "")}
    assert message.attempts.get().outcome == "uncertain"
    action = OperatorAction.objects.get()
    assert (action.verb, action.user_name) == ("arrived", "operator")


def test_the_bytes_of_a_secret_that_arrived_go(operator):
    message = uncertain(content__secret=True)
    resend.arrived(message, operator)
    assert Content.objects.get().sealed is None


def test_who_was_refused_by_name_has_no_part_in_it(operator):
    message = uncertain(
        [refusal(450, "Later"), refusal(550, "No such user")],
        to=["a@example.com", "later@example.com", "never@example.com", "earlier@example.com"],
    )
    for address, columns in {
        "later": {"status": "deferred", "reply_code": 450, "reply_text": "Later"},
        "never": {"status": "rejected", "reply_code": 550, "reply_text": "No such user"},
        # By an attempt before, for another reason.
        "earlier": {"status": "deferred", "reply_code": 451, "reply_text": "Busy"},
    }.items():
        message.recipients.filter(address=f"{address}@example.com").update(**columns)
    resend.arrived(message, operator)
    assert states(message) == {
        "a@example.com": ("accepted", None, ""),
        "later@example.com": ("rejected", 450, "Later"),
        "never@example.com": ("rejected", 550, "No such user"),
        "earlier@example.com": ("accepted", 451, "Busy"),
    }
    resend.resend(again(message), operator)
    pending = message.recipients.pending().values_list("address", flat=True)
    assert set(pending) == {"later@example.com", "never@example.com"}


def test_an_earlier_attempt_may_have_reached_whom_the_last_one_did_not(operator):
    message = uncertain([], [refusal(450, "Later")])
    message.recipients.update(status="deferred", reply_code=450, reply_text="Later")
    resend.arrived(message, operator)
    assert message.recipients.get().status == "accepted"


def test_who_was_given_up_with_the_mail_may_have_it(operator):
    message = uncertain([], possible_duplicate=True)
    message.recipients.give_up()
    resend.arrived(message, operator)
    assert message.recipients.get().status == "accepted"


@pytest.mark.parametrize("status", [s for s in Status if s != Status.UNCERTAIN])
def test_only_an_uncertain_mail_can_be_said_to_have_arrived(operator, status):
    message = MessageFactory(status=status)
    with pytest.raises(ResendRefused):
        resend.arrived(message, operator)
    assert again(message).status == status
    assert not OperatorAction.objects.exists()


def test_of_two_who_decide_one_is_told(operator):
    first, second = (again(uncertain([])) for _message in range(2))
    for stale, act, other in (
        (again(first), resend.arrived, resend.resend),
        (again(second), resend.resend, resend.arrived),
    ):
        confirmed = {"duplicate_confirmed": True}
        act(again(stale), operator, **(confirmed if act is resend.resend else {}))
        ended = again(stale).status
        with pytest.raises(ResendRefused):
            other(stale, operator, **(confirmed if other is resend.resend else {}))
        assert again(stale).status == ended
    assert OperatorAction.objects.count() == 2


@pytest.mark.parametrize("found", [True, False])
def test_a_look_that_ends_after_the_operators_word_changes_nothing(monkeypatch, operator, found):
    message = uncertain([], look_at=timezone.now(), kind="password_reset")
    ask = SentFolder.find

    def find(*args):
        answer = ask(*args)
        resend.arrived(again(message), operator)
        return answer

    monkeypatch.setattr(SentFolder, "find", find)
    with ImapServer(QQ, [Copy(message.message_id)] if found else []) as server:
        looking.look({Account.ENVIRONMENT: server.account()})
    assert (again(message).status, again(message).look_at) == (Status.SENT, None)
    assert message.attempts.get().outcome == "uncertain"


def test_the_operators_word_after_a_look_that_found_it_is_refused(operator):
    message = uncertain([], look_at=timezone.now())
    with ImapServer(QQ, [Copy(message.message_id)]) as server:
        looking.look({Account.ENVIRONMENT: server.account()})
    assert again(message).status == Status.SENT
    with pytest.raises(ResendRefused):
        resend.arrived(message, operator)
    with pytest.raises(ResendRefused):
        resend.resend(message, operator, duplicate_confirmed=True)
    assert not OperatorAction.objects.exists()


@pytest.mark.parametrize(
    ("reply", "outcome"), [(None, "accepted"), (b"550 Mailbox not found", "rejected")]
)
def test_a_reply_that_comes_after_the_operators_word_goes_on_record(
    send_through, operator, reply, outcome
):
    with ScriptedServer() as server:
        send_through(server)
        message = queue()

        def judge(_argument: str):
            past = timezone.now() - timedelta(seconds=1)
            Message.objects.filter(pk=message.pk).update(lease_expires_at=past)
            sweep()
            resend.arrived(again(message), operator)
            return reply

        server.script["BODY"] = judge
        work()
    assert again(message).status == Status.SENT
    assert message.attempts.get().outcome == outcome
    assert message.recipients.get().status == "accepted"
    assert OperatorAction.objects.get().verb == "arrived"


def test_what_was_replaced_is_looked_for_no_more(monkeypatch, operator):
    """Else it would be sent once more after the last look, although its bytes are gone."""

    def send_fresh(message: Message) -> None:
        queue(tag=Tag("invitation", redacted=Rendered("fresh", "••", "••")))

    registry = dict(kinds._registry)
    registry["invitation"] = kinds.Kind(
        "invitation", "x", a_secret("url"), send_fresh=send_fresh, once_more=True
    )
    monkeypatch.setattr(kinds, "_registry", registry)
    message = uncertain([], kind="invitation", look_at=timezone.now(), content__secret=True)
    fresh = resend.resend(message, operator, duplicate_confirmed=True)
    looking.look({})
    assert (again(message).status, again(message).look_at) == (Status.UNCERTAIN, None)
    assert again(fresh).status == Status.QUEUED
