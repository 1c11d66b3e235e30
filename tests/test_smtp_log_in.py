"""The log-in: one AUTH a connection, and its secrets nowhere else."""

from __future__ import annotations

import base64
import logging

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Stage
from tests.smtp_client import ENVELOPE, RAW, ignore, refusal, transport_to
from tests.smtp_server import ADDRESS, HANG_UP, PASSWORD, ScriptedServer

QQ_535 = b"535 Error: \xc7\xeb\xca\xb9\xd3\xc3\xca\xda\xc8\xa8\xc2\xeb\xb5\xc7\xc2\xbc\xa1\xa3"


def test_no_code_is_told_before_any_connection() -> None:
    with ScriptedServer() as server:
        error = refusal(server, password="")
    assert error.reply.failure == Failure.CREDENTIALS
    assert server.connections == 0


@pytest.mark.parametrize(
    ("extension", "verb"),
    [
        (b"AUTH LOGIN PLAIN XOAUTH XOAUTH2", "AUTH PLAIN"),
        (b"AUTH LOGIN", "AUTH LOGIN"),
        (b"AUTH=LOGIN", "AUTH LOGIN"),
    ],
)
def test_user_and_code_arrive_by_one_mechanism(extension: bytes, verb: str) -> None:
    with (
        ScriptedServer(extensions=[extension]) as server,
        transport_to(server, username="用户", password="码 & %") as transport,
    ):
        receipt = transport.send(ENVELOPE, RAW, ignore)
    assert server.credentials == [("用户", "码 & %")]
    assert verb in [step["verb"] for step in receipt.transcript.dialogue]


def test_the_first_refusal_is_kept_and_no_second_auth_is_tried() -> None:
    # QQ hangs up without a word on a second AUTH of a connection.
    with ScriptedServer({"AUTH": [QQ_535, HANG_UP]}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.code) == (Stage.AUTH, 535)
    assert error.reply.text == "Error: 请使用授权码登录。"
    assert (server.count("AUTH"), server.count("MAIL")) == (1, 0)


def test_a_hang_up_during_auth_is_a_closed_connection_at_auth() -> None:
    with ScriptedServer({"AUTH": HANG_UP}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.AUTH, Failure.CLOSED)
    assert not error.maybe_accepted


def test_no_mechanism_in_common_is_said() -> None:
    with ScriptedServer(extensions=[b"AUTH XOAUTH2"]) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.AUTH, Failure.PROTOCOL)
    assert server.count("AUTH") == 0


def test_after_a_refused_log_in_the_next_mail_logs_in_anew() -> None:
    with (
        ScriptedServer({"AUTH": [b"535 Login fail."]}) as server,
        transport_to(server) as transport,
    ):
        with pytest.raises(TransportError):
            transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert (server.connections, len(server.accepted)) == (2, 1)


@pytest.mark.parametrize(
    ("mechanism", "argument"),
    [("PLAIN", f"\0{ADDRESS}\0{PASSWORD}"), ("LOGIN", PASSWORD)],
)
def test_the_code_is_nowhere_even_when_the_server_repeats_it(
    mechanism: str, argument: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = base64.b64encode(argument.encode()).decode()
    echo = f"535 no: {sent} {PASSWORD}".encode()
    extensions = [f"AUTH {mechanism}".encode()]
    with ScriptedServer({"AUTH": echo}, extensions=extensions) as server:
        error = refusal(server)
        account = server.account()
    said = " ".join(map(repr, (error, str(error), error.transcript, account, error.__context__)))
    assert "535" in said
    for secret in (PASSWORD, sent):
        assert secret not in said + caplog.text
