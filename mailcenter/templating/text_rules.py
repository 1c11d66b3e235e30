"""What may stand beside a secret: mail programs make links of what looks like one, even in HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from django.template.base import TokenType
from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from mailcenter.templating.masked import Masked, is_masked
from mailcenter.templating.tokens import Fault
from mailcenter.templating.wording import say

_WORD = re.compile(r"[^\s<>\"]+")
_LOOKS_LIKE_LINK = re.compile(r"://|www\.|\w\.[a-z]{2}", re.IGNORECASE)
_BEFORE_A_LINK = "(（[“'"


def faults(masked: Masked, text: str, *, guarded: Collection[str]) -> Iterator[Fault]:
    """text: what a reader sees of ``masked``. guarded: names whose values may be a link, and part
    of none but to the site.
    """
    for found in _WORD.finditer(text):
        word = found[0]
        if not is_masked(word) or masked.leads_home(word):
            continue
        shown = "".join(
            part if isinstance(part, str) else "x" * (part.token_type == TokenType.VAR)
            for part in masked.split(word)
        )
        if _LOOKS_LIKE_LINK.search(shown) and (tag := masked.named(word, guarded)):
            yield Fault(tag.position[0] if tag.position else 0, exposed(tag.contents))


def gives_away(text: str, secret: str, site_url: str) -> bool:
    """Whether ``secret`` stands in what a mail program takes for a link, and not in one to the
    site nor alone.

    text: rendered. Tags that come to nothing, or to an address, are seen through only here.
    """
    return any(
        _LOOKS_LIKE_LINK.search(word.replace(secret, "x"))
        and not word.lstrip(_BEFORE_A_LINK).startswith(f"{site_url}/")
        for word in _WORD.findall(text)
        if secret in word
    )


def exposed(name: str) -> Promise:
    return say(
        _(
            "“%(name)s” is or holds a secret: it may stand in the text, be the whole address of a "
            "link, or follow {{ site_url }}/ in one. It has no other place."
        ),
        name=name,
    )
