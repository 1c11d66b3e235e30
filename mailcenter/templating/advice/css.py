"""CSS of a mail, as far as the checks look into it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import tinycss2

from mailcenter.templating.advice import colours
from mailcenter.templating.advice.colours import Colour

# Conditions within conditions; each level is read again.
DEEPEST = 3
# Words of a condition that leave no screen out.
EVERY_SCREEN = frozenset({"all", "screen", "only", "and"})


@dataclass(frozen=True)
class Declaration:
    """name, words: in lower case; words: the keywords of the value that stand by themselves.

    tokens: the value as tinycss2 reads it. important: it carries "!important".
    functions, units, links: those used anywhere in the value.
    """

    name: str
    tokens: tuple[Any, ...]
    important: bool
    words: tuple[str, ...]
    functions: frozenset[str]
    units: frozenset[str]
    links: tuple[str, ...]

    @functools.cached_property
    def colour(self) -> tuple[Colour, float] | None:
        """The first one in the value, with its opacity."""
        return next(filter(None, map(colours.read, self.tokens)), None)


@dataclass(frozen=True)
class Rule:
    """selector: its tokens, with commas in it. conditions: of the @media around it, as
    ``condition`` reads them; ("?",) where a mail program may hold anything for true.
    """

    selector: tuple[Any, ...]
    declarations: tuple[Declaration, ...]
    conditions: tuple[tuple[str, ...], ...]


@dataclass
class Sheet:
    """at_rules: what stands behind each "@", and the features that conditions ask for."""

    rules: list[Rule] = field(default_factory=list)
    at_rules: set[str] = field(default_factory=set)


def sheet(text: str) -> Sheet:
    """What stands in a style element; what can't be read is left out."""
    read = Sheet()
    _read(text, (), read)
    return read


def _read(source: str | list[Any], conditions: tuple[tuple[str, ...], ...], read: Sheet) -> None:
    for node in tinycss2.parse_rule_list(source, skip_comments=True, skip_whitespace=True):
        if node.type == "qualified-rule":
            content = declarations(node.content)
            read.rules.append(Rule(tuple(node.prelude), content, conditions))
        elif node.type == "at-rule":
            name = node.lower_at_keyword
            asked = condition(node.prelude)
            read.at_rules |= {name, *asked}
            if name in ("media", "supports") and node.content and len(conditions) < DEEPEST:
                known = asked if name == "media" else ("?",)
                _read(node.content, (*conditions, known), read)


def condition(prelude: list[Any]) -> tuple[str, ...]:
    """Such as ("prefers-color-scheme:dark",) and ("max-width",): features with their keyword.

    () where every screen is meant.
    """
    asked = []
    for token in prelude:
        if token.type == "() block":
            words = [part.lower_value for part in token.content if part.type == "ident"]
            asked.append(":".join(words[:2]) or "?")
        elif token.type == "ident" and token.lower_value not in EVERY_SCREEN:
            asked.append(token.lower_value)
    return tuple(asked)


def declarations(source: str | list[Any]) -> tuple[Declaration, ...]:
    """Those of a style attribute, or of a block's tokens; what can't be read is left out."""
    found = tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True)
    return tuple(_declaration(node) for node in found if node.type == "declaration")


def _declaration(node: Any) -> Declaration:
    functions, units, links = set(), set(), []
    for token in _each(node.value):
        if token.type == "function":
            functions.add(token.lower_name)
            if token.lower_name == "url":
                links += [part.value for part in token.arguments if part.type == "string"]
        elif token.type == "dimension":
            units.add(token.lower_unit)
        elif token.type == "url":
            links.append(token.value)
    return Declaration(
        name=node.lower_name,
        tokens=tuple(node.value),
        important=node.important,
        words=tuple(token.lower_value for token in node.value if token.type == "ident"),
        functions=frozenset(functions),
        units=frozenset(units),
        links=tuple(links),
    )


def _each(tokens: list[Any]) -> Iterator[Any]:
    """With those inside of functions; without recursion, since they may nest a thousand deep."""
    waiting = list(tokens)
    while waiting:
        token = waiting.pop()
        yield token
        if token.type == "function":
            waiting += token.arguments
