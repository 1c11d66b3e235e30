"""How each element of a mail looks: colours, ground and size of its text."""

from __future__ import annotations

import functools
from typing import NamedTuple

from mailcenter.templating.advice import colours, css
from mailcenter.templating.advice.cascade import Cascade, Scheme
from mailcenter.templating.advice.colours import Colour
from mailcenter.templating.advice.page import Element, Page

# CSS pixels.
MEDIUM = 16.0
SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0,
    "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54}
HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67, "small": 0.83}
BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})


class Look(NamedTuple):
    """alpha: opacity of the colour. ground: None where a picture lies behind the text.

    size: in CSS pixels.
    """

    colour: Colour = colours.BLACK
    alpha: float = 1.0
    ground: Colour | None = colours.WHITE
    size: float = MEDIUM
    bold: bool = False
    hidden: bool = False


def looks(page: Page, sheets: list[css.Sheet], scheme: Scheme) -> list[Look]:
    """By the number of the element, on a screen of that scheme and of unknown size."""
    cascade = Cascade(sheets, scheme)
    found: list[Look] = []
    for element in page.elements:
        around = found[element.parent.number] if element.parent else Look()
        look = _by_nature(element, around)
        for declaration in cascade.winners(element):
            look = _applied(declaration, look, around)
        found.append(look)
    return found


def _by_nature(element: Element, look: Look) -> Look:
    """What the tag and the attributes say, which any style overrides."""
    given = element.attributes
    if element.tag in HEADINGS:
        look = look._replace(size=look.size * HEADINGS[element.tag])
    if element.tag in BOLD:
        look = look._replace(bold=True)
    if element.tag == "a" and "href" in given:
        look = look._replace(colour=colours.LINK, alpha=1.0)
    if "hidden" in given:
        look = look._replace(hidden=True)
    if "background" in given:
        look = look._replace(ground=None)
    elif "bgcolor" in given and (ground := _attribute(given["bgcolor"])):
        look = look._replace(ground=ground)
    name = {"font": "color", "body": "text"}.get(element.tag, "")
    if name in given and (colour := _attribute(given[name])):
        look = look._replace(colour=colour, alpha=1.0)
    return look


def _attribute(value: str) -> Colour | None:
    found = _colour_of_text(value)
    return found[0] if found else None


@functools.lru_cache(maxsize=256)
def _colour_of_text(value: str) -> tuple[Colour, float] | None:
    return colours.read(value)


def _applied(declaration: css.Declaration, look: Look, around: Look) -> Look:
    """``around``: the look of the parent, from which "em" and see-through colours start."""
    name, words = declaration.name, declaration.words
    if name == "color":
        return _coloured(declaration, look, around)
    if name.startswith("background"):
        return _grounded(declaration, look, around)
    if name == "display":
        return look._replace(hidden=around.hidden or "none" in words)
    if name == "visibility":
        return look._replace(hidden=around.hidden or "hidden" in words)
    if name == "opacity":
        gone = [token.type == "number" and token.value <= 0 for token in declaration.tokens]
        return look._replace(hidden=look.hidden or any(gone))
    if name in ("font", "font-weight"):
        look = look._replace(bold=_bold(declaration, around))
    if name in ("font", "font-size") and (size := _size(declaration, around)) is not None:
        look = look._replace(size=size)
    return look


def _coloured(declaration: css.Declaration, look: Look, around: Look) -> Look:
    if declaration.colour:
        colour, alpha = declaration.colour
        return look._replace(colour=colour, alpha=alpha)
    if "inherit" in declaration.words:
        return look._replace(colour=around.colour, alpha=around.alpha)
    return look


def _grounded(declaration: css.Declaration, look: Look, around: Look) -> Look:
    pictured = declaration.links or any("gradient" in name for name in declaration.functions)
    if pictured:
        return look._replace(ground=None)
    if declaration.name == "background-image":
        return look
    if declaration.colour:
        colour, alpha = declaration.colour
        below = colour if alpha >= 1 else around.ground
        return look._replace(ground=below and colours.over(colour, alpha, below))
    return look


def _bold(declaration: css.Declaration, around: Look) -> bool:
    if {"bold", "bolder"} & set(declaration.words):
        return True
    for token in declaration.tokens:
        if token.type == "number":
            return bool(token.value >= 700)
    return around.bold and declaration.name == "font-weight" and "inherit" in declaration.words


def _size(declaration: css.Declaration, around: Look) -> float | None:
    for token in declaration.tokens:
        if token.type == "dimension":
            if token.lower_unit in PIXELS:
                return float(token.value * PIXELS[token.lower_unit])
            if token.lower_unit == "em":
                return float(token.value * around.size)
            if token.lower_unit == "rem":
                return float(token.value * MEDIUM)
        elif token.type == "percentage":
            return float(token.value / 100 * around.size)
        elif token.type == "number" and token.value == 0:
            return 0.0
        elif token.type == "ident" and token.lower_value in SIZES:
            return SIZES[token.lower_value]
    return None
