"""Links that filters and careful readers distrust."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, urlsplit

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from mailcenter.templating.advice.finding import Advice, Part
from mailcenter.templating.advice.lists import entries
from mailcenter.templating.advice.page import Page

# Full stops and brackets, Western and Chinese, may follow a link without belonging to it.
IN_TEXT = re.compile(r"https?://[^\s<>\"'“”‘’，。；：！？、（）《》【】「」]+", re.IGNORECASE)
BEHIND = ".,;:!?)]}"
WITHOUT_HOST = frozenset({"mailto", "tel", "sms", "cid"})
BARE = re.compile(r"[\s\W]+")
SHOWN = 60


def look(page: Page, text: str, site_url: str) -> Iterator[Advice]:
    """What is wrong with the same link in both parts is said of the HTML alone."""
    site = urlsplit(site_url)
    said = set()
    for part, target in _targets(page, text):
        for sentence in _about(target, site):
            if sentence not in said:
                said.add(sentence)
                yield Advice(part, sentence)
    yield from _wording(page)


def _targets(page: Page, text: str) -> Iterator[tuple[Part, str]]:
    for element in page.elements:
        if element.tag in ("a", "area") and "href" in element.attributes:
            yield "html", element.attributes["href"].strip()
    for found in IN_TEXT.findall(text):
        yield "text", found.rstrip(BEHIND)


def _about(target: str, site: SplitResult) -> Iterator[str]:
    shown = {"link": Truncator(target).chars(SHOWN)}
    try:
        url = urlsplit(target)
        host = (url.hostname or "").rstrip(".")
    except ValueError:
        yield _("The link “%(link)s” can't be read; write it anew.") % shown
        return
    if target.startswith("#") or url.scheme in WITHOUT_HOST:
        return
    if not host:
        yield _("The link “%(link)s” leads nowhere from a mail; begin it with https://.") % shown
        return
    own = site.hostname or ""
    if url.scheme == "http" and site.scheme == "https":
        yield _("The link “%(link)s” isn't encrypted; begin it with https://.") % shown
    if host == own:
        return
    if _is_address(host):
        yield _("The link “%(link)s” names a machine by number; use a host name.") % shown
    elif _within(host, entries("shorteners")):
        sentence = _(
            "“%(host)s” shortens links, which filters distrust; give the whole link instead."
        )
        yield sentence % {"host": host}
    elif not _within(host, [own.removeprefix("www.")]):
        sentence = _(
            "A link leads to %(host)s, another host than the site's (%(own)s); filters and readers"
            " trust the site's own more."
        )
        yield sentence % {"host": host, "own": own}


def _within(host: str, domains: Iterable[str]) -> bool:
    """Whether it is one of the domains or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _wording(page: Page) -> Iterator[Advice]:
    """A link is read aloud, and skimmed, without the words around it."""
    words: dict[int, list[str]] = defaultdict(list)
    for element, text in page.texts:
        if element.link:
            words[element.link.number].append(text)
    empty = {_bare(phrase) for phrase in entries("link_words")}
    said = set()
    for pieces in words.values():
        text = " ".join("".join(pieces).split())
        if _bare(text) in empty and text not in said:
            said.add(text)
            yield Advice(
                "html",
                _("A link says “%(text)s” alone; let it say where it leads.") % {"text": text},
            )


def _bare(text: str) -> str:
    return BARE.sub("", text).lower()
