"""Which selectors of a style sheet fit which element.

By types, classes, ids, and what is inside or a child of what; others fit nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from mailcenter.templating.advice.page import Element

# A mail has a few dozen.
MOST = 1000


@dataclass(frozen=True)
class Compound:
    """What stands between two combinators. needs: such as "p", ".quiet", "#top".

    child: the one before it must fit the parent, not just some element around.
    """

    needs: frozenset[str]
    child: bool


@dataclass(frozen=True)
class Selector:
    compounds: tuple[Compound, ...]

    @property
    def weight(self) -> tuple[int, int, int]:
        """Its specificity: ids, classes, types."""
        needs = [need for compound in self.compounds for need in compound.needs]
        ids = sum(need.startswith("#") for need in needs)
        classes = sum(need.startswith(".") for need in needs)
        return ids, classes, len(needs) - ids - classes


def parse(tokens: Sequence[Any]) -> Iterator[Selector]:
    """Those between commas, without the ones that ask for something else."""
    part: list[Any] = []
    for each in [*tokens, None]:
        if each is None or each == ",":
            if (selector := _selector(part)) is not None:
                yield selector
            part = []
        else:
            part.append(each)


def _selector(tokens: list[Any]) -> Selector | None:
    compounds: list[Compound] = []
    child = False
    for combining, group in groupby(tokens, key=_combines):
        if combining:
            child = any(each == ">" for each in group)
        elif (needs := _needs(group)) is None:
            return None
        else:
            compounds.append(Compound(needs, child))
            child = False
    if child or not compounds or compounds[0].child:
        return None
    return Selector(tuple(compounds))


def _combines(token: Any) -> bool:
    return token.type == "whitespace" or token == ">"  # noqa: S105


def _needs(tokens: Iterable[Any]) -> frozenset[str] | None:
    needs: set[str] = set()
    dot = False
    for each in tokens:
        if dot and each.type != "ident":
            return None
        if each.type == "ident":
            needs.add(f".{each.value}" if dot else each.lower_value)
        elif each.type == "hash":
            needs.add(f"#{each.value}")
        elif each not in (".", "*"):
            return None
        dot = each == "."
    return None if dot else frozenset(needs)


class Matcher:
    """Goes through a document once, from its beginning.

    Each compound of each selector is a bit, the next one of a selector one to the left, so that
    an element costs the same whatever the selectors say.
    """

    def __init__(self, selectors: Iterable[Selector]) -> None:
        self._first = self._child = 0
        self._last: dict[int, int] = {}
        self._alone: dict[str, int] = defaultdict(int)
        self._several: dict[str, list[tuple[int, frozenset[str]]]] = defaultdict(list)
        self._anything = 0
        bit = 1
        for place, selector in enumerate(islice(selectors, MOST)):
            self._first |= bit
            for compound in selector.compounds:
                self._add(bit, compound)
                bit <<= 1
            self._last[bit >> 1] = place
        self._ends = sum(self._last)
        # Of each element seen: what fits it, and what fits it or an element around it.
        self._fits: list[int] = []
        self._around: list[int] = []

    def _add(self, bit: int, compound: Compound) -> None:
        if compound.child:
            self._child |= bit
        if not compound.needs:
            self._anything |= bit
        elif len(compound.needs) == 1:
            self._alone[next(iter(compound.needs))] |= bit
        else:
            self._several[min(compound.needs)].append((bit, compound.needs))

    def fitting(self, element: Element) -> int:
        """Which selectors fit it, for ``places``; ``element`` is the next of the document."""
        parent = element.parent
        above = self._fits[parent.number] if parent else 0
        around = self._around[parent.number] if parent else 0
        allowed = self._first | ((around << 1) & ~self._child) | ((above << 1) & self._child)
        fits = self._alike(element) & allowed
        self._fits.append(fits)
        self._around.append(around | fits)
        return fits & self._ends

    def places(self, fitting: int) -> list[int]:
        """Where these selectors stand among those given."""
        return [place for bit, place in self._last.items() if bit & fitting]

    def _alike(self, element: Element) -> int:
        """Compounds that the element by itself satisfies."""
        has = {element.tag, *(f".{name}" for name in element.attributes.get("class", "").split())}
        if "id" in element.attributes:
            has.add(f"#{element.attributes['id']}")
        fits = self._anything
        for name in has:
            fits |= self._alone.get(name, 0)
            for bit, needs in self._several.get(name, ()):
                if needs <= has:
                    fits |= bit
        return fits
