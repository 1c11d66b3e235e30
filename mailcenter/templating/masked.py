"""HTML with each template tag masked, so that it can be read as HTML without being rendered."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.template.base import Token, TokenType

from mailcenter.templating.markup import PRIVATE
from mailcenter.templating.tokens import tokens

# Private characters, one for each tag (a template has fewer than these), and one for comments.
_FIRST = 0xE000
_COMMENT = "\uf8ff"
_PRIVATE = re.compile(PRIVATE)
_RUN = re.compile(f"({PRIVATE})\\1*")


class Masked:
    """html: as long as the source; a tag is a run of one character that HTML has no use for."""

    def __init__(self, source: str) -> None:
        """A source in which a Reader found no fault."""
        self.tags: dict[str, Token] = {}
        pieces: list[str] = []
        in_comment = False
        for token in tokens(source):
            if not isinstance(token, Token) or not token.position:
                continue
            start, end = token.position
            is_tag = token.token_type == TokenType.BLOCK
            if in_comment or (is_tag and token.contents.split()[0] == "comment"):
                in_comment = not (is_tag and token.contents == "endcomment")
                mask = _COMMENT
            elif token.token_type == TokenType.TEXT:
                pieces.append(_PRIVATE.sub("?", source[start:end]))
                continue
            elif token.token_type == TokenType.COMMENT:
                mask = _COMMENT
            else:
                mask = chr(_FIRST + len(self.tags))
                self.tags[mask] = token
            pieces.append(mask * (end - start))
        self.html = "".join(pieces)

    def split(self, text: str) -> list[str | Token]:
        """A piece of ``html`` in order: text and tags, without the comments."""
        parts: list[str | Token] = []
        position = 0
        text = text.replace(_COMMENT, "")
        for run in _RUN.finditer(text):
            if run.start() > position:
                parts.append(text[position : run.start()])
            parts.append(self.tags[run[1]])
            position = run.end()
        if position < len(text):
            parts.append(text[position:])
        return parts

    def within(self, text: str) -> list[Token]:
        return [part for part in self.split(text) if isinstance(part, Token)]

    def named(self, text: str, names: Collection[str]) -> Token | None:
        """The first tag that writes one of these plainly there."""
        return next((tag for tag in self.within(text) if plain_name(tag) in names), None)

    def leads_home(self, address: str) -> bool:
        """Whether nobody but the site, or whom the site itself chose, gets to see what is in it:
        it is a variable alone, or begins with ``{{ site_url }}/``."""
        # Nothing is left of what is only a comment.
        first, *rest = self.split(address.strip()) or [""]
        if not isinstance(first, Token) or not rest:
            return isinstance(first, Token)
        after = rest[0]
        return plain_name(first) == "site_url" and isinstance(after, str) and after[0] == "/"

    def written(self, text: str) -> str:
        """The piece as its author wrote it, or nearly."""
        marks = {TokenType.VAR: "{{ %s }}", TokenType.BLOCK: "{%% %s %%}"}
        return "".join(
            part if isinstance(part, str) else marks[part.token_type] % part.contents
            for part in self.split(text)
        )


class Unmasked(Masked):
    """HTML without template tags: what has been rendered."""

    def __init__(self, html: str) -> None:
        super().__init__("")
        self.html = _PRIVATE.sub("?", html)


def plain_name(tag: Token) -> str:
    """``name`` of ``{{ name }}``; "" of any other tag."""
    plain = tag.token_type == TokenType.VAR and re.fullmatch(r"[\w.]+", tag.contents)
    return tag.contents if plain else ""


def is_masked(text: str) -> bool:
    return bool(_PRIVATE.search(text))
