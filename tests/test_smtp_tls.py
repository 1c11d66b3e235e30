"""Connecting: TLS with a verified certificate, or nothing."""

from __future__ import annotations

import socket

import pytest

from mailcenter.replies import Failure, Stage
from tests.certificate import certificate_files
from tests.smtp_client import refusal
from tests.smtp_server import SILENCE, ScriptedServer


def test_a_refused_port_is_a_refused_connection() -> None:
    with ScriptedServer() as server:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            closed_port = taken.getsockname()[1]
        error = refusal(server, port=closed_port)
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.REFUSED)
    assert error.transcript.dialogue[0]["verb"] == "CONNECT"


def test_an_unknown_host_is_a_failed_name() -> None:
    with ScriptedServer() as server:
        error = refusal(server, host="nowhere.invalid")
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.DNS)


def test_a_refusing_greeting_is_kept() -> None:
    with ScriptedServer({"CONNECT": b"554 IP in blacklist"}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.code, error.reply.text) == (
        Stage.CONNECT,
        554,
        "IP in blacklist",
    )
    assert server.count("EHLO") == 0


def test_a_certificate_of_somebody_else_is_refused() -> None:
    stranger, _key = certificate_files("stranger.test")
    with ScriptedServer() as server:
        error = refusal(server, ca_file=stranger)
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)
    assert "CERTIFICATE_VERIFY_FAILED" in error.reply.text
    assert server.credentials == []


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_certificate_for_another_host_is_refused(security: str) -> None:
    with ScriptedServer(security=security, name="elsewhere.test") as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)
    assert "CERTIFICATE_VERIFY_FAILED" in error.reply.text
    assert server.credentials == []


def test_a_missing_ca_file_is_a_tls_failure() -> None:
    with ScriptedServer() as server:
        error = refusal(server, ca_file="/nonexistent/ca.pem")
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)
    assert "/nonexistent/ca.pem" in error.reply.text


def test_a_plain_server_spoken_to_in_tls_is_a_tls_failure() -> None:
    with ScriptedServer(security="plain") as server:
        error = refusal(server, security="ssl")
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)


def test_a_tls_server_spoken_to_with_starttls_times_out() -> None:
    with ScriptedServer(security="ssl") as server:
        error = refusal(server, security="starttls", timeout=0.3)
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.TIMEOUT)


def test_without_starttls_there_is_no_log_in() -> None:
    with ScriptedServer(security="plain") as server:
        error = refusal(server, security="starttls")
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)
    assert "STARTTLS" in error.reply.text
    assert (server.credentials, server.received) == ([], [])


def test_a_refused_starttls_is_not_bypassed() -> None:
    with ScriptedServer({"STARTTLS": b"454 TLS not available"}, security="starttls") as server:
        error = refusal(server)
    assert (error.stage, error.reply.code) == (Stage.TLS, 454)
    assert server.credentials == []


def test_words_slipped_in_before_tls_are_not_believed() -> None:
    injected = b"220 Ready to start TLS\r\n250-attacker\r\n250 AUTH PLAIN\r\n"
    with ScriptedServer({"STARTTLS": injected}, security="starttls") as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.PROTOCOL)
    assert server.credentials == []


def test_silence_ends_after_the_timeout() -> None:
    with ScriptedServer({"EHLO": SILENCE}) as server:
        error = refusal(server, timeout=0.3)
    assert (error.stage, error.reply.failure) == (Stage.EHLO, Failure.TIMEOUT)
    assert not error.maybe_accepted


def test_a_reply_that_never_ends_is_cut() -> None:
    with ScriptedServer({"EHLO": b"250-more\r\n" * 20_000}) as server:
        error = refusal(server)
    assert (error.stage, error.reply.failure) == (Stage.EHLO, Failure.PROTOCOL)
