"""How an entry recognises a reply, in a form for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailcenter.replies.entry import Entry

HUNDREDS = (200, 300, 400, 500)
SUBJECTS = range(8)
# The registry of enhanced codes and the providers' own stay below.
DETAILS = range(1000)


def phrases(entry: Entry) -> list[str]:
    """The words, one phrase an item: "…" for anything between, "a/b" for either, "[a]" may lack."""
    return [_readable(phrase) for phrase in alternatives(entry.text)]


def alternatives(pattern: str) -> list[str]:
    """What stands between the outermost "|" of a regex."""
    found, depth, inside_class = [""], 0, False
    for piece in re.findall(r"\\.|.", pattern):
        if piece == "[":
            inside_class = True
        elif piece == "]":
            inside_class = False
        elif not inside_class:
            depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "|" and not depth and not inside_class:
            found.append("")
        else:
            found[-1] += piece
    return [phrase for phrase in found if phrase]


def codes(entry: Entry) -> list[str]:
    """Reply codes: "4yz", "500–504", "555"."""
    if not entry.code:
        return []
    found: list[str] = []
    for hundred in HUNDREDS:
        numbers = [n for n in range(hundred, hundred + 100) if re.fullmatch(entry.code, str(n))]
        found += [f"{hundred // 100}yz"] if len(numbers) == 100 else _runs(numbers, "")
    return found


def enhanced_codes(entry: Entry) -> list[str]:
    """Enhanced status codes: "5.1.1", "5.7.20–5.7.24", "4.7.x"."""
    if not entry.enhanced:
        return []
    found: list[str] = []
    for family in (f"{digit}.{subject}." for digit in "45" for subject in SUBJECTS):
        numbers = [n for n in DETAILS if re.fullmatch(entry.enhanced, f"{family}{n}")]
        found += [f"{family}x"] if len(numbers) == len(DETAILS) else _runs(numbers, family)
    return found


def _runs(numbers: Sequence[int], before: str) -> list[str]:
    return [
        f"{before}{first}" if first == last else f"{before}{first}–{before}{last}"
        for first, last in _spans(numbers)
    ]


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for position in range(1, len(numbers) + 1):
        if position == len(numbers) or numbers[position] != numbers[position - 1] + 1:
            if position - start == 2:
                yield from ((n, n) for n in numbers[start:position])
            else:
                yield numbers[start], numbers[position - 1]
            start = position


# In this order. Every construct of the catalogue's patterns is here; a test looks at the result.
READABLE = (
    (r"\\b|\^|\$", ""),
    (r"\.[*+]|\.\{[\d,]+\}", " … "),
    (r"\[([^\]\\]+)\]\?", r"⟦\1⟧"),
    (r"\(([^()]+)\)\?", r"⟦\1⟧"),
    (r"⟦([^⟧]*) ⟧", r"⟦\1⟧ "),
    (r" \|(?=[^⟦]*⟧)", "|"),
    (r"(\\?\w)\?", r"⟦\1⟧"),
    (r"(['\" -])\?", r"⟦\1⟧"),
    (r"(?<!\\)\[(\w)(\w)\]", r"\1/\2"),
    (r"(?<!\\)[()]", ""),
    (r"\|", "/"),
    (r"(?<=\w)\.(?=\w)", "’"),
    (r"\\(.)", r"\1"),
    (r"⟦ ⟧", " "),
    (r"⟦", "["),
    (r"⟧", "]"),
    (r" +", " "),
)


def _readable(phrase: str) -> str:
    for pattern, instead in READABLE:
        phrase = re.sub(pattern, instead, phrase)
    return phrase.strip()
