"""Configuration, the way to the server, the records of the sender's domain: step by step."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailcenter.doctor import configuration, other_port
from mailcenter.doctor.conversing import Conversation
from mailcenter.doctor.step import Name, State, Step
from mailcenter.exceptions import TransportError
from mailcenter.replies import Stage
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount
from mailcenter.transports.connection import INTRODUCTION
from mailcenter.transports.public_hosts import NotPublic

if TYPE_CHECKING:
    from dns.resolver import Resolver

STEP_SECONDS = 10.0
WAY = (Name.DNS, Name.TCP, Name.TLS, Name.EHLO, Name.AUTH, Name.MAIL, Name.RCPT, Name.QUIT)


def examine(
    account: SendingAccount,
    *,
    recipient: str = "",
    timeout: float = STEP_SECONDS,
    resolver: Resolver | None = None,
) -> Iterator[Step]:
    """Each step as soon as it is known; nothing is sent.

    recipient: whom RCPT is to name; "": nobody.
    timeout: seconds for each step. resolver: instead of the system's.
    What a server or the network does is a step, never an exception.
    """
    yield from configuration.look(account)
    if account.preset.slug == "anymail":
        yield _service()
    else:
        yield from _converse(account, recipient, timeout)
    # Here, so that only who asks waits for the DNS client to load.
    from mailcenter.doctor import sender_domain

    yield from sender_domain.look(account, resolver)


def _converse(account: SendingAccount, recipient: str, timeout: float) -> Iterator[Step]:
    conversation = Conversation(account, recipient, timeout)
    left = list(WAY)
    for step in conversation.steps():
        while left and step.name in left:
            name = left.pop(0)
            if name != step.name:
                yield _not_come_to(name)
        yield step
    yield from map(_not_come_to, left)
    if conversation.error and _may_be_the_port(account, conversation.error):
        yield other_port.look(
            account,
            timeout,
            reached=conversation.reached,
            other_tls=conversation.reached and not conversation.spoken_to,
        )


def _may_be_the_port(account: SendingAccount, error: TransportError) -> bool:
    # Neither a certificate nor a private address is another one at another port.
    if isinstance(error.__cause__, ssl.SSLCertVerificationError | NotPublic):
        return False
    if configuration.authority_that_cannot_be_read(account):
        return False
    # The practice server has one port, where it runs at all.
    if account.preset.slug == "practice" and account.port == account.preset.port:
        return False
    # A server that says no has been found.
    return error.stage == Stage.TLS or (error.stage in INTRODUCTION and error.reply.code is None)


def _not_come_to(name: Name) -> Step:
    finding = Words(zh="没有走到这一步。", en="It did not come to this.")
    return Step(name, State.SKIPPED, finding)


def _service() -> Step:
    finding = Words(
        zh="发信服务走自己的 API，不用 SMTP；发一封测试邮件才知道能不能用。",
        en="A delivery service is reached by an API of its own, not by SMTP: only a test mail "
        "shows whether it works.",
    )
    return Step(Name.TCP, State.SKIPPED, finding)
