"""What the program makes of a wire that fails at each place."""

from __future__ import annotations

import socket
import ssl

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Stage, VerdictClass, classify
from mailcenter.transports import Envelope
from tests.fault_proxy import HANG_UP, SILENCE, FaultProxy
from tests.smtp_client import ENVELOPE, GARBAGE, RAW, ignore, refusal, transport_to
from tests.smtp_server import ADDRESS, ScriptedServer

LARGE = b"Subject: large\r\n\r\n" + (b"y" * 76 + b"\r\n") * 200_000
STAGES = {
    "CONNECT": Stage.CONNECT,
    "EHLO": Stage.EHLO,
    "AUTH": Stage.AUTH,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    "BODY": Stage.BODY,
}
AFTER_THE_DOT = {"BODY", "BODY-REPLY"}
POINTS = [f"{verb}{suffix}" for verb in STAGES for suffix in ("", "-REPLY")]
POINTS.remove("CONNECT")


@pytest.mark.parametrize("extensions", [[b"AUTH PLAIN"], [b"AUTH PLAIN", b"PIPELINING"]])
@pytest.mark.parametrize("point", POINTS)
def test_a_lost_connection_is_told_with_its_stage(point: str, extensions: list[bytes]) -> None:
    with ScriptedServer(extensions=extensions) as server, FaultProxy(server.port) as proxy:
        proxy.on(point, HANG_UP)
        error = refusal(server, port=proxy.port)
    stage = STAGES[point.split("-")[0]]
    if b"PIPELINING" in extensions and point in ("RCPT", "DATA"):
        # All three were said at once, and none was answered yet.
        stage = Stage.MAIL
    assert (error.stage, error.reply.failure) == (stage, Failure.CLOSED)
    assert error.maybe_accepted == (point in AFTER_THE_DOT)
    verdict = classify(error.reply, stage=error.stage, maybe_accepted=error.maybe_accepted)
    assert verdict.uncertain == (point in AFTER_THE_DOT)
    assert len(server.accepted) == (1 if point == "BODY-REPLY" else 0)
    assert [struck for struck, _seen in proxy.struck] == [point]


def test_a_connection_lost_within_the_body_leaves_no_doubt() -> None:
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("CONTENT", HANG_UP)
        error = refusal(server, raw=LARGE, port=proxy.port)
    assert (error.stage, error.maybe_accepted) == (Stage.BODY, False)
    assert (server.count("DATA"), server.received) == (1, [])


@pytest.mark.parametrize("point", ["AUTH", "BODY-REPLY"])
def test_silence_runs_into_the_timeout(point: str) -> None:
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on(point, SILENCE)
        error = refusal(server, port=proxy.port, timeout=1, reply_timeout=0.2)
    assert error.reply.failure == Failure.TIMEOUT
    assert error.maybe_accepted == (point == "BODY-REPLY")


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_garbage_before_the_body_leaves_no_doubt(verb: str) -> None:
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on(f"{verb}-REPLY", GARBAGE)
        error = refusal(server, port=proxy.port)
    assert (error.stage, error.reply.failure) == (STAGES[verb], Failure.PROTOCOL)
    assert not error.maybe_accepted


def test_garbage_after_the_dot_leaves_the_mail_uncertain() -> None:
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("BODY-REPLY", GARBAGE)
        error = refusal(server, port=proxy.port)
    verdict = classify(error.reply, stage=error.stage, maybe_accepted=error.maybe_accepted)
    assert (error.maybe_accepted, verdict.uncertain) == (True, True)


def test_a_reply_can_be_replaced() -> None:
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("MAIL-REPLY", b"550 Ip frequency limited")
        error = refusal(server, port=proxy.port)
    verdict = classify(error.reply, stage=error.stage)
    assert (error.stage, verdict.verdict_class) == (Stage.MAIL, VerdictClass.RATE_LIMITED)


def test_a_fault_strikes_the_mails_that_were_chosen_and_so_often() -> None:
    second = b"Subject: second\r\n\r\nhello\r\n"
    outcomes = []
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("BODY-REPLY", HANG_UP, times=2, where=lambda mail: b"second" in mail)
        with transport_to(server, port=proxy.port) as transport:
            for raw in (RAW, second, second, second):
                try:
                    transport.send(ENVELOPE, raw, ignore)
                    outcomes.append("accepted")
                except TransportError as error:
                    outcomes.append("uncertain" if error.maybe_accepted else "failed")
    assert outcomes == ["accepted", "uncertain", "uncertain", "accepted"]
    assert proxy.struck == [("BODY-REPLY", second)] * 2
    assert (proxy.count("BODY"), proxy.connections) == (4, 3)
    assert [mail.raw for mail in server.accepted] == [RAW, second, second, second]


@pytest.mark.parametrize(
    "raw",
    [b"\r\n.\r\n", b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n", LARGE],
    ids=["a lone dot", "dots", "large"],
)
@pytest.mark.parametrize("security", ["ssl", ""])
def test_without_a_fault_all_arrives_as_it_left(security: str, raw: bytes) -> None:
    envelope = Envelope(ADDRESS, ("one@example.test", "two@example.test"))
    with (
        ScriptedServer() as server,
        FaultProxy(server.port, security=security, one_way_seconds=0.001) as proxy,
        transport_to(server, port=proxy.port) as transport,
    ):
        transport.send(envelope, raw, ignore)
        transport.send(envelope, raw, ignore)
    assert [mail.raw for mail in server.accepted] == [raw, raw]
    assert server.accepted[0].recipients == list(envelope.recipients)
    assert server.connections == proxy.connections == 1


def test_a_reply_lost_with_the_next_mail_announced_is_the_first_ones_alone() -> None:
    second = Envelope(ADDRESS, ("second@example.test",)), b"Subject: second\r\n\r\nhello\r\n"
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("BODY-REPLY", HANG_UP)
        with transport_to(server, port=proxy.port) as transport:
            with pytest.raises(TransportError) as caught:
                transport.send(ENVELOPE, RAW, ignore, lambda: second)
            assert caught.value.maybe_accepted
            transport.send(*second, ignore)
    assert [(mail.recipients, mail.raw) for mail in server.accepted] == [
        (list(ENVELOPE.recipients), RAW),
        (["second@example.test"], second[1]),
    ]


def test_an_empty_content_ends_at_its_dot() -> None:
    """A server may wait for a content although it refused each recipient (RFC 2920 section 3.1)."""
    with ScriptedServer() as server, FaultProxy(server.port) as proxy:
        proxy.on("BODY", HANG_UP)
        context = ssl.create_default_context(cafile=server.ca_file)
        plain = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
            stream = client.makefile("rb")
            while not stream.readline().startswith(b"354"):
                pass
            client.sendall(b".\r\n")
            assert stream.read() == b""
    assert proxy.struck == [("BODY", b"")]


def test_bytes_can_be_late_under_starttls() -> None:
    with (
        ScriptedServer(security="starttls") as server,
        FaultProxy(server.port, security="", one_way_seconds=0.001) as proxy,
        transport_to(server, port=proxy.port) as transport,
    ):
        assert transport.send(ENVELOPE, RAW, ignore).reply.positive


def test_no_authorization_code_stays_behind() -> None:
    with ScriptedServer(extensions=[b"AUTH LOGIN"]) as server, FaultProxy(server.port) as proxy:
        proxy.on("AUTH-REPLY", HANG_UP)
        refusal(server, port=proxy.port)
    assert proxy.struck == [("AUTH-REPLY", b"AUTH")]
