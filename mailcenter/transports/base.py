"""The contract of a transport: it sends one mail, or raises; it knows no model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypedDict

from mailcenter.replies import Reply, Stage

OnStage = Callable[[Stage], None]


@dataclass(frozen=True)
class Envelope:
    """RFC 5321 section 2.3.1: ASCII addresses (domains in A-label form)."""

    sender: str
    recipients: tuple[str, ...]


# The mail that will be sent next over the same transport, if it is known already.
Following = Callable[[], "tuple[Envelope, bytes] | None"]


def nothing() -> None:
    """Nothing follows."""


class Step(TypedDict):
    """One exchange: never an AUTH argument, a body, or a client address."""

    verb: str
    code: int | None
    text: str
    ms: int


@dataclass
class Transcript:
    """peer: "host:port" and, once known, the TLS version: "smtp.qq.com:465 TLSv1.3"."""

    peer: str = ""
    dialogue: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Receipt:
    """The server took the mail for at least one recipient.

    reply: the reply to the final dot.
    recipients: each envelope recipient with its own reply; a 2yz one was accepted.
    remote_id: the queue id, where the reply names one.
    """

    reply: Reply
    recipients: dict[str, Reply]
    transcript: Transcript
    remote_id: str = ""


class Transport(Protocol):
    """Kept open between mails; not for use by two threads at a time."""

    def send(
        self, envelope: Envelope, raw: bytes, on_stage: OnStage, following: Following = nothing
    ) -> Receipt:
        """Send ``raw`` (CRLF lines, 7-bit) and return the receipt.

        ``on_stage`` is called before each stage. What it raises passes through, and the
        connection is dropped: raised at ``Stage.BODY``, no byte of the body leaves.

        ``following`` is asked after ``on_stage(Stage.BODY)``. What it returns may be announced
        to the server in the same write as the final dot (RFC 2920 section 3.1); it is given to
        the next ``send``, as the same Envelope object, and not one byte of its body leaves
        before that call's own ``on_stage(Stage.BODY)``.

        Raises TransportError where no recipient was accepted or the outcome is unknown.
        """
        ...

    def close(self) -> None:
        """Say QUIT where that is possible; never raises."""
        ...
