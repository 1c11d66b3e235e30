"""All checks of a mail, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mailcenter.templating.advice import (
    contrast,
    css,
    images,
    links,
    page,
    size,
    subject,
    support,
    words,
)
from mailcenter.templating.advice.finding import Advice
from mailcenter.templating.variables import Parts

# Nobody reads forty of a kind; the others come up once these are put right.
MOST_OF_A_KIND = 5


def advise(mail: Parts, *, site_url: str, raw_size: int | None = None) -> list[Advice]:
    """What could go wrong with a rendered mail on its way to a reader; [] where nothing is known.

    mail: in its layout, with the CSS in the elements. site_url: with scheme and host.
    raw_size: bytes of the whole mail as it is sent, where that is known.
    """
    return [
        advice
        for check in _checks(mail, site_url, raw_size)
        for advice in islice(check, MOST_OF_A_KIND)
    ]


def _checks(mail: Parts, site_url: str, raw_size: int | None) -> Iterator[Iterator[Advice]]:
    html = page.read(mail.html)
    sheets = [css.sheet(text) for text in html.sheets]
    yield subject.look(mail.subject)
    yield words.look({"subject": mail.subject, "text": mail.text, "html": html.words})
    yield links.look(html, mail.text, site_url)
    yield images.look(html, sheets)
    yield contrast.look(html, sheets)
    yield support.look(html, sheets)
    yield size.look(mail.html, raw_size)
