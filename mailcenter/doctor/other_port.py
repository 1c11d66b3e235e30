"""Where one port fails and another one answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailcenter.delivery.accounts import is_environment
from mailcenter.doctor.configuration import words_for_tls
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.way import until_ehlo
from mailcenter.exceptions import TransportError
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount
from mailcenter.transports.account import suffix_of
from mailcenter.transports.presets import Security
from mailcenter.transports.variables import STANDARD_PORTS, variable


def look(account: SendingAccount, timeout: float, *, reached: bool, other_tls: bool) -> Step:
    """reached: something listens at the account's own port.

    other_tls: it may be of the other kind of TLS.
    """
    tried = []
    for other in _others(account, other_tls):
        try:
            until_ehlo(other, timeout)
        except TransportError:
            tried.append(f"{other.port}/{other.security}")
        else:
            return _answers(account, other)
    return _nothing_answers(tried, reached)


def _others(account: SendingAccount, other_tls: bool) -> Iterator[SendingAccount]:
    ways: list[tuple[int, Security]] = [
        (port, security) for security, port in STANDARD_PORTS.items()
    ]
    if other_tls:
        ways.insert(0, (account.port, "starttls" if account.security == "ssl" else "ssl"))
    for port, security in dict.fromkeys(ways):
        if (port, security) != (account.port, account.security):
            yield replace(account, port=port, security=security)


def _answers(account: SendingAccount, other: SendingAccount) -> Step:
    tls = words_for_tls(other.security)
    finding = Words(
        zh=f"端口 {other.port}（{tls.zh}）能用，{account.port} 不行。",
        en=f"Port {other.port} ({tls.en}) answers, {account.port} doesn't.",
    )
    if other.port == account.port:
        finding = Words(
            zh=f"端口 {other.port} 要用“{tls.zh}”，不是现在的设置。",
            en=f"Port {other.port} takes {tls.en}, not what is set.",
        )
    return Step(
        Name.OTHER_PORT,
        State.WARNING,
        finding,
        cure=_cure(account, other),
        change={"port": other.port, "security": other.security},
    )


def _cure(account: SendingAccount, other: SendingAccount) -> Words:
    if not is_environment(account.slug):
        return Words(
            zh=f"把账号的端口改为 {other.port}，加密方式改为 {other.security}。",
            en=f"Set the account's port to {other.port} and its kind of TLS to {other.security}.",
        )
    suffix = suffix_of(account.slug)
    lines = (
        f"{variable('PORT', suffix)}={other.port}\n{variable('SECURITY', suffix)}={other.security}"
    )
    return Words(
        zh=f"在 .env 里写上这两行，然后重启：\n{lines}",
        en=f"Write these two lines into .env and restart:\n{lines}",
    )


def _nothing_answers(tried: list[str], reached: bool) -> Step:
    ports = ", ".join(tried)
    cause = Words(
        zh="服务器不对，或者本机所在的网络拦住了发信端口（云服务器常见）。",
        en="It is the wrong server, or the network here blocks the ports for mail, as many cloud "
        "hosts do.",
    )
    cure = Words(
        zh="核对服务器名，并在防火墙和云平台安全组里放行出站 465 和 587。",
        en="Compare the server's name, and allow outgoing connections to 465 and 587 in the "
        "firewall and the cloud's security group.",
    )
    return Step(
        Name.OTHER_PORT,
        State.WARNING,
        Words(zh=f"也试了 {ports}，都不行。", en=f"Tried too, in vain: {ports}."),
        cause=None if reached else cause,
        cure=None if reached else cure,
    )
