"""Each provider's dialect over the wire: mail passes, and each captured reply is understood.

A captured reply travels the whole way: queue, worker, TLS, the attempt's row, its page.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from mailcenter.engines.worker import Worker
from mailcenter.exceptions import TransportError
from mailcenter.models import Attempt, Message
from mailcenter.replies import CATALOG, Failure, Reply, Stage, VerdictClass
from mailcenter.transports import Envelope, Receipt, Transport, open_transport
from tests.captured_replies import (
    BAD_CERTIFICATE,
    CAPTURED,
    GO_WRONG_PORT,
    WRONG_PORT,
    Captured,
    failed,
)
from tests.certificate import certificate_files
from tests.dialects import (
    CLIENT,
    DIALECTS,
    GARBAGE,
    NETEASE,
    QQ_465,
    QQ_587,
    Dialect,
)
from tests.factories import SuperuserFactory
from tests.provider_server import ProviderServer
from tests.smtp_client import RAW, ignore
from tests.smtp_conversation import Action
from tests.smtp_server import HANG_UP, PASSWORD, SILENCE

Status = Message.Status

READER = "reader@example.test"

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


# Mail passes


@contextmanager
def transport_to(server: ProviderServer) -> Iterator[Transport]:
    transport = open_transport(server.account())
    try:
        yield transport
    finally:
        transport.close()


def envelope(dialect: Dialect) -> Envelope:
    return Envelope(dialect.address, (READER,))


@each_dialect
def test_a_mail_passes_in_every_dialect(dialect: Dialect) -> None:
    with ProviderServer(dialect) as server, transport_to(server) as transport:
        receipt = transport.send(envelope(dialect), RAW, ignore)
    (mail,) = server.accepted
    assert (mail.sender, mail.recipients, mail.raw) == (dialect.address, [READER], RAW)
    assert receipt.reply == Reply.parse(250, dialect.replies["BODY"][4:])
    assert receipt.recipients[READER].positive
    assert receipt.transcript.peer == f"127.0.0.1:{server.port} TLSv1.3"
    tls = ["EHLO", "STARTTLS"] if dialect.security == "starttls" else []
    assert [step["verb"] for step in receipt.transcript.dialogue] == [
        *["CONNECT", *tls, "EHLO", dialect.mechanism],
        *["MAIL", "RCPT", "DATA", "BODY"],
    ]
    assert server.credentials == [(dialect.address, PASSWORD)]
    assert CLIENT not in str(receipt.transcript)


def test_qqs_old_line_alone_leads_to_a_log_in_by_questions() -> None:
    old = replace(QQ_465, extensions=(b"PIPELINING", b"SIZE 73400320", b"AUTH=LOGIN"))
    with ProviderServer(old) as server, transport_to(server) as transport:
        receipt = transport.send(envelope(old), RAW, ignore)
    assert "AUTH LOGIN" in [step["verb"] for step in receipt.transcript.dialogue]
    assert server.credentials == [(old.address, PASSWORD)]


@each_dialect
def test_the_queue_id_is_the_one_that_the_provider_names(dialect: Dialect) -> None:
    with ProviderServer(dialect) as server, transport_to(server) as transport:
        receipt = transport.send(envelope(dialect), RAW, ignore)
    assert receipt.remote_id == dialect.remote_id


@each_dialect
def test_nothing_but_the_way_to_tls_is_said_in_clear(dialect: Dialect) -> None:
    with ProviderServer(dialect) as server, transport_to(server) as transport:
        transport.send(envelope(dialect), RAW, ignore)
    # QQ offers AUTH on 587 before TLS, too.
    before = ["CONNECT", "EHLO", "STARTTLS"] if dialect.security == "starttls" else []
    assert server.clear == before


def test_a_log_in_that_is_offered_in_clear_is_not_taken() -> None:
    without_tls = replace(QQ_587, in_clear=QQ_587.extensions)
    with (
        ProviderServer(without_tls) as server,
        transport_to(server) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(envelope(QQ_587), RAW, ignore)
    assert (caught.value.stage, caught.value.reply.failure) == (Stage.TLS, Failure.TLS)
    assert (server.count("AUTH"), server.credentials) == (0, [])


@each_dialect
def test_after_a_refused_log_in_no_second_one_is_sent(dialect: Dialect) -> None:
    # Each of them offers several mechanisms, and QQ hangs up on a second AUTH.
    script = {"AUTH": [b"535 Error: authentication failed", HANG_UP]}
    with (
        ProviderServer(dialect, script) as server,
        transport_to(server) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(envelope(dialect), RAW, ignore)
    assert (caught.value.stage, caught.value.reply.code) == (Stage.AUTH, 535)
    assert server.count("AUTH") == 1


@pytest.mark.parametrize("dialect", [QQ_465, QQ_587, NETEASE], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("verb", ["QUIT", "MAIL"])
def test_garbage_after_an_accepted_mail_changes_nothing(dialect: Dialect, verb: str) -> None:
    script = {verb: [GARBAGE] if verb == "QUIT" else [None, GARBAGE]}
    with ProviderServer(dialect, script) as server:
        with transport_to(server) as transport:
            receipts = [transport.send(envelope(dialect), RAW, ignore) for _number in range(2)]
        assert all(isinstance(receipt, Receipt) for receipt in receipts)
    assert len(server.accepted) == 2
    assert server.script[verb] == []


# Each captured reply


@dataclass(frozen=True)
class Trouble:
    """What makes a server, or the way to it, say what was captured.

    security: the server's, where it isn't the dialect's.
    account, settings: changes to MAILCENTER["ACCOUNT"] and to MAILCENTER.
    lines: of the mail's text.
    """

    script: dict[str, Action] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    security: str = ""
    account: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    lines: int = 1


VERBS = {
    Stage.CONNECT: "CONNECT",
    Stage.TLS: "STARTTLS",
    Stage.EHLO: "EHLO",
    Stage.AUTH: "AUTH",
    Stage.MAIL: "MAIL",
    Stage.RCPT: "RCPT",
    Stage.DATA: "DATA",
    Stage.BODY: "BODY",
}
SPEAKERS = {dialect.family: dialect for dialect in reversed(DIALECTS)}
# Much more than the buffers on the way hold: the dot has not left when the server hangs up.
LONG = 200_000
# A mail that is larger than this is not even announced.
FEW_BYTES = 100
# These come at another stage than the one that they were captured with.
FAILS_AT = {
    Failure.TLS: Stage.TLS,
    Failure.SIZE: Stage.MAIL,
    Failure.CREDENTIALS: Stage.AUTH,
}
# Trouble with the network up to here is the account's, not the mail's.
ARRIVING = (Stage.CONNECT, Stage.TLS, Stage.EHLO)
# Loopback's broadcast address: there is no way to it for TCP.
NO_WAY = "127.255.255.255"


def trouble(captured: Captured) -> Trouble | None:
    """None where nobody knows how to provoke it."""
    stage, reply = captured.stage, captured.reply()
    if stage not in VERBS:
        return None
    # After STARTTLS there is a TLS that can be refused in words.
    changes = {"security": "starttls"} if stage == Stage.TLS else {}
    if reply.code is not None:
        return Trouble({VERBS[stage]: as_sent(captured)}, changes)
    match reply.failure:
        case Failure.CLOSED if stage == Stage.BODY and not captured.maybe_accepted:
            return Trouble({"CONTENT": HANG_UP}, lines=LONG)
        case Failure.CLOSED:
            return Trouble({VERBS[stage]: HANG_UP}, changes)
        case Failure.TIMEOUT:
            return Trouble({VERBS[stage]: SILENCE}, changes, settings=patience(stage))
        case Failure.PROTOCOL:
            return Trouble({VERBS[stage]: GARBAGE}, changes)
        case Failure.CREDENTIALS:
            return Trouble(account={"PASSWORD": ""})
        case Failure.SIZE:
            return Trouble(changes={"extensions": (b"AUTH PLAIN", b"SIZE %d" % FEW_BYTES)})
        case Failure.DNS:
            return Trouble(account={"HOST": "nowhere.invalid"})
        case Failure.REFUSED:
            return Trouble(account={"PORT": closed_port()})
        case Failure.NETWORK:
            return Trouble(account={"HOST": NO_WAY})
        case Failure.TLS if reply.text == WRONG_PORT:
            return Trouble(security="plain")
        case Failure.TLS if reply.text == BAD_CERTIFICATE:
            return Trouble(account={"CA_FILE": certificate_files("stranger.test")[0]})
        case Failure.TLS if stage == Stage.TLS:
            no_offer = {"security": "starttls", "in_clear": (b"PIPELINING",)}
            return Trouble(changes=no_offer, security="plain", account={"SECURITY": "starttls"})
    return None


def patience(stage: Stage) -> dict[str, float]:
    """Short for the step in question; the handshake before it needs more than a moment."""
    if stage == Stage.BODY:
        return {"SMTP_REPLY_TIMEOUT_SECONDS": 0.3}
    return {"SMTP_TIMEOUT_SECONDS": 1}


def as_sent(captured: Captured) -> bytes:
    """The lines as a server sends them: some were captured without their last line."""
    came = captured.came if isinstance(captured.came, bytes) else str(captured.came).encode()
    *others, last = came.split(b"\n")
    lines = [*(line[:3] + b"-" + line[4:] for line in others), last[:3] + b" " + last[4:]]
    return b"\r\n".join(lines)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


def excuse(captured: Captured) -> str:
    """Why no SMTP server can be made to cause it, or ""."""
    if captured.provider == "esp":
        return "a delivery service answers over HTTP: test_esp.py"
    failure = captured.reply().failure
    if failure == Failure.INTERNAL:
        return "the worker's own words, no server's: test_delivery.py"
    if captured.came == failed(Failure.TLS, GO_WRONG_PORT):
        return "said by TLS in Go, and kept for whoever asks about such a line"
    if captured.stage == Stage.DONE:
        return "an accepted mail gets no verdict: the garbage after it, above"
    return ""


PROVOKED = [captured for captured in CAPTURED if not excuse(captured)]


def test_every_captured_reply_is_provoked_or_excused() -> None:
    assert [captured for captured in PROVOKED if trouble(captured) is None] == []
    assert {captured.provider for captured in PROVOKED} <= set(SPEAKERS)
    excused = {excuse(captured) for captured in CAPTURED} - {""}
    assert len(excused) == 4, "an excuse that nobody needs any longer"


@pytest.fixture(scope="module")
def browser() -> Client:
    # One for all: each new one sets the whole middleware up, which costs as much as a page.
    return Client()


@pytest.fixture
def operator(browser: Client, transactional_db: None) -> Iterator[Client]:
    user: Any = SuperuserFactory()
    browser.force_login(user)
    yield browser
    browser.cookies.clear()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "captured", PROVOKED, ids=lambda c: f"{c.provider or 'any'}-{c.stage}-{c.slug}"
)
def test_a_captured_reply_is_understood_and_explained(
    captured: Captured, send_through: Any, settings: Any, operator: Client
) -> None:
    provoked = trouble(captured)
    assert provoked
    attempt = provoke(captured, provoked, send_through, settings)
    check_row(attempt, captured)
    check_message(attempt.message, captured)
    check_page(attempt, operator)


def provoke(captured: Captured, provoked: Trouble, send_through: Any, settings: Any) -> Attempt:
    dialect = replace(SPEAKERS[captured.provider], **provoked.changes)
    with ProviderServer(dialect, provoked.script, security=provoked.security) as server:
        send_through(server, **provoked.account)
        settings.MAILCENTER = settings.MAILCENTER | provoked.settings
        settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
        EmailMessage("subject", "line of text\n" * provoked.lines, None, [READER]).send()
        Worker().drain()
    return Attempt.objects.get()


def check_row(attempt: Attempt, captured: Captured) -> None:
    reply = captured.reply()
    assert (attempt.reply_code, attempt.enhanced_code) == (reply.code, reply.enhanced)
    if reply.code is not None:
        assert attempt.reply_text == reply.text
    assert attempt.stage == FAILS_AT.get(reply.failure, captured.stage)
    assert attempt.catalog_entry == captured.slug
    assert attempt.verdict == captured.verdict_class


def check_message(message: Message, captured: Captured) -> None:
    """Whether it is tried again, and whether its account is left alone meanwhile."""
    network = captured.verdict_class == VerdictClass.NETWORK
    pauses = captured.account_wide or (network and captured.stage in ARRIVING)
    assert (message.account.paused_until is not None) == pauses
    if captured.maybe_accepted:
        assert message.status == Status.UNCERTAIN
    elif captured.retry or pauses:
        assert message.status == Status.QUEUED
    else:
        assert message.status == Status.FAILED


def check_page(attempt: Attempt, operator: Client) -> None:
    """What an operator reads, in both languages."""
    entry = CATALOG[attempt.catalog_entry]
    address = reverse("admin:mailcenter_attempt_change", args=[attempt.pk])
    chinese, english = (
        operator.get(address, headers={"accept-language": language}).content.decode()
        for language in ("zh-hans", "en")
    )
    for words in (entry.cause, entry.cure):
        assert escape(words.zh) in chinese
        assert escape(words.en) in english
