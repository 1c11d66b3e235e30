"""The HTML of a mail, read once for all checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from mailcenter.templating.advice import css

VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
# Their text is not for readers.
UNSEEN = frozenset({"head", "title", "style", "script", "template"})


@dataclass(eq=False, slots=True)
class Element:
    """number: its place in the document, from 0. link: the nearest link around or at it.

    style: what its attribute of that name says. seen: whether a reader may see what is in it.
    """

    number: int
    tag: str
    attributes: dict[str, str]
    style: tuple[css.Declaration, ...]
    parent: Element | None
    link: Element | None
    seen: bool


@dataclass
class Page:
    """elements: a parent comes before its children. texts: with the element around each."""

    elements: list[Element] = field(default_factory=list)
    texts: list[tuple[Element, str]] = field(default_factory=list)
    # The pieces of each style element, by its number.
    styles: dict[int, list[str]] = field(default_factory=dict)

    @property
    def sheets(self) -> list[str]:
        """What stands in the style elements."""
        return ["".join(pieces) for pieces in self.styles.values()]

    @property
    def words(self) -> str:
        """What a reader reads."""
        return " ".join(text for _element, text in self.texts)

    def tagged(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]


def read(html: str) -> Page:
    """Whatever the HTML; what follows a tag that never ends is left out."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except _NeverEndsError:
        pass
    return reader.page


class _NeverEndsError(Exception):
    """The document ends within a tag or a comment."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[Element] = []
        self._names: Counter[str] = Counter()
        # Once written into the elements, the same style comes many times.
        self._styles: dict[str, tuple[css.Declaration, ...]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        # Of an attribute given twice the first counts.
        attributes = {name: value or "" for name, value in reversed(attrs)}
        element = Element(
            number=len(self.page.elements),
            tag=tag,
            attributes=attributes,
            style=self._style(attributes.get("style", "")),
            parent=parent,
            link=parent.link if parent else None,
            seen=(parent.seen if parent else True) and tag not in UNSEEN,
        )
        if tag == "a" and "href" in attributes:
            element.link = element
        self.page.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
            self._names[tag] += 1

    def _style(self, text: str) -> tuple[css.Declaration, ...]:
        if text not in self._styles:
            self._styles[text] = css.declarations(text)
        return self._styles[text]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # "<div/>" opens a div all the same.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        # Counted, so that an end without a beginning needs no search.
        while self._names[tag]:
            closed = self._open.pop()
            self._names[closed.tag] -= 1
            if closed.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.handle_starttag("body", [])
        around = self._open[-1]
        if around.tag == "style":
            self.page.styles.setdefault(around.number, []).append(data)
        elif around.seen and data.strip():
            self.page.texts.append((around, data))

    # Where a tag never ends, older Pythons look for its end again from each "<" behind it: a
    # minute for 100 KB.

    def parse_starttag(self, i: int) -> int:
        return _ended(super().parse_starttag(i))

    def parse_endtag(self, i: int) -> int:
        return _ended(super().parse_endtag(i))

    def parse_comment(self, i: int, report: bool = True) -> int:
        return _ended(super().parse_comment(i, report))

    def parse_html_declaration(self, i: int) -> int:
        return _ended(super().parse_html_declaration(i))

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        # The base class fails where it doesn't know the word behind "<![".
        return _ended(self.parse_bogus_comment(i, report))

    def parse_pi(self, i: int) -> int:
        return _ended(super().parse_pi(i))


def _ended(end: int) -> int:
    if end < 0:
        raise _NeverEndsError
    return end
