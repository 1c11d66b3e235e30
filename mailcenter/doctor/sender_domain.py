"""What DNS says of the sender's domain: whether receivers will believe its mail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dns.resolver import Resolver

from mailcenter.doctor import dkim, dmarc, spf
from mailcenter.doctor.records import DnsSilent, NoSuchName, Records
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.way import since
from mailcenter.doctor.wording import listed
from mailcenter.replies.entry import Words
from mailcenter.transports import PRESETS, SendingAccount

# Personal mailboxes: their records are the provider's.
PERSONAL = frozenset(domain for preset in PRESETS.values() for domain in preset.domains) | {
    "139.com",
    "188.com",
    "aliyun.com",
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.cn",
    "live.com",
    "msn.com",
    "outlook.com",
    "sina.cn",
    "sohu.com",
    "yahoo.com",
}
# RFC 2606 and 6761: in nobody's DNS.
RESERVED = ("test", "example", "invalid", "localhost", "local", "example.com", "example.net")


@dataclass(frozen=True)
class Sender:
    """include: what SPF has to include. selectors: of DKIM, where they are the same for all."""

    include: str
    selectors: tuple[str, ...] = ()


# Each from the provider's own help pages; Tencent's and Aliyun's enterprise mail give each
# domain a selector of its own.
SENDERS = {
    "exmail": Sender("spf.mail.qq.com"),
    "aliyun": Sender("spf.qiye.aliyun.com"),
    "aliyun-directmail": Sender(
        "spf1.dm.aliyun.com", ("aliyun-cn-hangzhou", "aliyun-ap-southeast-1")
    ),
    "gmail": Sender("_spf.google.com", ("google",)),
    "outlook": Sender("spf.protection.outlook.com", ("selector1", "selector2")),
}
UNKNOWN = Sender("")


def look(account: SendingAccount, resolver: Resolver | None = None) -> Iterator[Step]:
    """Warnings at worst: mail leaves all the same."""
    domain = account.address.rpartition("@")[2].lower()
    if domain in PERSONAL:
        yield _personal(domain)
    elif any(domain == name or domain.endswith(f".{name}") for name in RESERVED):
        yield _reserved(domain)
    else:
        try:
            yield from _records(account, domain, Records(resolver))
        except DnsSilent:
            yield _silent(domain)
        except NoSuchName:
            yield _no_such_domain(domain)


def _records(account: SendingAccount, domain: str, records: Records) -> Iterator[Step]:
    # Another server may send in the same name, and has records of its own.
    own = account.host.lower() == account.preset.host
    sender = SENDERS.get(account.preset.slug, UNKNOWN) if own else UNKNOWN
    yield _timed(lambda: _mx(records, domain))
    yield _timed(lambda: spf.look(records, domain, sender.include))
    yield _timed(lambda: dkim.look(records, domain, sender.selectors))
    yield _timed(lambda: dmarc.look(records, domain))


def _timed(look_up: Callable[[], Step]) -> Step:
    started = time.monotonic()
    return replace(look_up(), milliseconds=since(started))


def _mx(records: Records, domain: str) -> Step:
    hosts = records.mx(domain)
    if hosts and hosts != [""]:
        names = listed(hosts)
        finding = Words(zh=f"MX：由 {names.zh} 收信。", en=f"MX: mail comes in at {names.en}.")
        return Step(Name.SENDER_DOMAIN, State.OK, finding)
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh=f"MX：{domain} 不收信。", en=f"MX: {domain} takes no mail."),
        cause=Words(
            zh="退信和读者的回复都到不了，有的收信方会因此拒收。",
            en="Bounces and answers go nowhere, and some receivers refuse such a sender.",
        ),
        cure=Words(
            zh="按服务商的说明给域名加上 MX 记录。",
            en="Add the MX records that the provider names.",
        ),
    )


def _personal(domain: str) -> Step:
    finding = Words(
        zh=f"{domain} 是公共邮箱，SPF、DKIM、DMARC 都由服务商维护，不用做什么。",
        en=f"{domain} is a public mail service that keeps SPF, DKIM and DMARC itself: there is "
        "nothing to do.",
    )
    return Step(Name.SENDER_DOMAIN, State.OK, finding)


def _reserved(domain: str) -> Step:
    finding = Words(
        zh=f"{domain} 是练习或举例用的域名，DNS 里没有它。",
        en=f"{domain} is for practice and examples: it is in no DNS.",
    )
    return Step(Name.SENDER_DOMAIN, State.SKIPPED, finding)


def _silent(domain: str) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh=f"DNS 没有回答关于 {domain} 的查询。", en=f"DNS gave no answer about {domain}."),
        cure=Words(
            zh="检查本机的 DNS 设置，或者稍后再试。",
            en="Look at this machine's DNS settings, or try again later.",
        ),
    )


def _no_such_domain(domain: str) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh=f"DNS 里没有 {domain} 这个域名。", en=f"There is no domain {domain} in DNS."),
        cause=Words(
            zh="域名写错了、没有解析，或者已经过期。",
            en="It is mistyped, has no DNS yet, or has run out.",
        ),
        cure=Words(
            zh="核对发件地址；收信方大多会拒收不存在的域名发来的信。",
            en="Compare the sender's address; most receivers refuse mail from a domain that "
            "doesn't exist.",
        ),
    )
