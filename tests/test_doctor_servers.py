"""The doctor against Postfix and Dovecot, as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mailcenter.doctor import Name, State, Step, examine, other_port, passed
from mailcenter.transports.presets import Security
from tests.fault_proxy import HANG_UP, SILENCE, FaultProxy
from tests.real_mail_server import DOMAIN, PASSWORD, SENDER, RealMailServer
from tests.site_process import until
from tests.test_doctor import closed_port

pytestmark = pytest.mark.needs("Postfix and Dovecot")

VISITOR = f"doctor@{DOMAIN}"


@pytest.fixture(scope="module")
def server() -> Iterator[RealMailServer]:
    with RealMailServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_is_sent(server: RealMailServer) -> Iterator[None]:
    yield
    # The file that RCPT begins goes a moment after the client has left.
    until(lambda: not server.queue())
    assert (server.inbox(VISITOR), server.sent()) == ([], [])
    assert " status=" not in server.log()


def examined(server: RealMailServer, security: Security = "ssl", **options: Any) -> dict[str, Step]:
    account = server.account(security, **options.pop("account", {}))
    steps = list(examine(account, timeout=options.pop("timeout", 10), **options))
    written = json.dumps([step.as_json() for step in steps])
    assert PASSWORD not in written
    assert account.password not in written
    return {step.name.value: step for step in steps}


def failures(steps: dict[str, Step]) -> list[str]:
    found = [step for step in steps.values() if step.state == State.FAILED]
    assert all(step.cause and step.cure for step in found)
    return [step.name.value for step in found]


@pytest.mark.parametrize(
    ("security", "log_in"), [("ssl", "AUTH PLAIN"), ("starttls", "AUTH LOGIN")]
)
def test_the_whole_way_is_gone(server: RealMailServer, security: Security, log_in: str) -> None:
    before = server.log()
    steps = examined(server, security, recipient=VISITOR)
    assert passed(list(steps.values()))
    assert log_in in steps["auth"].finding.zh
    assert steps["tls"].finding.en.startswith("TLSv1.")
    assert "PIPELINING" in steps["ehlo"].finding.en
    # Postfix counts what it heard when the client hangs up: no DATA, and a QUIT.
    ended = until(lambda: [x for x in server.log()[len(before) :].splitlines() if " quit=1" in x])
    assert " mail=1 rcpt=1 rset=1 quit=1" in ended[-1]
    assert " data=" not in ended[-1]


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_wrong_code(server: RealMailServer, security: Security) -> None:
    steps = examined(server, security, account={"password": "wrong-code-of-a-test"})
    assert failures(steps) == ["auth"]
    assert steps["auth"].said.startswith("535")


def test_a_sender_that_is_not_the_log_in(server: RealMailServer) -> None:
    steps = examined(server, account={"address": f"other@{DOMAIN}"}, recipient=VISITOR)
    assert failures(steps) == ["mail"]
    assert steps["mail"].said.startswith("553")


def test_a_recipient_that_is_not_there(server: RealMailServer) -> None:
    steps = examined(server, recipient=f"unknown@{DOMAIN}")
    assert failures(steps) == ["rcpt"]
    assert "5.1.1" in steps["rcpt"].said
    assert steps["quit"].state == State.OK


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_the_other_port_is_found(
    server: RealMailServer, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_port, "STANDARD_PORTS", server.ports)
    steps = examined(server, security, account={"port": closed_port()})
    assert failures(steps) == ["tcp"]
    assert steps["other-port"].change in [
        {"port": port, "security": kind} for kind, port in server.ports.items()
    ]


@pytest.mark.parametrize(("security", "other"), [("ssl", "starttls"), ("starttls", "ssl")])
def test_a_port_of_the_other_kind_of_tls(
    server: RealMailServer,
    security: Security,
    other: Security,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(other_port, "STANDARD_PORTS", server.ports)
    steps = examined(server, security, account={"port": server.ports[other]}, timeout=1)
    assert failures(steps) in (["tls"], ["ehlo"])
    expected = {"port": server.ports[other], "security": other}
    assert steps[Name.OTHER_PORT].change == expected


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ("CONNECT-REPLY", "ehlo"),
        ("EHLO-REPLY", "ehlo"),
        ("AUTH-REPLY", "auth"),
        ("MAIL-REPLY", "mail"),
        ("RCPT-REPLY", "rcpt"),
    ],
)
@pytest.mark.parametrize("action", [HANG_UP, SILENCE])
def test_a_wire_that_breaks_anywhere_is_a_step_that_failed(
    server: RealMailServer,
    point: str,
    name: str,
    action: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(other_port, "STANDARD_PORTS", server.ports)
    with FaultProxy(server.ports["ssl"]) as proxy:
        proxy.on(point, action)
        steps = examined(server, account={"port": proxy.port}, recipient=VISITOR, timeout=1)
        assert proxy.struck
    assert failures(steps) == [name]


def test_the_sender_is_the_one_that_logs_in(server: RealMailServer) -> None:
    assert SENDER in examined(server)["auth"].finding.en
