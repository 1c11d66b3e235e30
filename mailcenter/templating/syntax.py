"""Reads a template as the engine will, and names each place where it can't."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import Token, TokenType, token_kwargs
from django.template.defaulttags import TemplateIfParser, TemplateTagNode
from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from mailcenter.templating import parsing
from mailcenter.templating.allowed import register
from mailcenter.templating.expression import Expression, Refused
from mailcenter.templating.tokens import MOST_FAULTS, Fault, tokens
from mailcenter.templating.wording import say

LARGEST_SOURCE = 64 * 1024
DEEPEST = 20
MOST_TAGS = 1000

COMPARISONS = {"==", "!=", "<", ">", "<=", ">=", "in", "is"}
_OPERATORS = COMPARISONS | {"and", "or", "not"}
_TAKEN = {"forloop", "True", "False", "None"}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def place(source: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    before = source[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


@dataclass
class _Open:
    """A tag that waits for its end. last: no other clause may follow, as after else."""

    name: str
    position: int
    last: bool = False


class Reader:
    """Goes once through the source. ``used``, ``entered`` and ``left`` are for heirs who want to
    know which names stand where."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self.open: list[_Open] = []
        self.parser = parsing.parser()

    def read(self) -> list[Fault]:
        """[] where the engine can render it, given values that fit."""
        if len(self.source.encode("utf-8", "replace")) > LARGEST_SOURCE:
            limit = LARGEST_SOURCE // 1024
            self.fault(0, say(_("It is longer than %(limit)d KiB."), limit=limit))
            return self.faults
        if match := _UNPRINTABLE.search(self.source):
            self.fault(
                match.start(),
                say(
                    _("An invisible control character (U+%(code)s) stands here."),
                    code=f"{ord(match[0]):04X}",
                ),
            )
        tags = 0
        for token in tokens(self.source):
            if isinstance(token, Fault):
                self.faults.append(token)
            elif token.token_type != TokenType.TEXT:
                tags += 1
                self._tag(token)
            if tags > MOST_TAGS:
                self.fault(0, say(_("It has more than %(limit)d tags."), limit=MOST_TAGS))
            if tags > MOST_TAGS or len(self.faults) >= MOST_FAULTS:
                return self.faults[:MOST_FAULTS]
        for unclosed in self.open:
            self.fault(
                unclosed.position,
                say(
                    _("“%(name)s” is not closed: {%% end%(name)s %%} is missing."),
                    name=unclosed.name,
                ),
            )
        return sorted(self.faults, key=lambda fault: fault.position)[:MOST_FAULTS]

    def fault(self, position: int, sentence: Promise) -> None:
        self.faults.append(Fault(position, sentence))

    def used(self, expression: Expression, position: int, *, plainly: bool, shown: bool) -> None:
        """plainly: alone in ``{{ }}``, or asked for in an ``{% if %}`` without a comparison.
        shown: it stands in ``{{ }}``."""

    def entered(self, names: Mapping[str, Expression], position: int) -> None:
        """``{% with %}``: each name stands for that expression."""

    def entered_loop(self, names: list[str], sequence: Expression | None, position: int) -> None:
        """``{% for %}``: the names are an entry of the sequence, or the parts of one."""

    def left(self, name: str) -> None:
        """The end of a ``with`` or ``for``, or the ``empty`` of a ``for``."""

    def _tag(self, token: Token) -> None:
        position = token.position[0] if token.position else 0
        # All that stands in a comment is skipped.
        if self.open and self.open[-1].name == "comment":
            if token.token_type == TokenType.BLOCK and token.contents == "endcomment":
                self.open.pop()
        elif not token.contents and token.token_type != TokenType.COMMENT:
            self.fault(position, say(_("This tag is empty.")))
        elif token.token_type == TokenType.VAR:
            if expression := self._expression(token.contents, position):
                self.used(expression, position, plainly=True, shown=True)
        elif token.token_type == TokenType.BLOCK:
            self._block(token, position)

    def _block(self, token: Token, position: int) -> None:
        name, *words = token.contents.split()
        if name in ("if", "for", "with", "comment"):
            self.open.append(_Open(name, position))
            if len(self.open) == DEEPEST + 1:
                self.fault(
                    position,
                    say(_("More than %(limit)d tags stand inside one another."), limit=DEEPEST),
                )
            if name != "comment":
                self._arguments(token, position)
        elif name in ("elif", "else", "empty"):
            self._clause(name, token, position)
        elif name in ("endif", "endfor", "endwith", "endcomment"):
            self._end(name, position)
            if words:
                self._alone(name, position)
        elif name == "templatetag":
            if len(words) != 1 or words[0] not in TemplateTagNode.mapping:
                self.fault(
                    position,
                    say(
                        _("“templatetag” takes one of these words: %(words)s."),
                        words=", ".join(TemplateTagNode.mapping),
                    ),
                )
        else:
            self.fault(
                position,
                say(
                    _("The tag “%(name)s” is not allowed here. Allowed are: %(allowed)s."),
                    name=name,
                    allowed=", ".join(sorted(register.tags)),
                ),
            )

    def _clause(self, name: str, token: Token, position: int) -> None:
        owner = "for" if name == "empty" else "if"
        top = self.open[-1] if self.open else None
        if top is None or top.name != owner or top.last:
            self.fault(
                position,
                say(
                    _("“%(name)s” has its place once, within a “%(owner)s” that is open."),
                    name=name,
                    owner=owner,
                ),
            )
            return
        if name == "elif":
            self._arguments(token, position)
            return
        top.last = True
        if name == "empty":
            self.left("for")
        if token.contents != name:
            self._alone(name, position)

    def _alone(self, name: str, position: int) -> None:
        self.fault(position, say(_("Nothing may follow “%(name)s” in its tag."), name=name))

    def _end(self, name: str, position: int) -> None:
        begun = name.removeprefix("end")
        if begun not in [tag.name for tag in self.open]:
            self.fault(
                position,
                say(_("“%(name)s” has no “%(begun)s” before it."), name=name, begun=begun),
            )
            return
        while self.open:
            tag = self.open.pop()
            if tag.name in ("for", "with") and not tag.last:
                self.left(tag.name)
            if tag.name == begun:
                return
            self.fault(
                tag.position,
                say(_("“%(name)s” must be closed before “%(end)s”."), name=tag.name, end=name),
            )

    def _arguments(self, token: Token, position: int) -> None:
        try:
            name, *bits = token.split_contents()
        # Django's answer to _("… without an end.
        except StopIteration:
            self._unreadable(token.contents, position)
            return
        {"if": self._if, "elif": self._if, "for": self._for, "with": self._with}[name](
            bits, token, position
        )

    def _if(self, bits: list[str], token: Token, position: int) -> None:
        before = len(self.faults)
        for index, bit in enumerate(bits):
            if bit in _OPERATORS:
                continue
            if expression := self._expression(bit, position):
                self.used(expression, position, plainly=not _compared(bits, index), shown=False)
        if len(self.faults) == before:
            try:
                TemplateIfParser(self.parser, bits).parse()
            except TemplateSyntaxError:
                self._unreadable(token.contents, position)

    def _for(self, bits: list[str], token: Token, position: int) -> None:
        # So that a broken {% for %} is left as a good one is.
        names: list[str] = []
        sequence = None
        words = bits[:-1] if bits and bits[-1] == "reversed" else bits
        if len(words) >= 3 and words[-2] == "in":
            names = re.split(r" *, *", " ".join(words[:-2]))
            if self._names(names, position):
                sequence = self._expression(words[-1], position)
        else:
            self.fault(
                position, say(_("Write a loop as {%% for entry in list %%} … {%% endfor %%}."))
            )
        if sequence:
            self.used(sequence, position, plainly=False, shown=False)
        self.entered_loop(names, sequence, position)

    def _with(self, bits: list[str], token: Token, position: int) -> None:
        given: dict[str, Any] = {}
        try:
            given = token_kwargs(bits, self.parser)
        except Refused as error:
            self.fault(position, error.sentence)
        except TemplateSyntaxError:
            self._unreadable(token.contents, position)
        else:
            if bits or not given:
                self.fault(
                    position, say(_("Write it as {%% with name=value %%} … {%% endwith %%}."))
                )
            self._names(list(given), position)
        for expression in given.values():
            self.used(expression, position, plainly=False, shown=False)
        self.entered(given, position)

    def _names(self, names: list[str], position: int) -> bool:
        for name in names:
            if not name.isidentifier() or name.startswith("_") or name in _TAKEN:
                self.fault(position, say(_("“%(name)s” can't be a name."), name=name))
                return False
        return True

    def _expression(self, text: str, position: int) -> Expression | None:
        try:
            return Expression(text, self.parser)
        except Refused as error:
            self.fault(position, error.sentence)
        except TemplateSyntaxError:
            self._unreadable(text, position)
        return None

    def _unreadable(self, text: str, position: int) -> None:
        if re.search(r"(^|[\s.:|])_", text):
            sentence = say(
                _("“%(text)s” can't be read: a name doesn't begin with “_”."), text=text[:60]
            )
        else:
            sentence = say(_("“%(text)s” can't be read."), text=text[:60])
        self.fault(position, sentence)


def _compared(bits: list[str], index: int) -> bool:
    """Whether the operand stands beside ==, in, is not and the like."""
    after = bits[index + 1] if index + 1 < len(bits) else ""
    before = bits[index - 1] if index else ""
    if before == "not" and index >= 2:
        before = bits[index - 2] if bits[index - 2] == "is" else ""
    return before in COMPARISONS or after in COMPARISONS | {"not"}
