"""A host that an operator typed is connected to on the public Internet, or not at all."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mailcenter.replies import Failure, Stage
from mailcenter.transports import public_hosts
from mailcenter.transports.public_hosts import NotPublic, is_obviously_private, is_public
from tests.imap_server import ImapServer
from tests.smtp_client import ENVELOPE, RAW, ignore, refusal, transport_to
from tests.smtp_server import ScriptedServer
from tests.test_sent_folder import OTHERS, ask, failure

NAME = "mail.example.com"
# The address of example.com once; nothing is ever sent there.
PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::7f00:1",
        "64:ff9b:1::808:808",
        "2001:0:5db8:d822:0:0:80ff:fffe",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:db8::1",
        "2606:2800:220:1:0:5efe:a00:1",
        "2606:2800:220:1:200:5efe:7f00:1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
    ],
)
def test_these_are_not_public(address: str) -> None:
    assert not is_public(address)
    assert is_obviously_private(address)


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "8.8.8.8",
        "2606:2800:220:1:248:1893:25c8:1946",
        f"::ffff:{PUBLIC}",
        f"64:ff9b::{PUBLIC}",
        "2002:5db8:d822::1",
        "2606:2800:220:1:0:5efe:5db8:d822",
    ],
)
def test_these_are_public(address: str) -> None:
    assert is_public(address)
    assert not is_obviously_private(address)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("mail.localhost", True),
        ("mailserver", True),
        ("printer.local", True),
        ("metadata.google.internal", True),
        ("nas.home.arpa", True),
        ("127.1", True),
        ("2130706433", True),
        ("0x7f000001", True),
        ("10.0.0.0x1", True),
        (NAME, False),
        ("smtp.163.com", False),
        ("local.example.com", False),
    ],
)
def test_a_name_is_judged_before_it_is_asked_for(host: str, private: bool) -> None:
    assert is_obviously_private(host) is private


# To which address


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the resolver says, answer by answer; the last one is repeated."""

    def resolve(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
            found = left.pop(0) if len(left) > 1 else left[0]
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, (address, port)) for address in found]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return resolve


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that somebody connects to; nothing answers."""
    tried: list[str] = []

    def create_connection(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return tried


def test_a_name_of_private_addresses_is_refused_without_naming_them(
    names: Any, dialled: list[str]
) -> None:
    names(["10.0.0.7", "127.0.0.1"])
    with pytest.raises(NotPublic) as caught:
        public_hosts.connect(NAME, 465, 1)
    assert NAME in str(caught.value)
    assert "10.0" not in str(caught.value)
    assert dialled == []


def test_the_address_that_was_judged_is_the_one_connected_to(
    names: Any, dialled: list[str]
) -> None:
    names([PUBLIC], ["127.0.0.1"])
    with pytest.raises(ConnectionRefusedError):
        public_hosts.connect(NAME, 465, 1)
    assert dialled == [PUBLIC]


def test_of_several_addresses_the_public_ones_are_tried(names: Any, dialled: list[str]) -> None:
    names(["127.0.0.1", PUBLIC, "10.0.0.1", "8.8.8.8"])
    with pytest.raises(ConnectionRefusedError):
        public_hosts.connect(NAME, 465, 1)
    assert dialled == [PUBLIC, "8.8.8.8"]


# SMTP


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_mail_is_not_handed_to_a_private_host(host: str, security: str) -> None:
    with ScriptedServer(security=security) as server:
        error = refusal(server, host=host, public_only=True)
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.REFUSED)
    assert "not on the public Internet" in error.reply.text
    assert server.connections == 0


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = public_hosts.is_public
    monkeypatch.setattr(public_hosts, "is_public", lambda a: a == "127.0.0.1" or judge(a))


@pytest.mark.usefixtures("loopback_is_public")
@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_the_certificate_is_held_against_the_name(names: Any, security: str) -> None:
    names(["127.0.0.1"])
    options = {"host": NAME, "public_only": True}
    with (
        ScriptedServer(name=NAME, security=security) as server,
        transport_to(server, **options) as transport,
    ):
        receipt = transport.send(ENVELOPE, RAW, ignore)
    assert len(server.accepted) == 1
    assert receipt.transcript.peer == f"{NAME}:{server.port} TLSv1.3"
    with ScriptedServer(name="other.example.com") as server:
        error = refusal(server, **options)
    assert (error.stage, error.reply.failure) == (Stage.TLS, Failure.TLS)
    assert server.credentials == []


@pytest.mark.usefixtures("loopback_is_public")
@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_what_a_typed_host_says_of_itself_is_not_kept(security: str) -> None:
    with (
        ScriptedServer(security=security) as server,
        transport_to(server, public_only=True) as transport,
    ):
        receipt = transport.send(ENVELOPE, RAW, ignore)
    introduction = [
        (step["code"], step["text"])
        for step in receipt.transcript.dialogue
        if step["verb"] in ("CONNECT", "EHLO", "STARTTLS")
    ]
    steps = 2 if security == "ssl" else 4
    codes = sorted(code or 0 for code, _text in introduction)
    assert codes == [220] * (steps // 2) + [250] * (steps // 2)
    assert {text for _code, text in introduction} == {""}
    # What it says to a mail is what the log is for.
    assert receipt.reply.text == "OK: queued as."


@pytest.mark.usefixtures("loopback_is_public")
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ({"CONNECT": b"554 inside-7 says no"}, 554),
        ({"CONNECT": b"SSH-2.0-inside-7"}, None),
        ({"CONNECT": b"220 ready\r\n220 inside-7"}, None),
        ({"EHLO": b"550 inside-7 says no"}, 550),
        ({"EHLO": b"inside-7"}, None),
    ],
)
def test_a_refusing_or_strange_greeting_is_not_kept(script: Any, code: int | None) -> None:
    with ScriptedServer(script) as server:
        shown = refusal(server)
        error = refusal(server, public_only=True)
    assert error.reply.code == code
    assert "not shown" in error.reply.text
    assert "inside" in str(shown)
    assert "inside" not in f"{error} {error.reply} {error.transcript}"


# IMAP


def test_no_sent_folder_is_looked_for_on_a_private_host() -> None:
    with ImapServer(copies=OTHERS) as server:
        assert "not on the public Internet" in failure(server, public_only=True)
    assert server.connections == 0


@pytest.mark.usefixtures("loopback_is_public")
def test_a_sent_folder_on_a_public_host_is_looked_into() -> None:
    with ImapServer(copies=OTHERS) as server:
        assert ask(server, "<2@practice.test>", public_only=True)
    assert server.connections == 1


@pytest.mark.usefixtures("loopback_is_public")
@pytest.mark.parametrize("greeting", [b"* BYE inside-7\r\n", b"220 inside-7 ESMTP\r\n"])
def test_the_greeting_of_a_typed_imap_host_is_not_kept(greeting: bytes) -> None:
    with ImapServer(script={"CONNECT": greeting}) as server:
        assert "inside" in failure(server)
        assert "inside" not in failure(server, public_only=True)
