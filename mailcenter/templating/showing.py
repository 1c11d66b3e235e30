"""Whether a mail shows what it must: each required value, in the text and in the HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_noop as _

from mailcenter.templating import markup
from mailcenter.templating.markup import Markup
from mailcenter.templating.variables import Case, Contract, Parts
from mailcenter.templating.wording import say

# What may touch a link in a text without becoming part of it.
_BEFORE, _AFTER = r"(?<![^\s<(（“])", r"(?![^\s>)）”])"
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def is_address(value: str) -> bool:
    return value.lower().startswith(("http://", "https://"))


def marked(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """With each text of that name made unmistakable: one sample may stand within another."""
    return {
        name: _marked(name, value) if name in names and value and isinstance(value, str) else value
        for name, value in values.items()
    }


def _marked(name: str, value: str) -> str:
    mark = "Zq" + sha256(name.encode()).hexdigest()[:10]
    return value + mark if is_address(value) else mark_safe(mark)  # noqa: S308 - letters, digits


def shortcomings(
    mail: Parts, values: Mapping[str, Any], contract: Contract, case: Case
) -> Iterator[tuple[str, Promise]]:
    """mail: rendered with ``values``, which are marked. Yields the part and what is wrong in it."""
    html = markup.read(mail.html)
    for name in sorted((contract.required | contract.secrets) & case.variables):
        value = values[name]
        if not value or not isinstance(value, str):
            continue
        in_text, in_html = value in mail.text, _shows(html, value)
        if name in contract.required:
            if not in_text:
                yield "text", lacks(name)
            if not in_html:
                yield "html", lacks(name)
        elif in_text != in_html:
            yield (
                "html" if in_text else "text",
                say(
                    _("“%(name)s” stands in the other part and not here: both must say the same."),
                    name=name,
                ),
            )
        if is_address(value):
            yield from _as_link(name, value, in_text, in_html, mail, html)


def lacks(name: str) -> Promise:
    return say(_("“{{ %(name)s }}” is missing: this part must show it."), name=name)


def _shows(html: Markup, value: str) -> bool:
    return value in html.text or any(
        value in link.href and (link.text or link.pictured) for link in html.links
    )


def _as_link(
    name: str, value: str, in_text: bool, in_html: bool, mail: Parts, html: Markup
) -> Iterator[tuple[str, Promise]]:
    if in_text and not re.search(_BEFORE + re.escape(value) + _AFTER, mail.text):
        yield (
            "text",
            say(
                _("“{{ %(name)s }}” is a link: put a space or a line break on both sides of it."),
                name=name,
            ),
        )
    if in_html and all(link.href != value for link in html.links):
        yield (
            "html",
            say(_('“%(name)s” is a link: write <a href="{{ %(name)s }}">…</a>.'), name=name),
        )


def dishonest_links(html: str) -> Iterator[Promise]:
    """Those that show one address and lead to another."""
    for link in markup.read(html).links:
        shown = link.text
        if not _LOOKS_LIKE_ADDRESS.fullmatch(shown):
            continue
        if _bare(shown) != _bare(link.href):
            yield say(
                _("A link shows “%(shown)s” and leads to “%(href)s”: they must be the same."),
                shown=shown[:80],
                href=link.href[:80],
            )


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address.strip()).rstrip("/")
