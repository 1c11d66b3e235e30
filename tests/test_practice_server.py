"""The practice server talks as smtp.qq.com does, and keeps mails as QQ does."""

from __future__ import annotations

import base64
import logging
import re
import smtplib
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcenter.practice import scenarios
from mailcenter.practice.conversation import GARBAGE
from mailcenter.practice.server import PracticeServer
from tests.practice import connect, log_in, mails, message, running, send


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PracticeServer]:
    with running(tmp_path) as server:
        yield server


# The conversation


def test_listens_on_loopback_only(server: PracticeServer) -> None:
    addresses = {listener.getsockname()[0] for listener in server.server.sockets}
    assert addresses == {"127.0.0.1"}


def test_greets_as_qq_does(server: PracticeServer) -> None:
    context = ssl.create_default_context(cafile=server.handler.folder / "cert.pem")
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        greeting = secure.makefile("rb").readline()
    assert greeting == b"220 newxmesmtplogicsvrszb20-0.qq.com XMail Esmtp QQ Mail Server.\r\n"


def test_offers_what_qq_offers_in_its_order(server: PracticeServer) -> None:
    client = connect(server, logged_in=False)
    assert client.ehlo()[1].decode().split("\n") == [
        "newxmesmtplogicsvrszb20-0.qq.com",
        "PIPELINING",
        "SIZE 73400320",
        "AUTH LOGIN PLAIN XOAUTH XOAUTH2",
        "AUTH=LOGIN",
        "MAILCOMPRESS",
        "SMTPUTF8",
        "8BITMIME",
    ]


def test_answers_helo(server: PracticeServer) -> None:
    client = connect(server, logged_in=False)
    assert client.helo()[1].decode().split("\n")[1:] == ["SIZE 73400320", "OK"]


def test_speaks_tls_only(server: PracticeServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
        plain.sendall(b"EHLO localhost\r\n")
        assert b"220" not in plain.recv(100)


def test_takes_a_log_in_by_login(server: PracticeServer) -> None:
    client = connect(server, logged_in=False)
    client.ehlo()
    assert client.docmd("AUTH", "LOGIN") == (334, b"VXNlcm5hbWU6")
    assert client.docmd(base64.b64encode(b"site@practice.test").decode()) == (334, b"UGFzc3dvcmQ6")
    code = base64.b64encode(server.handler.account.password.encode()).decode()
    assert client.docmd(code) == (235, b"Authentication successful")


def test_refuses_a_wrong_code_and_hangs_up_without_a_word_on_the_second(
    server: PracticeServer,
) -> None:
    client = connect(server, logged_in=False)
    client.ehlo()
    code, text = log_in(client, "wrongwrongwrongw")
    assert f"{code} {text.decode()}" == scenarios.LOGIN_FAIL
    with pytest.raises(smtplib.SMTPServerDisconnected):
        log_in(client, server.handler.account.password)


def test_refuses_plain_without_initial_response(server: PracticeServer) -> None:
    client = connect(server, logged_in=False)
    client.ehlo()
    assert client.docmd("AUTH", "PLAIN")[0] == 502


def test_refuses_a_sender_before_the_log_in(server: PracticeServer) -> None:
    client = connect(server, logged_in=False)
    assert client.mail("site@practice.test") == (503, b"Error: need EHLO and AUTH first !")
    client.ehlo()
    assert client.mail("site@practice.test") == (503, b"Error: need EHLO and AUTH first !")


def test_refuses_another_sender_than_the_account(server: PracticeServer) -> None:
    client = connect(server)
    assert client.mail("webmaster@localhost") == (
        501,
        b"Mail from address must be same as authorization user.",
    )
    assert client.rcpt("visitor@example.com") == (503, b"Send command mailfrom first")


def test_takes_a_mail_and_names_no_queue_id(server: PracticeServer) -> None:
    client = connect(server)
    client.mail("site@practice.test")
    client.rcpt("visitor@example.com")
    assert client.docmd("DATA") == (354, b"End data with <CR><LF>.<CR><LF>.")
    client.send(message() + b".\r\n")
    assert client.getreply() == (250, b"OK: queued as.")


@pytest.mark.parametrize(
    "value",
    [
        b"site@practice.test",
        b"Site <site@practice.test>",
        b'"=?utf-8?B?56uZ?=" <site@practice.test>',
        b"=?utf-8?b?56uZ?= <site@practice.test>",
        b"=?utf-8?b?56uZ?=\r\n <site@practice.test>",
    ],
)
def test_takes_the_from_headers_that_qq_takes(server: PracticeServer, value: bytes) -> None:
    reply = send(connect(server), b"From: " + value + b"\r\nSubject: x\r\n\r\nx\r\n")
    assert reply == (250, b"OK: queued as.")


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: none",
        b"From: =?utf-8?q?site=40practice=2Etest?=",
        b"From: =?utf-8?q?site@practice.test?=",
        b"From: =?utf-8?b?56uZIDxzaXRlQHByYWN0aWNlLnRlc3Q+?=",
        b"From: =?utf-8?q?LogSender?=",
        "From: 站 <site@practice.test>".encode(),
        b"X-Early: end\r\r\nFrom: site@practice.test",
        b"From: site@practice.test\r\nFrom: site@practice.test",
    ],
)
def test_refuses_the_from_headers_that_qq_refuses(server: PracticeServer, head: bytes) -> None:
    client = connect(server)
    client.mail("site@practice.test")
    client.rcpt("visitor@example.com")
    client.docmd("DATA")
    client.send(head + b"\r\n\r\nx\r\n.\r\n")
    code, text = client.getreply()
    assert f"{code} {text.decode()}" == scenarios.FROM_INVALID
    assert mails(server) == []


