"""One mail from MAIL to the reply to the final dot."""

from __future__ import annotations

import pytest

from mailcenter.exceptions import LeaseLost, TransportError
from mailcenter.replies import Failure, Stage
from mailcenter.transports import Envelope
from tests import smtp_server
from tests.smtp_client import ENVELOPE, GARBAGE, RAW, ignore, refusal, transport_to
from tests.smtp_server import ADDRESS, HANG_UP, SILENCE, ScriptedServer

LARGE = b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 200_000


@pytest.fixture(autouse=True, params=[True, False], ids=["in one write", "one by one"])
def pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every test here holds for servers of both kinds."""
    if not request.param:
        monkeypatch.setattr(smtp_server, "EXTENSIONS", smtp_server.WITHOUT_PIPELINING)
    return bool(request.param)


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_an_accepted_mail_leaves_its_whole_dialogue(security: str) -> None:
    stages: list[Stage] = []
    with ScriptedServer(security=security) as server, transport_to(server) as transport:
        receipt = transport.send(ENVELOPE, RAW, stages.append)
    assert (receipt.reply.code, receipt.reply.text) == (250, "OK: queued as.")
    assert receipt.recipients["visitor@example.test"].code == 250
    assert receipt.remote_id == ""
    assert [(mail.sender, mail.recipients, mail.raw) for mail in server.accepted] == [
        (ADDRESS, ["visitor@example.test"], RAW)
    ]
    assert stages == [
        Stage.CONNECT,
        Stage.TLS,
        Stage.EHLO,
        Stage.AUTH,
        Stage.MAIL,
        Stage.RCPT,
        Stage.DATA,
        Stage.BODY,
    ]
    before_tls = ["EHLO", "STARTTLS"] if security == "starttls" else []
    steps = [step["verb"] for step in receipt.transcript.dialogue]
    assert steps == ["CONNECT", *before_tls, "EHLO", "AUTH PLAIN", "MAIL", "RCPT", "DATA", "BODY"]
    assert [step["code"] for step in receipt.transcript.dialogue][-5:] == [235, 250, 250, 354, 250]
    assert all(step["ms"] >= 0 for step in receipt.transcript.dialogue)
    assert receipt.transcript.peer == f"127.0.0.1:{server.port} TLSv1.3"


def test_the_client_address_stays_out_of_the_dialogue() -> None:
    with ScriptedServer(security="starttls") as server, transport_to(server) as transport:
        receipt = transport.send(ENVELOPE, RAW, ignore)
    words = " ".join(step["text"] for step in receipt.transcript.dialogue)
    assert "203.0.113.7" not in words
    assert "mail.practice.test-" not in words
    assert "SIZE 73400320" in words


@pytest.mark.parametrize(
    ("raw", "arrives"),
    [
        (RAW, RAW),
        (
            b"Subject: dots\r\n\r\n.\r\n..two\nbare\rend",
            b"Subject: dots\r\n\r\n.\r\n..two\r\nbare\r\nend\r\n",
        ),
        (b".first\r\nlast.\r\n", b".first\r\nlast.\r\n"),
        (b"as\nmany\rof each\r\n", b"as\r\nmany\r\nof each\r\n"),
        (b"no end\r", b"no end\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots_are_doubled_and_lines_end_in_crlf(raw: bytes, arrives: bytes) -> None:
    with ScriptedServer() as server, transport_to(server) as transport:
        transport.send(ENVELOPE, raw, ignore)
    assert server.accepted[0].raw == arrives


@pytest.mark.parametrize(
    ("reply", "queue_id"),
    [
        (b"250 2.0.0 Ok: queued as 4XyZ12ABC", "4XyZ12ABC"),
        (
            b"250 Mail OK queued as smtp1,wKgAAA_x1,17000 1700000001",
            "smtp1,wKgAAA_x1,17000",
        ),
        (b"250 2.0.0 OK  1700000000 d9443c01a7336-1d9sm1.4 - gsmtp", "d9443c01a7336-1d9sm1.4"),
        (b"250 OK id=1rAbCd-000123-4E", "1rAbCd-000123-4E"),
        (b"250 OK: queued as.", ""),
    ],
)
def test_the_queue_id_is_read_where_the_reply_names_one(reply: bytes, queue_id: str) -> None:
    with ScriptedServer({"BODY": reply}) as server, transport_to(server) as transport:
        assert transport.send(ENVELOPE, RAW, ignore).remote_id == queue_id


# MAIL and RCPT


def test_a_refused_sender_is_told_at_mail(pipelining: bool) -> None:
    reply = b"501 Mail from address must be same as authorization user."
    with ScriptedServer({"MAIL": reply}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.code, error.refused) == (Stage.MAIL, 501, {})
    assert server.received == []
    assert server.count("RCPT") == (1 if pipelining else 0)


def test_a_mail_over_the_announced_size_is_not_begun() -> None:
    with ScriptedServer(extensions=[b"AUTH PLAIN", b"SIZE 20"]) as server:
        error = refusal(server)
    assert error.reply.failure == Failure.SIZE
    assert "20" in error.reply.text
    assert str(len(RAW)) in error.reply.text
    assert server.count("MAIL") == 0


@pytest.mark.parametrize("extension", [b"SIZE", b"SIZE 0", b"SIZE lots"])
def test_a_size_without_a_figure_is_no_limit(extension: bytes) -> None:
    with (
        ScriptedServer(extensions=[b"AUTH PLAIN", extension]) as server,
        transport_to(server) as transport,
    ):
        transport.send(ENVELOPE, RAW, ignore)
    assert len(server.accepted) == 1


def test_a_refused_recipient_is_told_with_its_reply(pipelining: bool) -> None:
    with ScriptedServer({"RCPT": b"550 5.1.1 No such user"}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.code, error.reply.enhanced) == (Stage.RCPT, 550, "5.1.1")
    assert error.refused["visitor@example.test"].code == 550
    assert server.received == []
    assert server.count("DATA") == (1 if pipelining else 0)


def test_one_refused_recipient_of_two_does_not_stop_the_other() -> None:
    def answer(address: str) -> bytes:
        return b"550 No such user" if address.startswith("gone") else b"250 OK"

    envelope = Envelope(ADDRESS, ("gone@example.test", "here@example.test"))
    with ScriptedServer({"RCPT": answer}) as server, transport_to(server) as transport:
        receipt = transport.send(envelope, RAW, ignore)
    assert {address: reply.code for address, reply in receipt.recipients.items()} == {
        "gone@example.test": 550,
        "here@example.test": 250,
    }
    assert server.accepted[0].recipients == ["here@example.test"]


def test_a_refusal_after_data_names_the_recipients_refused_before() -> None:
    envelope = Envelope(ADDRESS, ("gone@example.test", "here@example.test"))
    with ScriptedServer({"RCPT": [b"550 No such user"], "BODY": b"550 Spam"}) as server:
        error = refusal(server, envelope)
    assert (error.stage, error.reply.text) == (Stage.BODY, "Spam")
    assert list(error.refused) == ["gone@example.test"]


def test_an_address_with_a_line_break_never_reaches_the_server() -> None:
    envelope = Envelope(ADDRESS, ("a@example.test>\r\nRCPT TO:<b@example.test",))
    with ScriptedServer() as server:
        error = refusal(server, envelope)
    assert (error.stage, error.reply.failure) == (Stage.RCPT, Failure.PROTOCOL)
    assert server.count("RCPT") == 0


# DATA and the content


def test_421_to_data_drops_the_connection() -> None:
    with ScriptedServer({"DATA": [b"421 closing"]}) as server, transport_to(server) as transport:
        with pytest.raises(TransportError) as caught:
            transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert (caught.value.stage, caught.value.reply.code) == (Stage.DATA, 421)
    assert not caught.value.maybe_accepted
    assert (server.connections, server.count("RSET")) == (2, 0)


def test_a_data_answered_with_250_is_not_gone_on_with() -> None:
    with ScriptedServer({"DATA": b"250 OK"}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.DATA, Failure.PROTOCOL)
    assert server.received == []


def test_a_refused_content_is_told_and_surely_not_accepted() -> None:
    reply = b"550 The mail may contain inappropriate words or content."
    with ScriptedServer({"BODY": reply}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.code) == (Stage.BODY, 550)
    assert not error.maybe_accepted
    assert error.transcript.dialogue[-1]["text"].startswith("The mail may contain")


def test_a_hang_up_before_the_final_dot_is_surely_not_accepted() -> None:
    with ScriptedServer({"CONTENT": HANG_UP}) as server:
        error = refusal(server, raw=LARGE)
    assert (error.stage, error.reply.failure) == (Stage.BODY, Failure.CLOSED)
    assert not error.maybe_accepted
    assert server.received == []


def test_a_hang_up_after_the_final_dot_may_be_accepted() -> None:
    with ScriptedServer({"BODY": HANG_UP}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.BODY, Failure.CLOSED)
    assert error.maybe_accepted


def test_silence_after_the_final_dot_may_be_accepted() -> None:
    with ScriptedServer({"BODY": SILENCE}) as server:
        error = refusal(server, reply_timeout=0.3)
    assert (error.stage, error.reply.failure) == (Stage.BODY, Failure.TIMEOUT)
    assert error.reply.text == "no reply within 0.3 s"
    assert error.maybe_accepted


def test_garbage_after_the_final_dot_may_be_accepted() -> None:
    with ScriptedServer({"BODY": GARBAGE}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.BODY, Failure.PROTOCOL)
    assert error.maybe_accepted


def test_a_reply_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    script = {"DATA": b"354 Go ahead\r\n250 OK\r\n", "BODY": b"550 Spam"}
    with ScriptedServer(script) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.BODY, Failure.PROTOCOL)
    assert not error.maybe_accepted
    assert server.received == []


@pytest.mark.parametrize("stage", list(Stage)[:-1])
def test_what_on_stage_raises_passes_through_and_no_body_leaves(stage: Stage) -> None:
    def lose(entered: Stage) -> None:
        if entered == stage:
            raise LeaseLost

    with (
        ScriptedServer() as server,
        transport_to(server) as transport,
        pytest.raises(LeaseLost),
    ):
        transport.send(ENVELOPE, RAW, lose)
    assert server.received == []
    assert server.count("QUIT") == 0
    assert server.count(stage.value.upper()) == 0


def test_the_stage_is_told_after_354_and_before_the_content() -> None:
    told: list[bool] = []

    def at_body(stage: Stage) -> None:
        if stage == Stage.BODY:
            told.append(server.count("DATA") == 1 and server.received == [])

    with ScriptedServer() as server, transport_to(server) as transport:
        transport.send(ENVELOPE, RAW, at_body)
    assert told == [True]
