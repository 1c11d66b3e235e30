"""A mail that is too large to be read in one go."""

from __future__ import annotations

from collections.abc import Iterator

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from mailcenter.templating.advice.finding import Advice

# Gmail hides what comes after about 102 KB of HTML behind "View entire message".
MOST_HTML = 100 * 1024
# Many filters let larger mail pass unread, or stop it; and phones load it slowly.
MOST_RAW = 500 * 1024


def look(html: str, raw_size: int | None) -> Iterator[Advice]:
    """raw_size: bytes of the whole mail as it is sent, where that is known."""
    size = len(html.encode("utf-8", "surrogatepass"))
    if size > MOST_HTML:
        yield Advice(
            "html",
            _("The HTML is %(size)s large; Gmail cuts it off at about 100 KB, so shorten it.")
            % {"size": filesizeformat(size)},
        )
    if raw_size is not None and raw_size > MOST_RAW:
        yield Advice(
            "mail",
            _("The whole mail is %(size)s large; smaller pictures bring it below 500 KB.")
            % {"size": filesizeformat(raw_size)},
        )
