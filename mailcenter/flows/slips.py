"""Slips of the finger in the domain of an address: gmial.com, qq.con, 163.cm.

project/static/site/slips.js applies the same rule to the same table while somebody types.
"""

from __future__ import annotations

from typing import Any

from mailcenter.flows.webmail import DOMAINS

# Short names have too many real neighbours (163 and 263, sina and siga) to be corrected.
LONG = 5
# Real ones that lie beside a known one: who types these may mean them.
NEIGHBOURS = frozenset(
    {
        "mail.com",
        "email.com",
        "ymail.com",
        "zmail.com",
        "xmail.com",
        "fmail.com",
        "cmail.com",
        "cloud.com",
        "yahoo.cn",
        "live.cn",
        "qq.cn",
        "188.com",
        "263.com",
        "163.net",
        "126.net",
    }
)
# More than one slip away from what was meant.
OFTEN = {
    "qqq.com": "qq.com",
    "qq.com.cn": "qq.com",
    "163.com.cn": "163.com",
    "126.com.cn": "126.com",
    "gmail.cn": "gmail.com",
    "gmail.com.cn": "gmail.com",
    "gmaill.con": "gmail.com",
    "hotmal.con": "hotmail.com",
}


def meant(address: str) -> str:
    """The address that was probably meant; "" where nothing looks wrong."""
    local, _at, typed = address.strip().rpartition("@")
    typed = typed.lower()
    if not local or not typed or typed in DOMAINS or typed in NEIGHBOURS:
        return ""
    near = OFTEN.get(typed) or next((known for known in DOMAINS if is_slip(typed, known)), "")
    return f"{local}@{near}" if near else ""


def is_slip(typed: str, known: str) -> bool:
    """Whether ``typed`` is ``known`` with the dots elsewhere, or with one slip in one part."""
    if typed.replace(".", "") == known.replace(".", ""):
        return True
    name, _dot, rest = typed.partition(".")
    known_name, _dot, known_rest = known.partition(".")
    if name == known_name:
        return one_slip(rest, known_rest)
    return rest == known_rest and len(known_name) >= LONG and one_slip(name, known_name)


def one_slip(typed: str, known: str) -> bool:
    """One letter too many, missing or another one, or two neighbours swapped."""
    start = 0
    while start < min(len(typed), len(known)) and typed[start] == known[start]:
        start += 1
    left, right = typed[start:], known[start:]
    if not left and not right:
        return False
    return (
        left[1:] == right
        or left == right[1:]
        or left[1:] == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )


def table() -> dict[str, Any]:
    """For the script, as JSON."""
    return {
        "known": list(DOMAINS),
        "neighbours": sorted(NEIGHBOURS),
        "often": OFTEN,
        "long": LONG,
    }
