"""Colours, and how well one reads on another (WCAG 2.2, contrast ratio)."""

from __future__ import annotations

import re
from typing import Any

from tinycss2.color4 import parse_color

# Red, green, blue from 0 to 1.
Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)
LINK: Colour = (0.0, 0.0, 238 / 255)
BARE_HEX = re.compile(r"(?:[0-9a-f]{3}){1,2}", re.IGNORECASE)


def read(value: Any) -> tuple[Colour, float] | None:
    """The colour and its opacity of a token or of a text; None where it is none.

    HTML's attributes leave out the "#" at times.
    """
    if isinstance(value, str) and BARE_HEX.fullmatch(value.strip()):
        value = f"#{value.strip()}"
    try:
        found = parse_color(value)
        if found is None or isinstance(found, str):
            return None
        red, green, blue, alpha = found.to("srgb")
    # Spaces that nobody writes in mail can't be converted; figures may be beyond measure.
    except (NotImplementedError, ArithmeticError, ValueError):
        return None
    return (_within(red), _within(green), _within(blue)), alpha


def over(colour: Colour, alpha: float, ground: Colour) -> Colour:
    """What is seen where ``colour`` lets the ground shine through."""
    red, green, blue = (
        alpha * above + (1 - alpha) * below for above, below in zip(colour, ground, strict=True)
    )
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def written(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _within(part: float) -> float:
    return min(1.0, max(0.0, part))
