"""Which of several declarations for an element wins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mailcenter.templating.advice import css, selectors
from mailcenter.templating.advice.page import Element

Scheme = Literal["light", "dark"]
# As a condition says it.
SCHEMES: dict[Scheme, str] = {
    "light": "prefers-color-scheme:light",
    "dark": "prefers-color-scheme:dark",
}
# What the looks of text come from.
CONCERNED = frozenset(
    {
        "color",
        "background",
        "background-color",
        "background-image",
        "font",
        "font-size",
        "font-weight",
        "display",
        "visibility",
        "opacity",
    }
)

# The last word on each name, in the order in which they were said.
Winners = dict[str, css.Declaration]


def has_dark(sheets: list[css.Sheet]) -> bool:
    return any(SCHEMES["dark"] in sheet.at_rules for sheet in sheets)


class Cascade:
    """What wins where several rules and the element itself say something."""

    def __init__(self, sheets: list[css.Sheet], scheme: Scheme) -> None:
        rules = [rule for sheet in sheets for rule in sheet.rules if _holds(rule, scheme)]
        styles = [
            (selector, place, rule.declarations)
            for place, rule in enumerate(rules)
            if any(declaration.name in CONCERNED for declaration in rule.declarations)
            for selector in selectors.parse(rule.selector)
        ]
        # The later and the weightier ones win.
        styles.sort(key=lambda style: (style[0].weight, style[1]))
        self._declarations = [declarations for _selector, _place, declarations in styles]
        self._matcher = selectors.Matcher(selector for selector, _place, _declarations in styles)
        # Many elements fit the same rules.
        self._known: dict[int, tuple[Winners, Winners]] = {}

    def winners(self, element: Element) -> list[css.Declaration]:
        """In the order in which to apply them; ``element`` is the next of the document."""
        fitting = self._matcher.fitting(element)
        if fitting not in self._known:
            self._known[fitting] = self._of_rules(fitting)
        normal, important = self._known[fitting]
        inline = element.style
        winners = dict(normal)
        # From the weakest: sheet, element, and the same again with "!important".
        _win(winners, (each for each in inline if not each.important))
        _win(winners, important.values())
        _win(winners, (each for each in inline if each.important))
        # A picture hides the colour below it, whichever was said first.
        return sorted(winners.values(), key=lambda each: each.name == "background-image")

    def _of_rules(self, fitting: int) -> tuple[Winners, Winners]:
        normal: Winners = {}
        important: Winners = {}
        for place in self._matcher.places(fitting):
            for declaration in self._declarations[place]:
                _win(important if declaration.important else normal, [declaration])
        return normal, important


def _win(winners: Winners, declarations: Iterable[css.Declaration]) -> None:
    for declaration in declarations:
        if declaration.name in CONCERNED and _readable(declaration):
            if declaration.name == "background":
                # It sets those that it doesn't name as well.
                winners.pop("background-color", None)
                winners.pop("background-image", None)
            winners.pop(declaration.name, None)
            winners[declaration.name] = declaration


def _readable(declaration: css.Declaration) -> bool:
    """A colour that a mail program can't read doesn't replace one that it can."""
    if declaration.name != "color":
        return True
    return declaration.colour is not None or "inherit" in declaration.words


def _holds(rule: css.Rule, scheme: Scheme) -> bool:
    """Whether it holds on every screen of that scheme."""
    return all(asked in ((), (SCHEMES[scheme],)) for asked in rule.conditions)
