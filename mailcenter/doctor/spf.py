"""Which servers may send for a domain (RFC 7208)."""

from __future__ import annotations

import re

from mailcenter.doctor.records import NoSuchName, Records
from mailcenter.doctor.step import Name, State, Step
from mailcenter.replies.entry import Words

# RFC 7208 section 4.6.4: more makes the whole record void.
MOST_LOOKUPS = 10
VERSION = re.compile(r"v=spf1( |$)", re.IGNORECASE)
# Somebody meant such a record, and mistyped it.
MEANT = re.compile(r"\W*v\s*=?\s*spf", re.IGNORECASE)
LOOKS_UP = re.compile(r"[+?~-]?(?:(include|exists):|(a|mx|ptr)(?=[:/]|$)|(redirect)=)(.*)", re.I)
ANYBODY = re.compile(r"(^| )\+?all( |$)", re.IGNORECASE)


def look(records: Records, domain: str, include: str) -> Step:
    """include: the provider's own, or "" where it isn't known. Raises DnsSilent or NoSuchName."""
    texts = records.txt(domain)
    found = [text for text in texts if VERSION.match(text)]
    if len(found) != 1:
        mistyped = [text for text in texts if MEANT.match(text) and text not in found]
        return _several(found) if found else _none(include, mistyped)
    record = found[0]
    walk = Walk(records)
    walk.through(record)
    if ANYBODY.search(record):
        return _anybody(record)
    if include and include not in walk.included:
        return _without(record, include)
    if walk.lookups > MOST_LOOKUPS:
        return _too_long(record, walk.lookups)
    finding = Words(zh="SPF：没有问题。", en="SPF: all is well.")
    if include:
        finding = Words(zh=f"SPF：允许 {include} 发信。", en=f"SPF: {include} may send.")
    return Step(Name.SENDER_DOMAIN, State.OK, finding, said=record)


class Walk:
    """What a record leads to, until it is too much."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.included: set[str] = set()
        self.lookups = 0

    def through(self, record: str) -> None:
        for term in record.split():
            match = LOOKS_UP.fullmatch(term)
            if match is None or self.lookups > MOST_LOOKUPS:
                continue
            self.lookups += 1
            kind, target = (match[1] or match[3] or "").lower(), match[4].lower().rstrip(".")
            # A macro (section 7) depends on the mail.
            if (
                kind in ("include", "redirect")
                and target not in self.included
                and "%" not in target
            ):
                self.included.add(target)
                self._into(target)

    def _into(self, domain: str) -> None:
        try:
            texts = self.records.txt(domain)
        except NoSuchName:
            return
        for text in texts:
            if VERSION.match(text):
                self.through(text)


def _none(include: str, mistyped: list[str]) -> Step:
    record = f"v=spf1 include:{include} ~all" if include else ""
    cure = Words(
        zh=f"在域名的 DNS 里加一条 TXT 记录：{record}",
        en=f"Add a TXT record to the domain: {record}",
    )
    if not record:
        cure = Words(
            zh="向发信服务器的管理员要 SPF 记录，加到域名的 DNS 里。",
            en="Ask whoever runs the sending server for its SPF record, and add it to the domain.",
        )
    finding = Words(zh="SPF：没有记录。", en="SPF: there is no record.")
    if mistyped:
        finding = Words(
            zh="SPF：记录写错了，开头必须是“v=spf1 ”。",
            en="SPF: the record is mistyped; it must begin with “v=spf1 ”.",
        )
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        finding,
        said="\n".join(mistyped),
        cause=Words(
            zh="收信方认不出哪些服务器可以代表这个域名，信容易进垃圾箱。",
            en="Receivers can't tell which servers may send for this domain, so its mail easily "
            "ends in the junk folder.",
        ),
        cure=cure,
    )


def _several(found: list[str]) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(
            zh=f"SPF：有 {len(found)} 条记录，只能有一条。",
            en=f"SPF: there are {len(found)} records; only one is allowed.",
        ),
        said="\n".join(found),
        cause=Words(zh="多条记录等于没有。", en="With several, none of them counts."),
        cure=Words(
            zh="合并成一条：把各条的 include 写到同一条里，结尾只留一个 all。",
            en="Make them one: all includes in a single record, with one “all” at its end.",
        ),
    )


def _anybody(record: str) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh="SPF：允许任何人冒名发信。", en="SPF: anybody may send in this name."),
        said=record,
        cure=Words(zh="把结尾的 +all 改成 ~all 或 -all。", en="End it with ~all or -all."),
    )


def _without(record: str, include: str) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh=f"SPF：没有包含 {include}。", en=f"SPF: it doesn't include {include}."),
        said=record,
        cause=Words(
            zh="经这家服务商发出的信通不过 SPF 检查，可能被拒收或进垃圾箱。",
            en="What is sent through this provider fails SPF: it may be refused or end in the "
            "junk folder.",
        ),
        cure=Words(
            zh=f"在 all 之前加上 include:{include}（不要另建一条记录）。",
            en=f"Put include:{include} before “all”; don't add a second record.",
        ),
    )


def _too_long(record: str, lookups: int) -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(
            zh=f"SPF：要查 {lookups} 次以上的 DNS，上限是 {MOST_LOOKUPS} 次。",
            en=f"SPF: it takes {lookups} DNS look-ups or more; {MOST_LOOKUPS} are allowed.",
        ),
        said=record,
        cause=Words(zh="超过上限，整条记录作废。", en="Beyond that the whole record is void."),
        cure=Words(zh="删掉用不着的 include。", en="Take out includes that nobody needs."),
    )
