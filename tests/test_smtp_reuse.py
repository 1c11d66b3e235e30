"""Keeping a connection, finding it dead, and leaving it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Stage
from mailcenter.transports import open_transport
from tests import smtp_server
from tests.smtp_client import ENVELOPE, GARBAGE, RAW, ignore, transport_to
from tests.smtp_server import HANG_UP, ScriptedServer


@pytest.fixture(autouse=True, params=[True, False], ids=["in one write", "one by one"])
def pipelining(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every test here holds for servers of both kinds."""
    if not request.param:
        monkeypatch.setattr(smtp_server, "EXTENSIONS", smtp_server.WITHOUT_PIPELINING)
    return bool(request.param)


def test_two_mails_share_one_log_in() -> None:
    with ScriptedServer() as server, transport_to(server) as transport:
        transport.send(ENVELOPE, RAW, ignore)
        second = transport.send(ENVELOPE, RAW, ignore)
    assert (len(server.accepted), server.connections, server.count("AUTH")) == (2, 1, 1)
    assert [step["verb"] for step in second.transcript.dialogue] == ["MAIL", "RCPT", "DATA", "BODY"]
    assert second.transcript.peer.endswith("TLSv1.3")


def test_a_connection_that_is_not_fresh_is_not_used_again() -> None:
    with ScriptedServer() as server, transport_to(server, fresh_seconds=0) as transport:
        transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert (len(server.accepted), server.connections) == (2, 2)
    assert server.count("QUIT") == 2


def test_the_authorities_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    create = ssl.create_default_context
    monkeypatch.setattr(
        ssl, "create_default_context", lambda cafile: read.append(cafile) or create(cafile=cafile)
    )
    with ScriptedServer() as server, transport_to(server, fresh_seconds=0) as transport:
        transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert (server.connections, read) == (2, [server.ca_file])


def test_a_ca_file_that_could_not_be_read_is_looked_for_again(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with ScriptedServer() as server, transport_to(server, ca_file=str(missing)) as transport:
        with pytest.raises(TransportError):
            transport.send(ENVELOPE, RAW, ignore)
        missing.write_bytes(Path(server.ca_file).read_bytes())
        transport.send(ENVELOPE, RAW, ignore)
    assert len(server.accepted) == 1


@pytest.mark.parametrize("answer", [GARBAGE, HANG_UP, b"421 closing transmission channel"])
def test_a_kept_connection_found_dead_is_opened_again_within_the_send(answer: Any) -> None:
    with (
        ScriptedServer({"MAIL": [b"250 OK", answer]}) as server,
        transport_to(server) as transport,
    ):
        transport.send(ENVELOPE, RAW, ignore)
        second = transport.send(ENVELOPE, RAW, ignore)
    assert (len(server.accepted), server.connections) == (2, 2)
    verbs = [step["verb"] for step in second.transcript.dialogue]
    assert verbs[:2] == ["MAIL", "CONNECT"]
    assert verbs[-4:] == ["MAIL", "RCPT", "DATA", "BODY"]


def test_a_dead_connection_is_opened_again_only_once() -> None:
    with (
        ScriptedServer({"MAIL": [b"250 OK", HANG_UP, HANG_UP]}) as server,
        transport_to(server) as transport,
    ):
        transport.send(ENVELOPE, RAW, ignore)
        with pytest.raises(TransportError) as caught:
            transport.send(ENVELOPE, RAW, ignore)
    assert (caught.value.stage, caught.value.reply.failure) == (Stage.MAIL, Failure.CLOSED)
    assert server.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_after_a_refused_mail_the_next_one_uses_the_same_log_in(verb: str) -> None:
    with ScriptedServer({verb: [b"550 no"]}) as server, transport_to(server) as transport:
        with pytest.raises(TransportError):
            transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert (len(server.accepted), server.connections, server.count("RSET")) == (1, 1, 1)


def test_garbage_in_answer_to_rset_changes_nothing() -> None:
    script = {"BODY": [b"550 Mailbox not found"], "RSET": GARBAGE}
    with ScriptedServer(script) as server, transport_to(server) as transport:
        with pytest.raises(TransportError) as caught:
            transport.send(ENVELOPE, RAW, ignore)
        transport.send(ENVELOPE, RAW, ignore)
    assert caught.value.reply.text == "Mailbox not found"
    assert (len(server.accepted), server.connections) == (1, 2)


@pytest.mark.parametrize("answer", [GARBAGE, HANG_UP, b"421 closing"])
def test_whatever_follows_quit_the_mail_was_accepted(answer: Any) -> None:
    with ScriptedServer({"QUIT": answer}) as server:
        transport = open_transport(server.account())
        receipt = transport.send(ENVELOPE, RAW, ignore)
        transport.close()
        transport.close()
    assert receipt.reply.positive
    assert (len(server.accepted), server.count("QUIT")) == (1, 1)


@pytest.mark.parametrize(
    ("site_url", "name"),
    [
        ("https://shop.example/", "shop.example"),
        ("http://127.0.0.1:8000", "[127.0.0.1]"),
        ("http://[::1]:8000", "[IPv6:::1]"),
        ("https://例子.example", "xn--fsqu00a.example"),
    ],
)
def test_ehlo_says_the_host_of_the_site(settings: Any, site_url: str, name: str) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "SITE_URL": site_url}
    told: list[str] = []
    with ScriptedServer({"EHLO": told.append}) as server:
        transport = open_transport(server.account())
        transport.send(ENVELOPE, RAW, ignore)
        transport.close()
    assert told == [name]