def test_answers_every_third_quit_after_a_mail_with_garbage(server: PracticeServer) -> None:
    answers = []
    for _number in range(6):
        client = connect(server)
        send(client, message())
        client.send(b"QUIT\r\n")
        answers.append(client.sock.recv(100))
    assert answers == [b"221 Bye.\r\n", b"221 Bye.\r\n", GARBAGE] * 2
    assert len(mails(server)) == 6


def test_takes_long_lines_long_commands_and_eight_bits(server: PracticeServer) -> None:
    client = connect(server)
    raw = b"From: site@practice.test\r\n\r\n" + "长".encode() * 20_000 + b"\r\n"
    assert client.docmd("MAIL", "FROM:<site@practice.test> BODY=8BITMIME SMTPUTF8")[0] == 250
    assert client.rcpt("a" * 2000 + "@example.com")[0] == 250
    assert client.data(raw)[0] == 250
    assert "长".encode() * 20_000 in mails(server)[0]


def test_logs_neither_credentials_nor_mails(
    server: PracticeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = connect(server)
    send(client, b"From: site@practice.test\r\n\r\nsecret-of-the-mail\r\n")
    client.docmd("AUTH", "LOGIN not*base64*secret")
    client.quit()
    assert "secret" not in caplog.text
    assert base64.b64encode(server.handler.account.password.encode()).decode() not in caplog.text


# What it keeps


def test_keeps_a_mail_as_qq_does(server: PracticeServer) -> None:
    client = connect(server)
    client.mail("site@practice.test")
    client.rcpt("visitor@example.com")
    client.rcpt("blind@example.com")
    client.data(message())
    [raw] = mails(server)
    head, _separator, body = raw.partition(b"\n\n")
    assert re.search(rb"(?m)^Message-ID: <tencent_[0-9A-F]{40}@qq\.com>", head)
    assert re.search(rb"(?m)^X-OQ-MSGID: <ours@practice\.test>", head)
    assert b"Return-Path: <site@practice.test>" in head
    assert re.findall(rb"(?m)^Delivered-To: (\S+)", head) == [
        b"visitor@example.com",
        b"blind@example.com",
    ]
    assert body.replace(b"\r\n", b"\n") == b"Hello\n.dot\n"


def test_keeps_key_and_mails_from_other_users(server: PracticeServer) -> None:
    send(connect(server), message())
    folder = server.handler.folder
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "mail").stat().st_mode) == 0o700
