"""HTML from mails, made harmless twice: cleaned, and shown in a sandbox that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping

import nh3
from django.http import HttpResponse

LOADS_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# For a page with a ``document`` in it, which must obey the page's policy besides its own.
AROUND_A_DOCUMENT = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

LOOKS = {"style", "align", "valign", "width", "height", "bgcolor", "border", "dir", "lang"}
TABLES = {"cellpadding", "cellspacing", "colspan", "rowspan", "role"}


def clean(html: str, images: Mapping[str, str] | None = None) -> str:
    """``html`` without scripts, forms, links and remote images.

    images: Content-ID -> data URL of the mail's own images (RFC 2392).
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
        attributes={"*": LOOKS | TABLES, "img": {"src", "alt"}},
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
    policy = f'<meta http-equiv="Content-Security-Policy" content="{LOADS_NOTHING}">'
    return f"<!doctype html>{policy}{clean(html, images)}"
