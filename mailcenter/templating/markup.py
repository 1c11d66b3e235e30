"""HTML, whole or with template tags in it, as a list of what stands where.

Stricter than a mail program: where two programs could read it in two ways, it is refused. And
unlike Python's own parser it takes no half minute for 64 KiB of ``<a ``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape as _unescape

from django.utils.translation import gettext_noop as _

from mailcenter.templating.tokens import Fault
from mailcenter.templating.wording import say

PRIVATE = "[\ue000-\uf8ff]"

_START = re.compile(r"<([a-zA-Z][a-zA-Z0-9:-]*)")
_ATTRIBUTE = re.compile(r"\s+([^\s\"'<>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_STOP = re.compile(r"\s*/?>")
_END = re.compile(r"</([a-zA-Z][a-zA-Z0-9:-]*)\s*>")
_DECLARATION = re.compile(r"<!(?:doctype|\[)[^<>]*>", re.IGNORECASE)
# Up to their end tag nothing in them is a tag.
_RAW = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("style", "title")}
# They hold nothing, and so have no end tag.
_VOID = {"area", "br", "col", "hr", "img", "meta", "wbr"}
# The parser that inlines the CSS dies of thousands, with the whole process.
MOST_OPEN = 100
# Around these words stay one.
_AMONG_WORDS = """
    a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong
    sub sup time tt u var wbr
"""
_INLINE = frozenset(_AMONG_WORDS.split())


@dataclass(frozen=True)
class Attribute:
    """name: in small letters. value: as a mail program understands it. quoted: "" or '' around."""

    name: str
    value: str
    quoted: bool


@dataclass(frozen=True)
class Element:
    """position: of its start tag, in characters from the beginning."""

    tag: str
    attributes: list[Attribute]
    position: int


@dataclass
class Link:
    """shown: the pieces of text between its tags. pictured: whether there is a picture."""

    href: str
    position: int
    shown: list[str] = field(default_factory=list)
    pictured: bool = False

    @property
    def text(self) -> str:
        return "".join(self.shown).strip()


@dataclass(frozen=True)
class Unseen:
    """kind: "style", "title" or "comment". position: of its content."""

    kind: str
    content: str
    position: int


@dataclass
class Markup:
    """text: what a reader sees. fault: where it stopped making sense."""

    elements: list[Element] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    text: str = ""
    fault: Fault | None = None


def unescape(text: str) -> str:
    """As the standard library does, with two differences.

    That one raises ValueError for &# and 5000 digits; and a character that could be taken for the
    mask of a template tag (see masked.py) must not come out of an entity.
    """
    if "&" not in text:
        return text
    pieces = re.split(f"({PRIVATE}+)", text)
    pieces[::2] = [re.sub(PRIVATE, "?", _decoded(piece)) for piece in pieces[::2]]
    return "".join(pieces)


def _decoded(text: str) -> str:
    try:
        return _unescape(text)
    except ValueError:
        return text


def read(html: str) -> Markup:
    return _Scanner(html).scan()


class _Scanner:
    def __init__(self, html: str) -> None:
        self.html = html
        self.found = Markup()
        self.texts: list[str] = []
        self.link: Link | None = None
        self.open: list[str] = []

    def scan(self) -> Markup:
        position = 0
        while position < len(self.html):
            opening = self.html.find("<", position)
            end = len(self.html) if opening < 0 else opening
            self._text(self.html[position:end])
            position = self._markup(end) if opening >= 0 else end
            if self.found.fault:
                break
        self.found.text = "".join(self.texts)
        return self.found

    def _text(self, raw: str) -> None:
        shown = unescape(raw)
        self.texts.append(shown)
        if self.link:
            self.link.shown.append(shown)

    def _markup(self, start: int) -> int:
        """Where it ends."""
        if match := _START.match(self.html, start):
            return self._start_tag(match)
        if match := _END.match(self.html, start):
            self._end_tag(match[1].lower())
            return match.end()
        if self.html.startswith("<!--", start):
            return self._comment(start)
        if match := _DECLARATION.match(self.html, start):
            self.found.unseen.append(Unseen("comment", match[0], start))
            return match.end()
        self._wrong(start)
        return start

    def _start_tag(self, match: re.Match[str]) -> int:
        tag, start, position = match[1].lower(), match.start(), match.end()
        attributes: dict[str, Attribute] = {}
        while given := _ATTRIBUTE.match(self.html, position):
            name = given[1].lower()
            value = next((text for text in given.groups()[1:] if text is not None), "")
            # Of two with one name a mail program takes the first, and another perhaps not.
            if name in attributes:
                self._wrong(start)
                return start
            attributes[name] = Attribute(name, unescape(value), quoted=given[4] is None)
            position = given.end()
        stop = _STOP.match(self.html, position)
        if not stop:
            self._wrong(start)
            return start
        self.found.elements.append(Element(tag, list(attributes.values()), start))
        self._gap(tag)
        if tag == "a" and "href" in attributes:
            self.link = Link(attributes["href"].value, start)
            self.found.links.append(self.link)
        if tag == "img" and self.link:
            self.link.pictured = True
        if tag in _RAW:
            return self._raw(tag, start, stop.end())
        if tag not in _VOID:
            self._opened(tag, start)
        return stop.end()

    def _end_tag(self, tag: str) -> None:
        if tag == "a":
            self.link = None
        self._gap(tag)
        # The last one of its name alone: what was opened inside it and not closed may well be
        # opened again behind it (HTML standard, "reconstruct the active formatting elements").
        for number in reversed(range(len(self.open))):
            if self.open[number] == tag:
                del self.open[number]
                break

    def _opened(self, tag: str, start: int) -> None:
        self.open.append(tag)
        if len(self.open) > MOST_OPEN:
            self.found.fault = Fault(
                start,
                say(
                    _("More than %(limit)d elements are open here. Close each of them."),
                    limit=MOST_OPEN,
                ),
            )

    def _raw(self, tag: str, start: int, position: int) -> int:
        end = _RAW[tag].search(self.html, position)
        if not end:
            self._wrong(start)
            return start
        self.found.unseen.append(Unseen(tag, self.html[position : end.start()], position))
        return end.end()

    def _comment(self, start: int) -> int:
        end = self.html.find("-->", start + 4)
        content = self.html[start + 4 : end]
        # Browsers take each of these for an end.
        if end < 0 or content.startswith((">", "->")) or "--!>" in content:
            self._wrong(start)
            return start
        self.found.unseen.append(Unseen("comment", content, start + 4))
        return end + 3

    def _gap(self, tag: str) -> None:
        """Where a reader sees a gap, words must not grow together."""
        if tag not in _INLINE:
            self.texts.append("\n")

    def _wrong(self, position: int) -> None:
        self.found.fault = Fault(
            position,
            say(
                _(
                    '“<” begins nothing that can be read. A tag is written <name attribute="value">'
                    " and a comment <!-- … -->; the sign itself is &lt;."
                )
            ),
        )
