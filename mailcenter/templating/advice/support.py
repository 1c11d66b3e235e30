"""HTML and CSS that much-used mail programs ignore, by data/support.json.

The data knows the mail programs of the West; of QQ and 163 nobody publishes any.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from mailcenter.templating.advice import css
from mailcenter.templating.advice.finding import Advice
from mailcenter.templating.advice.page import Page

DATA = Path(__file__).parent / "data" / "support.json"
# What only dresses a mail: where it is ignored, the mail looks plainer and nobody misses a thing.
HARMLESS = {
    "properties": """
        accent-color animation backdrop-filter background-blend-mode border-radius border-spacing
        box-shadow box-sizing color-scheme cursor empty-cells font-kerning font-size-adjust
        font-stretch height hyphenate-character hyphenate-limit-chars hyphens list-style-position
        max-height min-height min-width opacity orphans outline outline-offset overflow
        overflow-wrap resize scroll-snap tab-size table-layout text-align-last
        text-decoration-color text-decoration-line text-decoration-skip-ink text-decoration-style
        text-decoration-thickness text-emphasis text-emphasis-position text-justify text-overflow
        text-shadow text-underline-offset text-underline-position text-wrap transition user-select
        white-space white-space-collapse widows word-break word-spacing word-wrap
    """,
    "at_rules": """
        keyframes media orientation prefers-color-scheme prefers-reduced-motion supports
        -webkit-device-pixel-ratio
    """,
    "pseudo_classes": "active focus focus-visible focus-within hover link target visited",
    "elements": "abbr acronym bdi body marquee rp rt ruby wbr",
    "attributes": """
        aria-describedby aria-hidden aria-label aria-labelledby aria-live loading srcset target
    """,
}
SUFFIX = re.compile(r"\.([a-z]+)$", re.IGNORECASE)
SUFFIXES = {"tif": "tiff", "heic": "heif"}
WRITTEN = {
    "at_rules": "@{}",
    "pseudo_classes": ":{}",
    "functions": "{}()",
    "units": "1{}",
    "elements": "<{}>",
    "attributes": "{}=",
    "images": ".{}",
}


def read() -> dict[str, dict[str, list[str]]]:
    """Shelf -> feature -> the mail programs that ignore it."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return {shelf: names for shelf, names in data.items() if isinstance(names, dict)}


@functools.cache
def worth_saying() -> dict[str, dict[str, list[str]]]:
    """The same without what is harmless."""
    return {
        shelf: {
            name: programs
            for name, programs in names.items()
            if name not in HARMLESS.get(shelf, "").split()
        }
        for shelf, names in read().items()
    }


def look(page: Page, sheets: list[css.Sheet]) -> Iterator[Advice]:
    """Each feature once."""
    known = worth_saying()
    said = set()
    for shelf, name in _used(page, sheets):
        programs = known[shelf].get(name)
        if programs and (shelf, name) not in said:
            said.add((shelf, name))
            sentence = _("“%(feature)s” does nothing in %(programs)s; the mail must do without it.")
            values = {"feature": _written(shelf, name), "programs": ", ".join(programs)}
            yield Advice("html", sentence % values)


def _used(page: Page, sheets: list[css.Sheet]) -> Iterator[tuple[str, str]]:
    for element in page.elements:
        yield "elements", element.tag
        for name in element.attributes:
            yield "attributes", name
        for declaration in element.style:
            yield from _of(declaration)
        if element.tag == "img" and (kind := _suffix(element.attributes.get("src", ""))):
            yield "images", kind
    for sheet in sheets:
        for name in sorted(sheet.at_rules):
            yield "at_rules", name.partition(":")[0]
        for rule in sheet.rules:
            # What stands under a condition is meant for those who read conditions.
            if not rule.conditions:
                for name in _pseudo_classes(rule):
                    yield "pseudo_classes", name
                for declaration in rule.declarations:
                    yield from _of(declaration)


def _of(declaration: css.Declaration) -> Iterator[tuple[str, str]]:
    yield "properties", declaration.name
    for word in declaration.words:
        yield "pairs", f"{declaration.name}:{word}"
    for name in sorted(declaration.functions):
        yield "functions", name
    for name in sorted(declaration.units):
        yield "units", name


def _pseudo_classes(rule: css.Rule) -> Iterator[str]:
    tokens = [*rule.selector, None]
    for colon, token in pairwise(tokens):
        if colon == ":" and token is not None:
            if token.type == "ident":
                yield token.lower_value
            elif token.type == "function":
                yield token.lower_name


def _suffix(source: str) -> str:
    try:
        found = SUFFIX.search(urlsplit(source.strip()).path)
    except ValueError:
        return ""
    kind = found[1].lower() if found else ""
    return SUFFIXES.get(kind, kind)


def _written(shelf: str, name: str) -> str:
    """As one would find it in the source."""
    return WRITTEN.get(shelf, "{}").format(name)
