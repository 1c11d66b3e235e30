"""Two versions of a template side by side, readable without colour."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mailcenter.rendering import Logo
from mailcenter.templating import Parts

# Lines of one part. The time to compare them grows with the square of their number.
MOST_LINES = 3000
CONTEXT = 3
MARKS = {"+": "added", "-": "removed", "@": "place", " ": "same"}


@dataclass(frozen=True)
class Words:
    """What can be compared: a version, or the built-in words."""

    parts: Parts
    logo: Logo | None = None


@dataclass(frozen=True)
class Line:
    """text: with its mark. look: how it is coloured."""

    text: str
    look: str


@dataclass(frozen=True)
class Difference:
    """part: its name for the reader. sentence: instead of lines."""

    part: str
    lines: list[Line]
    sentence: str = ""


def differences(left: Words, right: Words) -> list[Difference]:
    """Of each part that differs; [] where the two say the same."""
    return list(_differences(left, right))


def _differences(left: Words, right: Words) -> Iterator[Difference]:
    for part, old, new in (
        (_("subject"), left.parts.subject, right.parts.subject),
        (_("text"), left.parts.text, right.parts.text),
        ("HTML", left.parts.html, right.parts.html),
    ):
        if old != new:
            yield _difference(part, old.split("\n"), new.split("\n"))
    if left.logo != right.logo:
        yield Difference(_("logo"), [], _logos(left.logo, right.logo))


def _difference(part: str, old: list[str], new: list[str]) -> Difference:
    if max(len(old), len(new)) > MOST_LINES:
        sentence = _("It differs, but it has too many lines to be compared.")
        return Difference(part, [], sentence)
    # The first two lines name files.
    _old, _new, *lines = difflib.unified_diff(old, new, n=CONTEXT, lineterm="")
    return Difference(part, [Line(line, MARKS[line[0]]) for line in lines])


def _logos(left: Logo | None, right: Logo | None) -> str:
    if left and right:
        return _("It is another picture.")
    return _("There is none any more.") if left else _("There was none before.")
