"""The source of a template -> its tags and the text between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.template.base import Token, TokenType
from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from mailcenter.templating.wording import say

# Long enough for any tag; it bounds what the expressions of one tag can ask for.
LONGEST_TAG = 500
# Who pastes something else altogether needs no thousand sentences.
MOST_FAULTS = 20

_OPENING = re.compile(r"\{[{%#]")
_CLOSING = {
    "{{": ("}}", TokenType.VAR),
    "{%": ("%}", TokenType.BLOCK),
    "{#": ("#}", TokenType.COMMENT),
}


@dataclass(frozen=True)
class Fault:
    """position: characters from the beginning of the source."""

    position: int
    sentence: Promise


def tokens(source: str) -> Iterator[Token | Fault]:
    """In order; a tag that is not closed is a Fault.

    Django's own lexer takes a minute for 64 KiB of ``{%``, since it looks for each one's end as
    far as the line goes.
    """
    line, counted, text_from = 1, 0, 0
    found = _OPENING.search(source)
    while found:
        start = found.start()
        closing, kind = _CLOSING[found[0]]
        end = source.find(closing, start + 2, start + LONGEST_TAG)
        if end < 0 or "\n" in source[start:end]:
            yield Fault(start, _not_closed(found[0], closing))
            found = _OPENING.search(source, start + 2)
            continue
        if text_from < start:
            yield _token(TokenType.TEXT, source[text_from:start], text_from, start, line)
        line += source.count("\n", counted, start)
        counted = start
        text_from = end + 2
        yield _token(kind, source[start + 2 : end].strip(), start, text_from, line)
        found = _OPENING.search(source, text_from)
    if text_from < len(source):
        yield _token(TokenType.TEXT, source[text_from:], text_from, len(source), line)


def _token(kind: TokenType, contents: str, start: int, end: int, line: int) -> Token:
    return Token(kind, contents, (start, end), line)


def _not_closed(opening: str, closing: str) -> Promise:
    return say(
        _(
            "“%(opening)s” is not closed: “%(closing)s” must follow on the same line, "
            "within %(limit)d characters."
        ),
        opening=opening,
        closing=closing,
        limit=LONGEST_TAG,
    )
