"""Pictures that a reader doesn't get to see, or that say nothing where they are not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from mailcenter.templating.advice import css
from mailcenter.templating.advice.finding import Advice
from mailcenter.templating.advice.page import Element, Page

REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
# Carried by the mail itself.
OWN = re.compile(r"cid:", re.IGNORECASE)
DATA = re.compile(r"data:", re.IGNORECASE)
TINY = re.compile(r"[01](?:px)?")
# Characters of text below which the pictures are the mail.
FEWEST = 20
SHOWN = 60


def look(page: Page, sheets: list[css.Sheet]) -> Iterator[Advice]:
    pictures = page.tagged("img")
    yield from _without_words(page, pictures)
    sources = [picture.attributes.get("src", "").strip() for picture in pictures]
    yield from _out_of_reach(sources, [*sources, *_grounds(page, sheets)])
    if any(_counts_readers(picture) for picture in pictures):
        yield Advice(
            "html",
            _("An invisible remote image reports who reads; filters distrust it, so drop it."),
        )
    if pictures and len("".join(page.words.split())) < FEWEST:
        yield Advice(
            "html",
            _("The mail is little but pictures, as spam often is; write what it says as text."),
        )


def _without_words(page: Page, pictures: list[Element]) -> Iterator[Advice]:
    links_with_text = {element.link.number for element, _text in page.texts if element.link}
    for picture in pictures:
        source = _short(picture.attributes.get("src", ""))
        words = picture.attributes.get("alt")
        if words is None:
            sentence = _(
                "The image “%(source)s” has no alt text; say what it shows, or give an empty one"
                " where it only decorates."
            )
            yield Advice("html", sentence % {"source": source})
        elif not words.strip() and picture.link and picture.link.number not in links_with_text:
            sentence = _(
                "The image “%(source)s” is all there is of a link, and its alt text is empty; say"
                " where the link leads."
            )
            yield Advice("html", sentence % {"source": source})


def _out_of_reach(pictures: list[str], sources: list[str]) -> Iterator[Advice]:
    """pictures: of img elements. sources: with the pictures of styles."""
    remote = [source for source in sources if REMOTE.match(source)]
    if remote:
        sentence = _(
            "Images from another host, such as “%(source)s”, stay hidden until the reader allows"
            " them; put them into the mail (cid:) or do without."
        )
        yield Advice("html", sentence % {"source": _short(remote[0])})
    if any(DATA.match(source) for source in sources):
        yield Advice(
            "html",
            _("Gmail doesn't show images given as data: URLs; put them into the mail (cid:)."),
        )
    for source in pictures:
        if not any(kind.match(source) for kind in (REMOTE, OWN, DATA)):
            sentence = _(
                "The image “%(source)s” can't be found from a mail; put it into the mail (cid:)."
            )
            yield Advice("html", sentence % {"source": _short(source)})


def _grounds(page: Page, sheets: list[css.Sheet]) -> Iterator[str]:
    for element in page.elements:
        if "background" in element.attributes:
            yield element.attributes["background"].strip()
        for declaration in element.style:
            yield from declaration.links
    for sheet in sheets:
        for rule in sheet.rules:
            for declaration in rule.declarations:
                yield from declaration.links


def _counts_readers(picture: Element) -> bool:
    given = picture.attributes
    sizes = [given.get("width", "").strip(), given.get("height", "").strip()]
    return bool(REMOTE.match(given.get("src", "").strip())) and all(map(TINY.fullmatch, sizes))


def _short(source: str) -> str:
    return Truncator(source.strip()).chars(SHOWN)
