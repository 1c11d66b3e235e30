"""The SMTP client against Postfix and Dovecot, as they come."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.replies import Stage, Verdict, VerdictClass, classify
from mailcenter.transports import Envelope, environment_account
from mailcenter.transports.sent_folder import find
from mailcenter.transports.variables import VARIABLES
from tests.fault_proxy import HANG_UP, FaultProxy
from tests.real_mail_server import DOMAIN, SENDER, RealMailServer
from tests.site_process import until
from tests.smtp_client import ignore, refusal, transport_to

pytestmark = pytest.mark.needs("Postfix and Dovecot")


@pytest.fixture(scope="module")
def server() -> Iterator[RealMailServer]:
    with RealMailServer() as server:
        yield server


@pytest.fixture(scope="module")
def strict_server() -> Iterator[RealMailServer]:
    with RealMailServer(mails_per_minute=4, logins_per_minute=4) as server:
        yield server


@pytest.fixture
def visitor(request: pytest.FixtureRequest) -> str:
    """A mailbox that no other test of this server uses."""
    return f"visitor-{abs(hash(request.node.name))}@{DOMAIN}"


def mail(subject: str, to: str, body: str = "你好\n.\n..\n") -> bytes:
    message = EmailMessage(policy=email.policy.SMTP.clone(cte_type="7bit"))
    message["From"], message["To"], message["Subject"] = SENDER, to, subject
    message["Date"] = "Sat, 21 Nov 2026 08:00:00 +0000"
    message["Message-ID"] = f"<{to}>"
    message.set_content(body, cte="base64")
    return message.as_bytes()


def verdict(error: TransportError) -> Verdict:
    return classify(error.reply, stage=error.stage, maybe_accepted=error.maybe_accepted)


def delivered(server: RealMailServer, address: str) -> bytes:
    """The one mail there, without what the delivery put above it, with CRLF."""
    (content,) = until(lambda: server.inbox(address))
    headers = content.index(b"From: ")
    assert content[:headers].count(b"Received: ") == 2
    return content[headers:].replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("security", "log_in"), [("ssl", "AUTH PLAIN"), ("starttls", "AUTH LOGIN")]
)
def test_a_mail_arrives_byte_for_byte(
    server: RealMailServer, visitor: str, security: str, log_in: str
) -> None:
    raw = mail("请确认你的邮箱地址：欢迎来到小店，验证码在里面，十分钟内有效", visitor)
    with transport_to(server, security=security) as transport:
        receipt = transport.send(Envelope(SENDER, (visitor,)), raw, ignore)
    assert delivered(server, visitor) == raw
    assert log_in in [step["verb"] for step in receipt.transcript.dialogue]
    assert receipt.reply.text == f"2.0.0 Ok: queued as {receipt.remote_id}"
    assert f" {receipt.remote_id}: from=<{SENDER}>" in server.log()


def test_lines_and_dots_survive(server: RealMailServer, visitor: str) -> None:
    raw = b"From: a\r\nSubject: dots\r\n\r\n.\r\n..\r\n" + b"x" * 990 + b"\r\n.end\r\n"
    with transport_to(server) as transport:
        transport.send(Envelope(SENDER, (visitor,)), raw, ignore)
    assert delivered(server, visitor) == raw


def test_several_mails_go_over_one_connection_each_announced_with_the_dot_before(
    server: RealMailServer, visitor: str
) -> None:
    mails = [
        (Envelope(SENDER, (visitor,)), mail(f"number {number}", visitor)) for number in range(5)
    ]
    following = iter([*mails[1:], None])
    with (
        FaultProxy(server.ports["ssl"]) as proxy,
        transport_to(server, port=proxy.port) as transport,
    ):
        receipts = [
            transport.send(envelope, raw, ignore, lambda: next(following))
            for envelope, raw in mails
        ]
    contents = until(lambda: len(found := server.inbox(visitor)) == len(mails) and found)
    for _envelope, raw in mails:
        assert sum(raw.replace(b"\r\n", b"\n") in content for content in contents) == 1
    ids = [receipt.remote_id for receipt in receipts]
    assert len(set(ids)) == len(mails)
    assert [proxy.count(verb) for verb in ("AUTH", "MAIL", "DATA", "BODY")] == [1, 5, 5, 5]


def test_a_copy_lies_in_the_sent_folder_and_is_found_there(
    server: RealMailServer, visitor: str
) -> None:
    account, today = server.account(), datetime.now(UTC).date()
    assert find(account, f"<{visitor}>", today, timeout=10) is None
    with transport_to(server) as transport:
        transport.send(Envelope(SENDER, (visitor,)), mail("copy", visitor), ignore)

    def copies() -> list[bytes]:
        return [copy for copy in server.sent() if b"Message-ID: <%b>" % visitor.encode() in copy]

    assert len(until(copies)) == 1
    found = find(account, f"<{visitor}>", today, timeout=10)
    assert found is not None
    assert (found.folder, found.header) == ("Sent", "Message-ID")
    assert found.received is not None
    # Looking marks nothing as seen.
    assert not list((server.folder / "mail" / SENDER / ".Sent").glob("cur/*:2,*S*"))


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_wrong_code_is_told(server: RealMailServer, security: str) -> None:
    error = refusal(server, security=security, password="wrong")
    assert (error.stage, error.reply.code) == (Stage.AUTH, 535)
    assert verdict(error).verdict_class == VerdictClass.AUTH


def test_a_sender_that_is_not_the_log_in_is_told_at_mail(
    server: RealMailServer, visitor: str
) -> None:
    error = refusal(server, Envelope(f"other@{DOMAIN}", (visitor,)), mail("x", visitor))
    assert (error.stage, error.reply.code) == (Stage.MAIL, 553)
    assert verdict(error).verdict_class == VerdictClass.SENDER_IDENTITY


def test_an_unknown_recipient_is_told_and_the_other_gets_the_mail(
    server: RealMailServer, visitor: str
) -> None:
    unknown, raw = f"unknown@{DOMAIN}", mail("one of two", visitor)
    error = refusal(server, Envelope(SENDER, (unknown,)), raw)
    assert (error.stage, error.reply.code, error.reply.enhanced) == (Stage.RCPT, 550, "5.1.1")
    assert verdict(error).verdict_class == VerdictClass.RECIPIENT_UNKNOWN
    with transport_to(server) as transport:
        receipt = transport.send(Envelope(SENDER, (unknown, visitor)), raw, ignore)
    assert [reply.code for reply in receipt.recipients.values()] == [550, 250]
    assert delivered(server, visitor) == raw


def test_nothing_leaves(server: RealMailServer) -> None:
    elsewhere = "visitor@elsewhere.test"
    error = refusal(server, Envelope(SENDER, (elsewhere,)), mail("x", elsewhere))
    assert error.reply.text.endswith("no mail leaves this server")


def test_the_fifth_mail_of_a_minute_is_one_too_many(
    strict_server: RealMailServer, visitor: str
) -> None:
    envelope, raw = Envelope(SENDER, (visitor,)), mail("much", visitor)
    with transport_to(strict_server) as transport:
        for _number in range(4):
            transport.send(envelope, raw, ignore)
        with pytest.raises(TransportError) as caught:
            transport.send(envelope, raw, ignore)
    assert (caught.value.stage, caught.value.reply.code) == (Stage.MAIL, 450)
    limited = verdict(caught.value)
    assert (limited.verdict_class, limited.retry) == (VerdictClass.RATE_LIMITED, True)


def test_the_fifth_log_in_of_a_minute_is_no_wrong_code(strict_server: RealMailServer) -> None:
    errors = [refusal(strict_server, security="starttls", password="wrong") for _number in range(5)]
    assert [error.reply.code for error in errors] == [535, 535, 535, 535, 450]
    limited = verdict(errors[-1])
    assert (limited.verdict_class, limited.retry) == (VerdictClass.RATE_LIMITED, True)


@pytest.mark.parametrize(("point", "arrived"), [("BODY", 0), ("BODY-REPLY", 1)])
def test_a_line_lost_at_the_dot_is_uncertain_whether_the_mail_arrived_or_not(
    server: RealMailServer, visitor: str, point: str, arrived: int
) -> None:
    envelope, raw = Envelope(SENDER, (visitor,)), mail("first", visitor)
    with FaultProxy(server.ports["ssl"]) as proxy:
        proxy.on(point, HANG_UP)
        error = refusal(server, envelope, raw, port=proxy.port)
        assert verdict(error).uncertain
        # Delivered in order: after this one the first would be there.
        with transport_to(server, port=proxy.port) as transport:
            transport.send(envelope, mail("second", visitor), ignore)
    until(lambda: any(b"second" in content for content in server.inbox(visitor)))
    until(lambda: not server.queue())
    assert sum(b"first" in content for content in server.inbox(visitor)) == arrived


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_the_environment_for_a_process_of_its_own_gives_the_same_account(
    server: RealMailServer, settings: Any, security: Any
) -> None:
    given = server.environment(security)
    settings.MAILCENTER = {
        **settings.MAILCENTER,
        "ACCOUNT": {key: given.get(variable, "") for key, variable in VARIABLES.items()},
    }
    assert environment_account() == server.account(security)
