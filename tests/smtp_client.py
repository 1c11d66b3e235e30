"""The project's SMTP client against a scripted server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.replies import Stage
from mailcenter.transports import Envelope, SmtpTransport
from tests.smtp_server import ADDRESS, ScriptedServer

# What QQ sometimes says to the command after an accepted mail.
GARBAGE = b"\x00\x00\x00\x1a\x00\x00\x00\n"
RAW = b"Subject: hello\r\n\r\nSGVsbG8=\r\n"
ENVELOPE = Envelope(ADDRESS, ("visitor@example.test",))


def ignore(stage: Stage) -> None:
    pass


@contextmanager
def transport_to(
    server: ScriptedServer,
    timeout: float = 10,
    reply_timeout: float = 10,
    fresh_seconds: float = 60,
    **account: Any,
) -> Iterator[SmtpTransport]:
    transport = SmtpTransport(
        server.account(**account),
        local_hostname="site.example",
        timeout=timeout,
        reply_timeout=reply_timeout,
        fresh_seconds=fresh_seconds,
    )
    try:
        yield transport
    finally:
        transport.close()


def refusal(
    server: ScriptedServer,
    envelope: Envelope = ENVELOPE,
    raw: bytes = RAW,
    **options: Any,
) -> TransportError:
    """What one attempt to send raises."""
    with transport_to(server, **options) as transport, pytest.raises(TransportError) as caught:
        transport.send(envelope, raw, ignore)
    return caught.value
