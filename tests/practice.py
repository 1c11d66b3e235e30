"""A practice server on a port of the system's choice, and two ways to talk to it."""

from __future__ import annotations

import base64
import contextlib
import mailbox
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.practice.scenarios import Scenario
from mailcenter.practice.server import PracticeServer
from mailcenter.replies import Stage
from mailcenter.transports import Envelope, Receipt, SmtpTransport, environment_account


@contextlib.contextmanager
def running(folder: Path, *, longest_pause: float = 0.01) -> Iterator[PracticeServer]:
    account = replace(environment_account(), ca_file=str(folder / "cert.pem"))
    server = PracticeServer(account, folder, port=0, longest_pause=longest_pause)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connect(server: PracticeServer, *, logged_in: bool = True) -> smtplib.SMTP_SSL:
    """Checks the certificate as strictly as newer Pythons do by default."""
    folder = server.handler.folder
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client = smtplib.SMTP_SSL("127.0.0.1", server.port, context=context, timeout=10)
    if logged_in:
        client.ehlo()
        assert log_in(client, server.handler.account.password)[0] == 235
    return client


def log_in(client: smtplib.SMTP_SSL, code: str) -> tuple[int, bytes]:
    login = base64.b64encode(f"\0site@practice.test\0{code}".encode()).decode()
    return client.docmd("AUTH", f"PLAIN {login}")


def message(to: str = "visitor@example.com", sender: str = "站 <site@practice.test>") -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Message-ID"] = "<ours@practice.test>"
    mail.set_content("Hello\n.dot\n")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def send(
    client: smtplib.SMTP_SSL, raw: bytes, to: str = "visitor@example.com"
) -> tuple[int, bytes]:
    assert client.mail("site@practice.test")[0] == 250
    assert client.rcpt(to)[0] == 250
    return client.data(raw)


def mails(server: PracticeServer) -> list[bytes]:
    return [mail.as_bytes() for mail in mailbox.Maildir(server.handler.folder / "mail")]


def transport(server: PracticeServer, *, timeout: float = 10) -> SmtpTransport:
    return SmtpTransport(
        replace(server.handler.account, port=server.port),
        local_hostname="localhost",
        timeout=timeout,
        reply_timeout=timeout,
        fresh_seconds=60,
    )


def deliver(through: SmtpTransport, to: str) -> Receipt:
    envelope = Envelope("site@practice.test", (to,))
    try:
        return through.send(envelope, message(to), lambda stage: None)
    finally:
        through.close()


def refusal(server: PracticeServer, scenario: Scenario) -> TransportError:
    """The reply that the scenario is about, on the second attempt where that is its stage."""
    if scenario.stage in (Stage.AUTH, Stage.MAIL):
        with pytest.raises(TransportError) as put_off:
            deliver(transport(server), scenario.address)
        assert (put_off.value.reply.code, put_off.value.stage) == (421, Stage.RCPT)
    with pytest.raises(TransportError) as refused:
        deliver(transport(server), scenario.address)
    return refused.value
