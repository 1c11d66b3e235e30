"""Whatever a server says at whatever point, what is told about a mail is true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcenter.exceptions import TransportError
from mailcenter.replies import Stage
from mailcenter.transports import Envelope, Receipt, SmtpTransport
from tests.smtp_client import GARBAGE, ignore, transport_to
from tests.smtp_server import ADDRESS, HANG_UP, WITHOUT_PIPELINING, ScriptedServer

MAILS = [
    (
        Envelope(ADDRESS, (f"one{number}@example.test", f"two{number}@example.test")),
        b"Subject: mail %d\r\n\r\n" % number + b"SGVsbG8=\r\n" * lines,
    )
    # The second one doesn't fit the record of its final dot.
    for number, lines in enumerate([1, 2_000, 1, 1])
]
ACTIONS = [
    b"250 OK",
    b"354 Go ahead",
    b"451 Later",
    b"550 no",
    b"421 closing",
    b"250 OK\r\n250 and more\r\n",
    GARBAGE,
    HANG_UP,
]
VERBS = ["MAIL", "RCPT", "DATA", "BODY", "RSET"]

# None: what a server says that has nothing against it.
actions = st.lists(st.none() | st.sampled_from(ACTIONS), max_size=6)
scripts = st.fixed_dictionaries(dict.fromkeys(VERBS, actions))
Outcome = Receipt | TransportError


def outcomes(transport: SmtpTransport, announce: list[bool]) -> list[Outcome]:
    """Each mail is sent once; ``announce``: whether the next one is named to it."""
    told: list[Outcome] = []
    for number, (envelope, raw) in enumerate(MAILS):
        following = MAILS[number + 1] if announce[number] else None
        try:
            told.append(transport.send(envelope, raw, ignore, lambda after=following: after))
        except TransportError as error:
            told.append(error)
    return told


def check(server: ScriptedServer, told: list[Outcome]) -> None:
    for (envelope, raw), outcome in zip(MAILS, told, strict=True):
        taken = [mail for mail in server.received if mail.raw == raw]
        assert len(taken) <= 1
        if isinstance(outcome, Receipt):
            recipients = [a for a, reply in outcome.recipients.items() if reply.positive]
            assert [(mail.accepted, mail.recipients) for mail in taken] == [(True, recipients)]
            assert set(recipients) <= set(envelope.recipients)
        elif not outcome.maybe_accepted:
            assert all(mail.refused for mail in taken)
        if isinstance(outcome, TransportError) and outcome.stage != Stage.BODY:
            assert not any(raw[:16] in chunk for chunk in server.chunks)
    # No mixture of two mails, and nothing else that was taken for one.
    assert {mail.raw for mail in server.received} <= {raw for _envelope, raw in MAILS}
    assert all(mail.recipients for mail in server.received)


def try_out(script: dict[str, Any], announce: list[bool], *, pipelining: bool) -> None:
    extensions = None if pipelining else WITHOUT_PIPELINING
    with (
        ScriptedServer(script, extensions=extensions) as server,
        transport_to(server) as transport,
    ):
        told = outcomes(transport, announce)
    check(server, told)


@pytest.mark.parametrize("pipelining", [True, False], ids=["in one write", "one by one"])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_one_mishap_with_the_second_mail(verb: str, action: Any, pipelining: bool) -> None:
    before = 2 if verb == "RCPT" else 1
    script = {verb: [None] * before + [action]}
    try_out(script, [True, True, True, False], pipelining=pipelining)


@settings(deadline=None, max_examples=40)
@given(
    script=scripts,
    announce=st.tuples(*[st.booleans()] * 3, st.just(False)).map(list),
    pipelining=st.booleans(),
)
def test_any_mishaps(script: dict[str, Any], announce: list[bool], pipelining: bool) -> None:
    try_out(script, announce, pipelining=pipelining)
