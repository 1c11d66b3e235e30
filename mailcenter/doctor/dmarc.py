"""What receivers are to do with mail that only claims to be a domain's (RFC 7489)."""

from __future__ import annotations

import re

from mailcenter.doctor.records import NoSuchName, Records
from mailcenter.doctor.step import Name, State, Step
from mailcenter.replies.entry import Words

# Exactly so (section 6.3), and at the beginning.
VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
MEANT = re.compile(r"\W*v\s*=?\s*dmarc", re.IGNORECASE)
POLICY = re.compile(r"(?:^|;)\s*p\s*=\s*(none|quarantine|reject)\s*(?:;|$)", re.IGNORECASE)
EXAMPLE = "v=DMARC1; p=none"


def look(records: Records, domain: str) -> Step:
    """Raises DnsSilent."""
    mistyped: list[str] = []
    for owner in _with_parents(domain):
        texts = _at(records, owner)
        found = [text for text in texts if VERSION.match(text)]
        if found:
            return _several(found) if len(found) > 1 else _policy(owner, found[0])
        mistyped += [text for text in texts if MEANT.match(text)]
    return _none(domain, mistyped)


def _with_parents(domain: str) -> list[str]:
    """A subdomain without a record of its own goes by its parent's."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def _at(records: Records, domain: str) -> list[str]:
    try:
        return records.txt(f"_dmarc.{domain}")
    except NoSuchName:
        return []


def _policy(owner: str, record: str) -> Step:
    policy = POLICY.search(record)
    if policy:
        word = policy[1].lower()
        finding = Words(zh=f"DMARC：策略是 {word}。", en=f"DMARC: the policy is {word}.")
        return Step(Name.SENDER_DOMAIN, State.OK, finding, said=record)
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh="DMARC：记录里没有策略 p=。", en="DMARC: the record has no policy “p=”."),
        said=record,
        cure=Words(
            zh=f"把 _dmarc.{owner} 的 TXT 记录改成：{EXAMPLE}",
            en=f"Change the TXT record of _dmarc.{owner} to: {EXAMPLE}",
        ),
    )


def _several(found: list[str]) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(
            zh=f"DMARC：有 {len(found)} 条记录，只能有一条。",
            en=f"DMARC: there are {len(found)} records; only one is allowed.",
        ),
        said="\n".join(found),
        cause=Words(zh="多条记录等于没有。", en="With several, none of them counts."),
        cure=Words(zh="只留一条。", en="Keep one of them."),
    )


def _none(domain: str, mistyped: list[str]) -> Step:
    finding = Words(zh="DMARC：没有记录。", en="DMARC: there is no record.")
    if mistyped:
        finding = Words(
            zh="DMARC：记录写错了，开头必须是“v=DMARC1;”。",
            en="DMARC: the record is mistyped; it must begin with “v=DMARC1;”.",
        )
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        finding,
        said="\n".join(mistyped),
        cause=Words(
            zh="Gmail 等收信方要求发信域名有 DMARC 记录。",
            en="Gmail and others expect the sender's domain to have one.",
        ),
        cure=Words(
            zh=f"加一条 TXT 记录，主机名 _dmarc.{domain}，内容：{EXAMPLE}",
            en=f"Add a TXT record at _dmarc.{domain}: {EXAMPLE}",
        ),
    )
