"""The server's name: which addresses it leads to, as the system sees it."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time

from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.way import since
from mailcenter.doctor.wording import failed, listed
from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount
from mailcenter.transports.base import Transcript

# RFC 2544: for measurements, so nobody's mail server; proxies such as Clash answer with these.
MADE_UP = ipaddress.ip_network("198.18.0.0/15")


def look(account: SendingAccount, timeout: float) -> Step:
    started = time.monotonic()
    found = _resolve(account.host, account.port, timeout)
    milliseconds = since(started)
    if isinstance(found, Reply):
        error = TransportError(found, Stage.CONNECT, transcript=Transcript())
        return failed(Name.DNS, account, error, milliseconds)
    if account.public_only:
        # What an inner name leads to is nobody's business.
        return Step(Name.DNS, State.OK, _count(len(found)), milliseconds)
    if found == [account.host]:
        finding = Words(zh="填的就是 IP 地址，不用查。", en="It is an address: nothing to look up.")
        return Step(Name.DNS, State.OK, finding, milliseconds)
    names = listed(found)
    finding = Words(
        zh=f"{account.host} 指向 {names.zh}。", en=f"{account.host} leads to {names.en}."
    )
    if not any(_made_up(address) for address in found):
        return Step(Name.DNS, State.OK, finding, milliseconds)
    return Step(
        Name.DNS,
        State.WARNING,
        finding,
        milliseconds,
        cause=Words(
            zh="这是代理软件（如 Clash 的 fake-ip）编造的地址，连接会经过代理。",
            en="A proxy (such as Clash with fake-ip) made this address up: the connection goes "
            "through it.",
        ),
        cure=Words(
            zh=f"如果下面连不上，让代理对 {account.host} 直连。",
            en=f"If the connection fails below, have the proxy connect {account.host} directly.",
        ),
    )


def _resolve(host: str, port: int, timeout: float) -> list[str] | Reply:
    """The addresses, or why there are none."""
    # The system's resolver knows no time limit; a thread that it holds up ends with it.
    answers: queue.Queue[list[str] | Reply] = queue.Queue()

    def resolve() -> None:
        answers.put(_addresses(host, port))

    threading.Thread(target=resolve, daemon=True).start()
    try:
        return answers.get(timeout=timeout)
    except queue.Empty:
        return Reply(None, f"no answer within {timeout:g} s", failure=Failure.DNS)


def _addresses(host: str, port: int) -> list[str] | Reply:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A label that is empty or too long is no OSError, nor is a port that doesn't exist.
    except (OSError, UnicodeError, OverflowError) as error:
        return Reply(None, str(error), failure=Failure.DNS)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


def _count(number: int) -> Words:
    return Words(zh=f"查到 {number} 个地址。", en=f"Addresses found: {number}.")


def _made_up(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]) in MADE_UP
