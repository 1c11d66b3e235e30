"""MAIL, RCPT and DATA in one write, also behind the dot of the mail before (RFC 2920)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mailcenter.exceptions import LeaseLost, TransportError
from mailcenter.replies import Failure, Stage
from mailcenter.transports import Envelope, Receipt, SmtpTransport
from tests.smtp_client import ENVELOPE, GARBAGE, RAW, ignore, transport_to
from tests.smtp_server import ADDRESS, HANG_UP, SILENCE, WITHOUT_PIPELINING, ScriptedServer

Mail = tuple[Envelope, bytes]
LARGE = b"Subject: large\r\n\r\n" + (b"y" * 76 + b"\r\n") * 200_000


def mail(number: int, *, raw: bytes = b"") -> Mail:
    envelope = Envelope(ADDRESS, (f"visitor{number}@example.test",))
    return envelope, raw or b"Subject: mail %d\r\n\r\nSGVsbG8=\r\n" % number


def commands(of: Mail) -> bytes:
    envelope, raw = of
    lines = [f"MAIL FROM:<{envelope.sender}> SIZE={len(raw)}"]
    lines += [f"RCPT TO:<{address}>" for address in envelope.recipients]
    return "".join(f"{line}\r\n" for line in [*lines, "DATA"]).encode()


def send(transport: SmtpTransport, this: Mail, following: Mail | None = None) -> Receipt:
    return transport.send(*this, ignore, lambda: following)


def refused(transport: SmtpTransport, this: Mail, following: Mail | None = None) -> TransportError:
    with pytest.raises(TransportError) as caught:
        send(transport, this, following)
    return caught.value


def verbs(of: Receipt | TransportError) -> list[str]:
    return [step["verb"] for step in of.transcript.dialogue]


def arrived(server: ScriptedServer, this: Mail) -> bool:
    """Whether a byte of its body did."""
    return any(this[1][:16] in chunk for chunk in server.chunks)


def said(server: ScriptedServer, verb: bytes) -> int:
    """How often, also where the server took it for a content."""
    return sum(chunk.startswith(verb) for chunk in server.chunks)


# One mail


def test_all_commands_leave_in_one_write_and_each_reply_is_a_step() -> None:
    said: dict[Stage, int] = {}
    envelope = Envelope(ADDRESS, ("one@example.test", "two@example.test"))
    with ScriptedServer() as server, transport_to(server) as transport:
        receipt = transport.send(
            envelope, RAW, lambda stage: said.update({stage: server.count("MAIL")})
        )
    assert commands((envelope, RAW)) in server.chunks
    assert list(said)[-4:] == [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY]
    assert list(said.values())[-4:] == [0, 0, 0, 1]
    assert verbs(receipt)[-5:] == ["MAIL", "RCPT", "RCPT", "DATA", "BODY"]
    assert [step["code"] for step in receipt.transcript.dialogue][-5:] == [250, 250, 250, 354, 250]


def test_they_leave_one_by_one_where_that_is_not_offered() -> None:
    with (
        ScriptedServer(extensions=WITHOUT_PIPELINING) as server,
        transport_to(server) as transport,
    ):
        transport.send(ENVELOPE, RAW, ignore)
    for line in commands((ENVELOPE, RAW)).splitlines(keepends=True):
        assert line in server.chunks


def test_more_commands_than_fit_one_record_leave_one_by_one() -> None:
    many = Envelope(ADDRESS, tuple(f"visitor{n}@example.test" for n in range(600)))
    with ScriptedServer() as server, transport_to(server) as transport:
        send(transport, mail(1), (many, RAW))
        receipt = send(transport, (many, RAW))
    assert b"DATA\r\n" in server.chunks
    assert (len(receipt.recipients), server.connections) == (600, 1)


def test_a_refused_mail_is_told_by_its_own_reply_and_not_by_those_that_follow() -> None:
    with ScriptedServer({"MAIL": [b"550 no"]}) as server, transport_to(server) as transport:
        error = refused(transport, mail(1))
        send(transport, mail(2))
    assert (error.stage, error.reply.code, error.refused) == (Stage.MAIL, 550, {})
    assert [step["code"] for step in error.transcript.dialogue][-3:] == [550, 503, 503]
    assert (server.connections, server.count("RSET")) == (1, 1)


@pytest.mark.parametrize("then", [HANG_UP, GARBAGE, b"421 closing"])
@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_refused_mail_is_told_also_where_the_server_hangs_up_then(verb: str, then: Any) -> None:
    script = {"MAIL": [b"550 no"], verb: [then]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        error = refused(transport, mail(1))
        send(transport, mail(2))
    assert (error.stage, error.reply.code, error.refused) == (Stage.MAIL, 550, {})
    assert (server.connections, server.count("RSET")) == (2, 0)


def test_a_refused_mail_is_not_tried_again_though_the_kept_connection_is_dead() -> None:
    script = {"MAIL": [None, b"550 no"], "RCPT": [None, HANG_UP]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        send(transport, mail(1))
        error = refused(transport, mail(2))
    assert (error.stage, error.reply.code) == (Stage.MAIL, 550)
    assert (server.count("MAIL"), server.connections) == (2, 1)


def test_all_recipients_refused_leaves_the_connection_in_step() -> None:
    envelope = Envelope(ADDRESS, ("one@example.test", "two@example.test"))
    script = {"RCPT": [b"550 No such user", b"450 Later"]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        error = refused(transport, (envelope, RAW))
        send(transport, mail(2))
    assert (error.stage, error.reply.text) == (Stage.RCPT, "No such user")
    assert [reply.code for reply in error.refused.values()] == [550, 450]
    assert (server.connections, server.count("RSET")) == (1, 1)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_354_after_a_refusal_gets_no_content(verb: str) -> None:
    script = {verb: [b"550 no"], "DATA": [b"354 Go ahead"]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        error = refused(transport, mail(1))
        send(transport, mail(2))
    assert (error.stage.value.upper(), error.reply.code) == (verb, 550)
    assert not arrived(server, mail(1))
    assert [taken.raw for taken in server.received] == [mail(2)[1]]
    assert (server.connections, said(server, b"RSET")) == (2, 0)


@pytest.mark.parametrize("action", [b"421 closing", HANG_UP, GARBAGE])
@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_connection_that_ends_half_way_is_told_where_it_ended(verb: str, action: Any) -> None:
    with ScriptedServer({verb: [action]}) as server, transport_to(server) as transport:
        error = refused(transport, mail(1))
        send(transport, mail(2))
    assert error.stage.value.upper() == verb
    assert not error.maybe_accepted
    assert not arrived(server, mail(1))
    assert (server.connections, len(server.accepted)) == (2, 1)


# The next mail, announced with the final dot


def test_thirty_mails_share_one_connection_and_a_write_each() -> None:
    mails = [mail(number) for number in range(30)]
    heard: list[list[Stage]] = []
    with ScriptedServer() as server, transport_to(server) as transport:
        for this, following in zip(mails, [*mails[1:], None], strict=True):
            heard.append([])
            receipt = transport.send(*this, heard[-1].append, lambda after=following: after)
            assert receipt.recipients[this[0].recipients[0]].positive
            assert verbs(receipt)[-4:] == ["MAIL", "RCPT", "DATA", "BODY"]
            assert receipt.transcript.peer == f"127.0.0.1:{server.port} TLSv1.3"
    assert [(m.recipients, m.raw) for m in server.accepted] == [
        (list(envelope.recipients), raw) for envelope, raw in mails
    ]
    assert heard[1:] == [[Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY]] * 29
    for this, following in pairwise(mails):
        assert this[1] + b".\r\n" + commands(following) in server.chunks
    assert (server.connections, server.count("AUTH"), server.count("QUIT")) == (1, 1, 1)


def test_behind_a_large_content_dot_and_announcement_share_a_record() -> None:
    with ScriptedServer() as server, transport_to(server) as transport:
        send(transport, mail(1, raw=LARGE), mail(2))
    assert b".\r\n" + commands(mail(2)) in server.chunks


def test_what_follows_is_asked_for_after_the_stage_is_told() -> None:
    order: list[str] = []
    with ScriptedServer() as server, transport_to(server) as transport:
        transport.send(ENVELOPE, RAW, lambda stage: order.append(stage), lambda: order.append("?"))
    assert order[-2:] == [Stage.BODY, "?"]


def test_what_following_raises_passes_through_and_no_body_leaves() -> None:
    def following() -> Mail:
        raise LeaseLost

    with (
        ScriptedServer() as server,
        transport_to(server) as transport,
        pytest.raises(LeaseLost),
    ):
        transport.send(*mail(1), ignore, following)
    assert not arrived(server, mail(1))


def test_nothing_is_announced_where_pipelining_is_not_offered() -> None:
    following = mail(2)
    with (
        ScriptedServer(extensions=WITHOUT_PIPELINING) as server,
        transport_to(server) as transport,
    ):
        send(transport, mail(1), following)
        send(transport, following)
    assert (len(server.accepted), server.connections) == (2, 1)


def test_what_is_over_the_announced_size_is_told_by_its_own_send() -> None:
    following = mail(2, raw=RAW * 20)
    extensions = [b"PIPELINING", b"SIZE 100", b"AUTH PLAIN"]
    with ScriptedServer(extensions=extensions) as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        error = refused(transport, following)
        send(transport, mail(3))
    assert (error.stage, error.reply.failure) == (Stage.MAIL, Failure.SIZE)
    assert (server.count("MAIL"), server.connections) == (2, 1)


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
def test_the_announced_body_waits_for_its_own_stage(stage: Stage) -> None:
    def lose(entered: Stage) -> None:
        if entered == stage:
            raise LeaseLost

    following = mail(2)
    with ScriptedServer() as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        with pytest.raises(LeaseLost):
            transport.send(*following, lose)
        send(transport, mail(3))
    assert not arrived(server, following)
    assert [taken.raw for taken in server.received] == [mail(1)[1], mail(3)[1]]
    assert server.connections == 2


@pytest.mark.parametrize("other", [mail(3), mail(2)], ids=["another", "an equal one"])
def test_another_mail_than_the_announced_one_gets_a_connection_of_its_own(other: Mail) -> None:
    with ScriptedServer() as server, transport_to(server) as transport:
        send(transport, mail(1), mail(2))
        send(transport, other)
    assert [taken.raw for taken in server.received] == [mail(1)[1], other[1]]
    assert (server.connections, said(server, b"QUIT"), said(server, b"RSET")) == (2, 1, 0)


def test_closing_with_a_mail_announced_says_nothing_more() -> None:
    with ScriptedServer() as server:
        with transport_to(server) as transport:
            send(transport, mail(1), mail(2))
        with transport_to(server) as transport:
            send(transport, mail(3))
    assert [taken.raw for taken in server.received] == [mail(1)[1], mail(3)[1]]
    assert (server.connections, said(server, b"QUIT")) == (2, 1)


def test_an_announcement_that_is_not_fresh_is_not_used() -> None:
    following = mail(2)
    with ScriptedServer() as server, transport_to(server, fresh_seconds=0) as transport:
        send(transport, mail(1), following)
        send(transport, following)
    assert [taken.raw for taken in server.received] == [mail(1)[1], following[1]]
    assert (server.connections, said(server, b"QUIT")) == (2, 1)


@pytest.mark.parametrize("reply", [b"550 Spam", b"451 Later"])
def test_the_announced_mail_goes_on_where_the_first_one_is_refused(reply: bytes) -> None:
    following = mail(2)
    with ScriptedServer({"BODY": [reply]}) as server, transport_to(server) as transport:
        error = refused(transport, mail(1), following)
        receipt = send(transport, following)
    assert not error.maybe_accepted
    assert verbs(receipt) == ["MAIL", "RCPT", "DATA", "BODY"]
    assert [taken.raw for taken in server.accepted] == [following[1]]
    assert (server.connections, server.count("RSET")) == (1, 0)


@pytest.mark.parametrize("action", [HANG_UP, SILENCE, GARBAGE, b"354 What?"])
def test_a_lost_reply_to_the_dot_makes_the_first_mail_uncertain_and_no_other(action: Any) -> None:
    following = mail(2)
    script = {"BODY": [action]}
    with ScriptedServer(script) as server, transport_to(server, reply_timeout=1) as transport:
        error = refused(transport, mail(1), following)
        send(transport, following)
    assert error.maybe_accepted
    assert [taken.raw for taken in server.received] == [mail(1)[1], following[1]]
    assert server.connections == 2


def test_421_to_the_dot_refuses_the_first_mail_and_voids_the_announcement() -> None:
    following = mail(2)
    with ScriptedServer({"BODY": [b"421 closing"]}) as server, transport_to(server) as transport:
        error = refused(transport, mail(1), following)
        send(transport, following)
    assert (error.reply.code, error.maybe_accepted) == (421, False)
    assert (server.connections, len(server.accepted)) == (2, 1)


def test_a_hang_up_before_the_dot_is_surely_not_accepted_with_a_mail_announced() -> None:
    following = mail(2)
    with ScriptedServer({"CONTENT": [HANG_UP]}) as server, transport_to(server) as transport:
        error = refused(transport, mail(1, raw=LARGE), following)
        send(transport, following)
    assert (error.stage, error.maybe_accepted) == (Stage.BODY, False)
    assert (server.connections, len(server.accepted)) == (2, 1)


@pytest.mark.parametrize("action", [HANG_UP, GARBAGE, b"421 closing"])
def test_a_void_announcement_starts_over(action: Any) -> None:
    following = mail(2)
    script = {"MAIL": [None, action]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        receipt = send(transport, following)
    assert verbs(receipt)[:2] == ["MAIL", "CONNECT"]
    assert (server.connections, len(server.received)) == (2, 2)


def test_a_server_that_forgets_what_follows_a_dot_is_told_no_more_ahead() -> None:
    mails = [mail(number) for number in range(4)]
    script = {"MAIL": [None, SILENCE]}
    with ScriptedServer(script) as server, transport_to(server, timeout=1) as transport:
        for this, following in zip(mails, [*mails[1:], None], strict=True):
            send(transport, this, following)
    assert [taken.raw for taken in server.accepted] == [raw for _envelope, raw in mails]
    assert sum(b"\r\n.\r\nMAIL" in chunk for chunk in server.chunks) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_refused_announced_mail_leaves_the_connection_to_the_next_one(verb: str) -> None:
    following = mail(2)
    script = {verb: [None, b"550 no"]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        error = refused(transport, following)
        send(transport, mail(3))
    assert (error.stage.value.upper(), error.reply.code) == (verb, 550)
    assert not arrived(server, following)
    assert (server.connections, server.count("RSET"), len(server.accepted)) == (1, 1, 2)


def test_354_to_an_announced_mail_without_recipients_gets_no_content() -> None:
    following = mail(2)
    script = {"RCPT": [None, b"550 no"], "DATA": [None, b"354 Go ahead"]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        error = refused(transport, following)
        send(transport, mail(3))
    assert (error.stage, list(error.refused)) == (Stage.RCPT, ["visitor2@example.test"])
    assert not arrived(server, following)
    assert (server.connections, len(server.accepted)) == (2, 2)


def test_a_reply_too_many_behind_the_dots_is_not_taken_for_the_next_mail() -> None:
    following = mail(2)
    script = {"BODY": [b"250 OK\r\n250 OK\r\n"]}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        send(transport, mail(1), following)
        error = refused(transport, following)
        send(transport, mail(3))
    assert (error.stage, error.reply.failure) == (Stage.DATA, Failure.PROTOCOL)
    assert not arrived(server, following)
    assert [taken.raw for taken in server.received] == [mail(1)[1], mail(3)[1]]
