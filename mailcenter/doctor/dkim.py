"""The keys that a domain signs its mail with (RFC 6376)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailcenter.doctor.records import NoSuchName, Records
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.wording import listed
from mailcenter.replies.entry import Words

# Section 3.6.1; an empty p= is a key that was taken back.
KEY = re.compile(r"(?:^|;)\s*p\s*=\s*[^;\s]")


def look(records: Records, domain: str, selectors: Sequence[str]) -> Step:
    """selectors: those that the provider is known to use. Raises DnsSilent."""
    if not _anything_below(records, domain):
        return _nothing()
    found = [selector for selector in selectors if _has_key(records, domain, selector)]
    if found:
        names = listed(found)
        finding = Words(
            zh=f"DKIM：有密钥（选择器 {names.zh}）。", en=f"DKIM: a key is there ({names.en})."
        )
        return Step(Name.SENDER_DOMAIN, State.OK, finding)
    return _unknown(selectors)


def _anything_below(records: Records, domain: str) -> bool:
    try:
        records.txt(f"_domainkey.{domain}")
    except NoSuchName:
        return False
    return True


def _has_key(records: Records, domain: str, selector: str) -> bool:
    try:
        texts = records.txt(f"{selector}._domainkey.{domain}")
    except NoSuchName:
        return False
    return any(KEY.search(text) for text in texts)


def _nothing() -> Step:
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING,
        Words(zh="DKIM：没有公布任何密钥。", en="DKIM: no key is published."),
        cause=Words(
            zh="信没有域名的签名，Gmail、Outlook 等更容易当成垃圾邮件。",
            en="Mail without the domain's signature is more easily taken for junk.",
        ),
        cure=Words(
            zh="在服务商的管理后台开启 DKIM，把它给出的 TXT 记录加到域名的 DNS 里。",
            en="Switch DKIM on at the provider, and add the TXT record that it gives to the "
            "domain.",
        ),
    )


def _unknown(selectors: Sequence[str]) -> Step:
    tried = listed(selectors)
    finding = Words(
        zh="DKIM：从外面看不出来，选择器的名字不公开。",
        en="DKIM: it can't be told from here, since the names of selectors aren't public.",
    )
    if selectors:
        finding = Words(
            zh=f"DKIM：常用的选择器（{tried.zh}）没有密钥；别的名字从外面查不到。",
            en=f"DKIM: no key at the usual selectors ({tried.en}); others can't be found from "
            "here.",
        )
    return Step(
        Name.SENDER_DOMAIN,
        State.WARNING if selectors else State.OK,
        finding,
        cure=Words(
            zh="发一封测试邮件，在收到的原信里看 Authentication-Results 有没有 dkim=pass。",
            en="Send a test mail, and look for dkim=pass in Authentication-Results of what "
            "arrives.",
        ),
    )
