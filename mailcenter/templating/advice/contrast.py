"""Text that is hard to read on its ground, on a light screen and on a dark one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from mailcenter.templating.advice import css
from mailcenter.templating.advice.cascade import Scheme, has_dark
from mailcenter.templating.advice.colours import Colour, contrast, over, written
from mailcenter.templating.advice.finding import Advice
from mailcenter.templating.advice.looks import Look, looks
from mailcenter.templating.advice.page import Page

# WCAG 2.2, success criterion 1.4.3; sizes in CSS pixels.
NEEDED, NEEDED_IF_LARGE = 4.5, 3.0
LARGE, LARGE_IF_BOLD = 24.0, 14 * 4 / 3
# Smaller text is there to be overlooked: a preheader, a spacer.
SMALLEST = 2.0
QUOTED = 30

# Text, ground, and the contrast needed.
Pair = tuple[Colour, Colour, float]


def look(page: Page, sheets: list[css.Sheet]) -> Iterator[Advice]:
    """Each pair of colours once, with the first text that it is used for."""
    known: set[Pair] = set()
    yield from _faint(page, sheets, "light", known)
    if has_dark(sheets):
        yield from _faint(page, sheets, "dark", known)


def _faint(
    page: Page, sheets: list[css.Sheet], scheme: Scheme, known: set[Pair]
) -> Iterator[Advice]:
    by_element = looks(page, sheets, scheme)
    for element, text in page.texts:
        seen = by_element[element.number]
        if seen.hidden or seen.ground is None or seen.size < SMALLEST or not text.strip():
            continue
        needed = _needed(seen)
        colour = over(seen.colour, seen.alpha, seen.ground)
        pair = (colour, seen.ground, needed)
        if pair not in known:
            known.add(pair)
            if (ratio := contrast(colour, seen.ground)) < needed:
                yield _advice(scheme, text, colour, seen.ground, ratio, needed)


def _needed(seen: Look) -> float:
    large = seen.size >= LARGE or (seen.bold and seen.size >= LARGE_IF_BOLD)
    return NEEDED_IF_LARGE if large else NEEDED


def _advice(
    scheme: Scheme, text: str, colour: Colour, ground: Colour, ratio: float, needed: float
) -> Advice:
    sentence = (
        _(
            "On a dark screen “%(text)s” is hard to read, %(colour)s on %(ground)s: a contrast of"
            " %(ratio)s where %(needed)s is needed; choose colours further apart."
        )
        if scheme == "dark"
        else _(
            "“%(text)s” is hard to read, %(colour)s on %(ground)s: a contrast of %(ratio)s where"
            " %(needed)s is needed; choose colours further apart."
        )
    )
    values = {
        "text": Truncator(" ".join(text.split())).chars(QUOTED),
        "colour": written(colour),
        "ground": written(ground),
        # Rounded down, lest it says that 4.5 is less than 4.5.
        "ratio": f"{math.floor(ratio * 10) / 10:.1f}",
        "needed": f"{needed:.1f}",
    }
    return Advice("html", sentence % values)
