"""Whether each name in a template is one that its mails will have a value for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext_noop as _

from mailcenter.templating.expression import Expression
from mailcenter.templating.syntax import Reader
from mailcenter.templating.variables import Case, Contract
from mailcenter.templating.wording import say

# What the name may stand for: one value of each shape that comes. None: anything.
Shapes = list[Any] | None

_TURN = dict.fromkeys(("counter", "counter0", "revcounter", "revcounter0", "first", "last"), 0)


def shapes(contract: Contract) -> dict[str, Shapes]:
    """Of each variable, by the samples of its cases. In the active language."""
    every = contract.samples(Case("", "", contract.names))
    found: dict[str, Shapes] = {name: [value] for name, value in every.items()}
    for case in contract.cases:
        for name, value in contract.samples(case).items():
            if name in case.variables:
                found.setdefault(name, []).append(value)  # type: ignore[union-attr]
    return found


class NameReader(Reader):
    """guarded: names that may only be written plainly, so that a sample tells for sure where
    the real value will stand.

    shown: names of the variables that the template writes, or goes through in a loop.
    """

    def __init__(
        self, source: str, variables: Mapping[str, Shapes], guarded: Iterable[str]
    ) -> None:
        super().__init__(source)
        self.variables = variables
        self.guarded = frozenset(guarded)
        self.shown: set[str] = set()
        self.scopes: list[dict[str, Shapes]] = []
        # Names of the template's own making.
        self.made: set[str] = set()
        self.looped: set[str] = set()

    @property
    def given(self) -> set[str]:
        """First names behind which is what the site gave, and never words of the template."""
        return (set(self.variables) | self.looped) - self.made

    def used(self, expression: Expression, position: int, *, plainly: bool, shown: bool) -> None:
        for index, path in enumerate(expression.names):
            name = path[0]
            self._find(path, position)
            if name in self.guarded and (not plainly or index or expression.filters or path[1:]):
                self.fault(
                    position,
                    say(
                        _(
                            "“%(name)s” is or holds a secret: write it as {{ %(name)s }}, or ask "
                            "{%% if %(name)s %%}, and nothing else."
                        ),
                        name=name,
                    ),
                )
            if shown:
                self.shown.add(name)

    def entered(self, names: Mapping[str, Expression], position: int) -> None:
        self._not_a_variable(names, position)
        self.made.update(names)
        self.scopes.append({name: self._shapes(value) for name, value in names.items()})

    def entered_loop(self, names: list[str], sequence: Expression | None, position: int) -> None:
        self._not_a_variable(names, position)
        entries = None
        if sequence:
            self.shown.update(path[0] for path in sequence.names[:1])
            lists = self._shapes(sequence)
            if lists is not None:
                entries = [entry for each in lists if _is_list(each) for entry in each[:1]]
                if not any(map(_is_list, lists)):
                    self.fault(
                        position,
                        say(_("“%(name)s” is not a list to go through."), name=sequence.token),
                    )
        from_site = sequence and sequence.names and sequence.names[0][0] not in self.made
        (self.looped if from_site else self.made).update(names)
        scope: dict[str, Shapes] = {"forloop": [{**_TURN, "parentloop": _TURN}]}
        if len(names) == 1:
            scope[names[0]] = entries or None
        else:
            scope.update(dict.fromkeys(names))
        self.scopes.append(scope)

    def left(self, name: str) -> None:
        self.scopes.pop()

    def _not_a_variable(self, names: Iterable[str], position: int) -> None:
        for name in names:
            if name in self.variables:
                self.fault(
                    position,
                    say(_("“%(name)s” is a variable already: choose another name."), name=name),
                )

    def _shapes(self, expression: Expression) -> Shapes:
        """What the expression may come to; a filter may make anything of it."""
        if not expression.names:
            return [expression.var]
        return None if expression.filters else self._follow(expression.names[0])

    def _known(self) -> dict[str, Shapes]:
        known: dict[str, Shapes] = {"True": [True], "False": [False], "None": [None]}
        for scope in (self.variables, *self.scopes):
            known |= scope
        return known

    def _follow(self, path: tuple[str, ...]) -> Shapes:
        """[] where the path leads nowhere."""
        name, *keys = path
        found = self._known().get(name, [])
        for key in keys:
            if found is None:
                return None
            found = [entry for value in found for entry in _entry(value, key)]
        return found

    def _find(self, path: tuple[str, ...], position: int) -> None:
        if self._follow(path) != []:
            return
        known = self._known()
        end = next(n for n in range(1, len(path) + 1) if self._follow(path[:n]) == [])
        if end == 1:
            near = get_close_matches(path[0], known, 1)
        else:
            holders = self._follow(path[: end - 1]) or []
            keys = {key for value in holders if isinstance(value, dict) for key in value}
            near = [
                ".".join((*path[: end - 1], key))
                for key in get_close_matches(path[end - 1], sorted(map(str, keys)), 1)
            ]
        name = ".".join(path[:end])
        if near:
            sentence = say(
                _("There is no variable “%(name)s”. Did you mean “%(near)s”?"),
                name=name,
                near=near[0],
            )
        else:
            sentence = say(
                _("There is no variable “%(name)s” here. There are: %(known)s."),
                name=name,
                known=", ".join(sorted(set(known) - {"True", "False", "None"})),
            )
        self.fault(position, sentence)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _entry(value: Any, key: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[key]] if key in value else []
    if _is_list(value) and key.isdecimal():
        return list(value[:1])
    return []
