"""HTML from mails, made harmless twice: cleaned, and shown in a sandbox that loads nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser

import nh3
from django.http import HttpResponse
from django.utils.html import escape

LOADS_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# For a page with a ``document`` in it, which must obey the page's policy besides its own.
AROUND_A_DOCUMENT = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

LOOKS = {"style", "align", "valign", "width", "height", "bgcolor", "border", "dir", "lang"}
TABLES = {"cellpadding", "cellspacing", "colspan", "rowspan", "role"}
# What a style sheet finds elements by.
FOUND_BY = {"class", "id"}
SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
# Conditions of media queries that always hold, and that never do.
ALWAYS, NEVER = "(min-width: 0px)", "(max-width: 0px)"


def clean(
    html: str, images: Mapping[str, str] | None = None, *, keep: frozenset[str] = frozenset()
) -> str:
    """``html`` without scripts, forms, style sheets, links and remote images.

    images: Content-ID -> data URL of the mail's own images (RFC 2392).
    keep: names of attributes that stay as well.
    """
    own = images or {}

    def only_own_images(tag: str, attribute: str, value: str) -> str | None:
        if attribute != "src":
            return value
        if value.startswith("cid:"):
            return own.get(value.removeprefix("cid:"))
        return value if value.startswith("data:image/") else None

    return nh3.clean(
        html,
        clean_content_tags={"script", "style", "title"},
        attributes={"*": LOOKS | TABLES | keep, "img": {"src", "alt"}},
        url_schemes={"cid", "data"},
        attribute_filter=only_own_images,
    )


def response(html: str, images: Mapping[str, str] | None = None) -> HttpResponse:
    """A page of its own for a sandboxed frame."""
    page = HttpResponse(clean(html, images))
    page["Content-Security-Policy"] = f"sandbox; {LOADS_NOTHING}; frame-ancestors 'self'"
    page["X-Content-Type-Options"] = "nosniff"
    page["Cache-Control"] = "no-store"
    return page


def document(html: str, images: Mapping[str, str]) -> str:
    """The same for a frame's ``srcdoc``, which has no headers of its own."""
    return f"<!doctype html>{_policy()}{clean(html, images)}"


def preview(html: str, images: Mapping[str, str], *, dark: bool) -> str:
    """A whole mail with its own style sheets, as a light or a dark screen shows it, for ``srcdoc``.

    Whatever the screen is like that it is looked at with.
    """
    mail = _StyleSheets(html)
    # No "<" ends the element; in a style sheet it may stand escaped.
    styles = "".join(mail.sheets).replace("<", r"\3c ")
    styles = SCHEME.sub(lambda m: ALWAYS if (m[1].lower() == "dark") is dark else NEVER, styles)
    scheme = f":root {{ color-scheme: {'dark' if dark else 'light'}; }}"
    body = "".join(f' {name}="{escape(value)}"' for name, value in mail.body.items())
    cleaned = clean(html, images, keep=frozenset(FOUND_BY))
    return f"<!doctype html>{_policy()}<style>{scheme}{styles}</style><body{body}>{cleaned}</body>"


def data_url(content: bytes, mime_type: str) -> str:
    """For ``images``."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def _policy() -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{LOADS_NOTHING}">'


class _StyleSheets(HTMLParser):
    """sheets: what the style elements hold. body: the harmless attributes of the body."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sheets: list[str] = []
        self.body: dict[str, str] = {}
        self._inside = False
        # html.parser's word for a declaration that it doesn't know; what came before it counts.
        with suppress(AssertionError):
            self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "style"
        if tag == "body":
            self.body |= {name: value or "" for name, value in attrs if name in LOOKS | FOUND_BY}

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.sheets.append(data)
