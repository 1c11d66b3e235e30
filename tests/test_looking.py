"""A mail that nobody can tell about is looked for in the Sent folder, and what follows."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from mailcenter import kinds
from mailcenter.delivery import looking
from mailcenter.delivery.waiting import LOOKS_SECONDS
from mailcenter.models import Account, Attempt, Content, Message
from mailcenter.transports.sent_folder import SentFolder
from tests.factories import AttemptFactory, ContentFactory, MessageFactory, a_secret
from tests.imap_server import NETEASE, QQ, STANDARD, Copy, ImapServer
from tests.site_process import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

Status = Message.Status
Outcome = Attempt.Outcome
OURS = "<17.42@practice.test>"
DAY = timedelta(days=1)
BODY = {"verb": "BODY", "code": None, "text": "the server closed the connection", "ms": 7}


@pytest.fixture(autouse=True)
def _spare_kind(monkeypatch):
    registry = dict(kinds._registry)
    registry["urgent"] = kinds.Kind("urgent", "urgent", a_secret("code"), once_more=True)
    monkeypatch.setattr(kinds, "_registry", registry)


def lost(kind: str = "other", message_id: str = OURS, **columns) -> Message:
    """A mail whose reply to the final dot never came, due for a look."""
    due = timezone.now() - timedelta(seconds=1)
    values = {"status": Status.UNCERTAIN, "look_at": due, "attempt_count": 1} | columns
    message = MessageFactory(kind=kind, message_id=message_id, content=None, **values)
    ContentFactory(message=message, secret=kind == "urgent")
    AttemptFactory(
        message=message,
        number=message.attempt_count,
        outcome=Outcome.UNCERTAIN,
        stage="body",
        reply_code=None,
        reply_text="the server closed the connection",
        verdict="network",
        catalog_entry="lost-after-dot",
        dialogue=[BODY],
    )
    return message


def look(server: ImapServer | None) -> None:
    looking.look({Account.ENVIRONMENT: server.account()} if server else {})


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).look_again(timezone.now() - timedelta(seconds=1))


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def steps(message: Message) -> list[str]:
    dialogue = message.attempts.latest("number").dialogue
    return [step["text"] for step in dialogue if step["verb"] == "IMAP"]


def test_a_found_mail_is_sent_with_the_evidence():
    message = lost()
    with ImapServer(QQ, [Copy(OURS)]) as server:
        look(server)
    evidence = "found in Sent Messages by its X-OQ-MSGID"
    message = again(message)
    assert (message.status, message.look_at) == (Status.SENT, None)
    assert (message.last_reply_code, message.last_verdict) == (None, "")
    assert message.sent_at
    assert message.finished_at
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.stage) == (Outcome.ACCEPTED, "done")
    assert (attempt.reply_code, attempt.reply_text) == (None, evidence)
    assert attempt.verdict == attempt.catalog_entry == ""
    assert attempt.dialogue[0] == BODY
    step = attempt.dialogue[1]
    assert (step["verb"], step["code"], step["text"]) == ("IMAP", None, evidence)
    assert step["ms"] >= 0
    recipient = message.recipients.get()
    assert (recipient.status, recipient.reply_text) == ("accepted", evidence)


def test_the_bytes_of_a_found_secret_go():
    lost("urgent")
    with ImapServer(NETEASE, [Copy(OURS)]) as server:
        look(server)
    assert Content.objects.get().sealed is None


def test_a_mail_that_shows_late_is_looked_for_again():
    message = lost("urgent")
    with ImapServer(QQ) as server:
        before = timezone.now()
        look(server)
        assert again(message).status == Status.UNCERTAIN
        wait = again(message).look_at - before
        assert wait >= timedelta(seconds=LOOKS_SECONDS[1])
        look(server)
        assert server.connections == 1

        server.copies.append(Copy(OURS))
        make_due(message)
        look(server)
    assert again(message).status == Status.SENT
    assert steps(message) == [
        "not in Sent Messages",
        "found in Sent Messages by its X-OQ-MSGID",
    ]


@pytest.mark.parametrize(
    ("kind", "columns", "status"),
    [
        ("urgent", {}, Status.QUEUED),
        ("urgent", {"possible_duplicate": True}, Status.UNCERTAIN),
        ("other", {}, Status.UNCERTAIN),
    ],
)
def test_after_the_last_look_the_kind_decides(kind, columns, status):
    message = lost(kind, **columns)
    with ImapServer(STANDARD, [Copy("<other@practice.test>")]) as server:
        for _look in LOOKS_SECONDS:
            assert again(message).status == Status.UNCERTAIN
            make_due(message)
            look(server)
    message = again(message)
    assert (message.status, message.look_at) == (status, None)
    assert message.possible_duplicate == (kind == "urgent")
    assert message.attempts.get().outcome == Outcome.UNCERTAIN
    assert steps(message) == ["not in Gesendet"] * len(LOOKS_SECONDS)
    assert message.recipients.get().status == "queued"


def test_a_folder_that_does_not_open_counts_as_a_look():
    message = lost("urgent")
    with ImapServer(QQ) as server:
        account = server.account()
    for _look in LOOKS_SECONDS:
        make_due(message)
        looking.look({Account.ENVIRONMENT: account})
    message = again(message)
    assert (message.status, message.possible_duplicate) == (Status.QUEUED, True)
    assert len(steps(message)) == len(LOOKS_SECONDS)
    assert all("refused" in text for text in steps(message))


def test_a_refused_log_in_is_not_repeated_for_each_mail():
    messages = [lost(message_id=f"<{n}@practice.test>") for n in range(3)]
    with ImapServer(QQ, script={"LOGIN": b"{tag} NO Login fail."}) as server:
        look(server)
        assert server.count("LOGIN") == 1
    assert all("Login fail." in steps(message)[0] for message in messages)


def test_the_mails_of_an_account_share_a_session():
    messages = [lost(message_id=f"<{n}@practice.test>") for n in range(3)]
    with ImapServer(QQ, [Copy("<0@practice.test>"), Copy("<2@practice.test>")]) as server:
        look(server)
        assert server.count("LOGIN") == server.count("FETCH") == 1
    found = [again(message).status for message in messages]
    assert found == [Status.SENT, Status.UNCERTAIN, Status.SENT]


def test_each_mail_is_looked_for_with_the_account_of_its_attempt():
    Account.objects.create(slug="second", address="second@practice.test")
    message = lost()
    # A fail-over may have changed the message's since.
    Message.objects.filter(pk=message.pk).update(account="second")
    with ImapServer(QQ, [Copy(OURS)]) as first, ImapServer(STANDARD) as second:
        looking.look({"second": second.account(), Account.ENVIRONMENT: first.account()})
        assert second.connections == 0
    assert again(message).status == Status.SENT


@pytest.mark.parametrize("imap", [None, ""])
def test_without_a_folder_the_kind_decides_at_once(imap):
    held, urgent = lost(), lost("urgent", message_id="<2@practice.test>")
    with ImapServer(QQ) as server:
        account = server.account(imap_host="")
        looking.look({} if imap is None else {Account.ENVIRONMENT: account})
        assert server.connections == 0
    assert (again(held).status, again(held).look_at) == (Status.UNCERTAIN, None)
    assert again(urgent).status == Status.QUEUED
    assert steps(held) == ["there is no Sent folder to look into"]


def test_only_due_and_uncertain_mail_is_looked_for():
    lost(look_at=timezone.now() + timedelta(minutes=1))
    lost(message_id="<2@practice.test>", look_at=None)
    lost(message_id="<3@practice.test>", status=Status.SENT)
    with ImapServer(QQ, [Copy(OURS)]) as server:
        look(server)
        assert server.connections == 0


def during(monkeypatch, act) -> None:
    """Have something happen while the server is being asked."""
    ask = SentFolder.find

    def find(*args):
        found = ask(*args)
        act()
        return found

    monkeypatch.setattr(SentFolder, "find", find)


@pytest.mark.parametrize("copies", [[Copy(OURS)], []])
@pytest.mark.parametrize(
    "act",
    [
        lambda mail: mail.mark_sent(timezone.now()),
        lambda mail: mail.requeue_for_operator(timezone.now()),
        # Sent again, and lost again: another look is due for that.
        lambda mail: mail.look_again(timezone.now() + DAY),
    ],
    ids=["arrived", "resent", "lost-again"],
)
def test_whoever_was_faster_is_right(monkeypatch, act, copies):
    message = lost("urgent")
    mail = Message.objects.filter(pk=message.pk)
    kept = {}

    def meanwhile() -> None:
        act(mail)
        kept.update(mail.values().get())

    during(monkeypatch, meanwhile)
    with ImapServer(QQ, copies) as server:
        look(server)
    assert mail.values().get() == kept
    assert message.attempts.get().outcome == Outcome.UNCERTAIN
    assert steps(message) == []


def test_two_processes_do_not_look_at_the_same_time(monkeypatch):
    message = lost()
    with ImapServer(QQ, [Copy(OURS)]) as server:

        def another() -> None:
            monkeypatch.undo()
            thread = threading.Thread(target=in_thread)
            thread.start()
            thread.join(PATIENCE)
            assert not thread.is_alive()

        def in_thread() -> None:
            try:
                look(server)
            finally:
                connection.close()

        during(monkeypatch, another)
        look(server)
        assert server.connections == 1
    assert again(message).status == Status.SENT
    assert len(steps(message)) == 1


def test_two_that_saw_the_same_row_do_not_both_take_it(monkeypatch):
    message = lost()
    stale = again(message)
    attempt = message.attempts.get()
    with ImapServer(QQ) as server:
        look(server)
        with SentFolder(server.account(), 10) as folder:
            looking._look(stale, attempt, folder)
        assert server.connections == 1
    assert len(steps(message)) == 1


def test_no_transaction_is_open_while_the_server_is_asked(monkeypatch):
    lost()
    open_ones = []
    during(monkeypatch, lambda: open_ones.append(connection.in_atomic_block))
    with ImapServer(QQ, [Copy(OURS)]) as server:
        look(server)
    assert open_ones == [False]


def test_one_bad_mail_does_not_keep_the_others_from_being_found(monkeypatch, caplog):
    bad, good = lost(message_id="<bad@practice.test>"), lost()
    ask = SentFolder.find

    def find(self, message_id, since):
        if message_id == "<bad@practice.test>":
            raise RuntimeError("hunter2")
        return ask(self, message_id, since)

    monkeypatch.setattr(SentFolder, "find", find)
    with ImapServer(QQ, [Copy(OURS)]) as server:
        look(server)
    assert again(good).status == Status.SENT
    assert steps(bad) == ["RuntimeError"]
    assert f"message {bad.pk}" in caplog.text


def test_a_row_that_cannot_be_written_does_not_keep_the_others_from_being_found(
    monkeypatch, caplog
):
    bad, good = lost(message_id="<bad@practice.test>"), lost()
    close_found = looking.close_found

    def close(attempt, reply):
        if attempt.message_id == bad.pk:
            raise RuntimeError
        close_found(attempt, reply)

    monkeypatch.setattr(looking, "close_found", close)
    with ImapServer(QQ, [Copy("<bad@practice.test>"), Copy(OURS)]) as server:
        look(server)
    assert again(good).status == Status.SENT
    assert (again(bad).status, steps(bad)) == (Status.UNCERTAIN, [])
    assert again(bad).look_at > timezone.now()
    assert f"Message {bad.pk}" in caplog.text


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.ACCEPTED])
@pytest.mark.parametrize("age", [timedelta(minutes=2), timedelta(0)])
def test_the_copy_of_an_earlier_attempt_proves_nothing(outcome, age):
    """QQ files what it refuses too; another one was accepted for some of the recipients."""
    now = timezone.now()
    message = lost(attempt_count=2)
    AttemptFactory(
        message=message,
        number=1,
        outcome=outcome,
        stage="body",
        started_at=now - timedelta(hours=1),
    )
    with ImapServer(QQ, [Copy(OURS, datetime.now(UTC) - age)]) as server:
        look(server)
    if age:
        assert again(message).status == Status.UNCERTAIN
        assert steps(message) == ["in Sent Messages there is only the copy of an earlier attempt"]
    else:
        assert again(message).status == Status.SENT


def test_the_copy_of_an_earlier_lost_attempt_is_good_enough():
    message = lost(attempt_count=2)
    AttemptFactory(message=message, number=1, outcome=Outcome.UNCERTAIN, stage="body")
    with ImapServer(QQ, [Copy(OURS, datetime.now(UTC) - timedelta(minutes=2))]) as server:
        look(server)
    assert again(message).status == Status.SENT


def test_who_was_refused_by_name_is_tried_again():
    message = lost(to=["a@example.com", "b@example.com", "c@example.com"])
    attempt = message.attempts.get()
    attempt.dialogue = [
        {"verb": "RCPT", "code": 250, "text": "OK", "ms": 1},
        {"verb": "RCPT", "code": 450, "text": "Later", "ms": 1},
        {"verb": "RCPT", "code": 250, "text": "OK", "ms": 1},
        BODY,
    ]
    attempt.save()
    refused = message.recipients.filter(address="b@example.com")
    refused.update(status="deferred", reply_code=450, reply_text="Later")
    # Refused by an earlier attempt, for another reason.
    earlier = message.recipients.filter(address="c@example.com")
    earlier.update(status="deferred", reply_code=451, reply_text="Busy")
    with ImapServer(QQ, [Copy(OURS)]) as server:
        look(server)
    message = again(message)
    assert message.status == Status.QUEUED
    assert message.sent_at
    assert message.next_attempt_at > timezone.now()
    assert dict(message.recipients.values_list("address", "status")) == {
        "a@example.com": "accepted",
        "b@example.com": "deferred",
        "c@example.com": "accepted",
    }


def test_a_mail_without_an_uncertain_attempt_is_not_looked_for_for_ever(caplog):
    message = MessageFactory(status=Status.UNCERTAIN, look_at=timezone.now())
    look(None)
    assert again(message).look_at is None
    assert f"Message {message.pk}" in caplog.text
