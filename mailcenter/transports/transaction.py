"""One mail transaction up to its content: MAIL, RCPT and DATA (RFC 5321 section 3.3).

In one write where the server offers PIPELINING (RFC 2920), else one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.utils.translation import gettext as _

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports.base import Envelope
from mailcenter.transports.connection import COMMAND_LINE, RECORD_BYTES, Connection

FINAL_DOT = b".\r\n"


def group(connection: Connection, envelope: Envelope, size: int) -> bytes:
    """The commands for one write, or b"" where each needs a write of its own."""
    if "PIPELINING" not in connection.extensions or _over_limit(connection, size):
        return b""
    lines = _commands(connection, envelope, size)
    if not all(map(COMMAND_LINE.fullmatch, lines)):
        return b""
    commands = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    # Also so few that the replies fit the buffers on the way: neither side waits for the other
    # to read (RFC 2920 section 3.1).
    return commands if len(FINAL_DOT + commands) <= RECORD_BYTES else b""


def begin(
    connection: Connection,
    envelope: Envelope,
    size: int,
    replies: dict[str, Reply],
    *,
    announced: bool = False,
) -> None:
    """Until the server waits for the content; ``replies`` are those to RCPT, by address.

    size: bytes. announced: the commands have left already.
    Raises TransportError where no recipient was accepted; no body may follow then.
    """
    connection.stage = Stage.MAIL
    if announced:
        commands = b""
    elif reply := _over_limit(connection, size):
        raise connection.error(reply)
    elif not (commands := group(connection, envelope, size)):
        _one_by_one(connection, envelope, size, replies)
        return
    for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA):
        connection.enter(stage)
    _all_at_once(connection, commands, envelope.recipients, replies)


def _commands(connection: Connection, envelope: Envelope, size: int) -> list[str]:
    announced = f" SIZE={size}" if "SIZE" in connection.extensions else ""
    recipients = (f"RCPT TO:<{address}>" for address in envelope.recipients)
    return [f"MAIL FROM:<{envelope.sender}>{announced}", *recipients, "DATA"]


def _over_limit(connection: Connection, size: int) -> Reply | None:
    # RFC 1870 section 4: 0 or nothing announces no limit.
    announced = connection.extensions.get("SIZE", "")
    limit = int(announced) if announced.isdecimal() else 0
    if not 0 < limit < size:
        return None
    text = _("The mail has %(size)d bytes; the server takes no more than %(limit)d.")
    return Reply(None, text % {"size": size, "limit": limit}, failure=Failure.SIZE)


def _one_by_one(
    connection: Connection, envelope: Envelope, size: int, replies: dict[str, Reply]
) -> None:
    mail, *recipients, data = _commands(connection, envelope, size)
    connection.enter(Stage.MAIL)
    connection.require(_hear(connection, "MAIL", partial(connection.command, mail)))
    connection.enter(Stage.RCPT)
    for address, line in zip(envelope.recipients, recipients, strict=True):
        replies[address] = _hear(connection, "RCPT", partial(connection.command, line))
    if refusal := _nobody(connection, replies):
        raise refusal
    connection.enter(Stage.DATA)
    reply = _hear(connection, "DATA", partial(connection.command, data))
    if reply.code != 354:
        raise connection.error(reply)


def _all_at_once(
    connection: Connection, commands: bytes, addresses: tuple[str, ...], replies: dict[str, Reply]
) -> None:
    """Every reply is read, also after a refusal: what is said next needs a reply of its own."""

    def read() -> Reply:
        return connection.read(connection.timeout)

    def write_and_read() -> Reply:
        connection.write(commands)
        return read()

    connection.stage = Stage.MAIL
    mail = _hear(connection, "MAIL", write_and_read if commands else read)
    refusal = None if mail.positive else connection.error(mail)
    try:
        connection.stage = Stage.RCPT
        for address in addresses:
            reply = _hear(connection, "RCPT", read)
            # After a refused MAIL it says "MAIL first": nothing about this recipient.
            if mail.positive:
                replies[address] = reply
        refusal = refusal or _nobody(connection, replies)
        connection.stage = Stage.DATA
        reply = _hear(connection, "DATA", read)
    except TransportError as error:
        if refusal:
            raise refusal from error
        raise
    if refusal is None and reply.code == 354:
        return
    refusal = refusal or connection.error(reply)
    if (reply.code or 0) < 400:
        # It waits for a content that may not be sent.
        connection.drop()
    raise refusal


def _hear(connection: Connection, verb: str, talk: Callable[[], Reply]) -> Reply:
    """Raises TransportError where there is no connection left to go on with."""
    reply = connection.step(verb, talk)
    if connection.closed:
        raise connection.error(reply)
    return reply


def _nobody(connection: Connection, replies: dict[str, Reply]) -> TransportError | None:
    """The first refusal, where all recipients were refused."""
    if any(reply.positive for reply in replies.values()):
        return None
    return connection.error(next(iter(replies.values())))
