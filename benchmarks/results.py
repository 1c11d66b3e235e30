"""Measurements of all rounds, and medians of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.measuring import Measurement, median
from benchmarks.wires import Wire

DATABASES = ("sqlite", "postgresql")
# Of contenders, by name; of what was measured of one.
Chosen = Callable[[str], bool]
Value = Callable[[dict[str, float]], float]


@dataclass(frozen=True)
class Row:
    """A measurement, and what it answers on which database."""

    question: str
    database: str
    measurement: Measurement

    @classmethod
    def from_line(cls, question: str, database: str, line: str) -> Row:
        """``line``: what ask.py prints."""
        values = json.loads(line)
        return cls(question, database, Measurement(**{**values, "wire": Wire(**values["wire"])}))


@dataclass
class Results:
    rows: list[Row] = field(default_factory=list)

    def contenders(self, question: str, wire: Wire | None = None) -> list[str]:
        """In the order in which they were first measured."""
        return list(dict.fromkeys(row.contender for row in self._of(question, wire=wire)))

    def value(
        self, question: str, database: str, contender: str, wire: Wire, name: str
    ) -> float | None:
        """The median over the rounds, or None where nothing was measured."""
        found = [
            measurement.values[name]
            for measurement in self._of(question, database, wire)
            if measurement.contender == contender and name in measurement.values
        ]
        return median(found) if found else None

    def best(
        self,
        question: str,
        database: str,
        wire: Wire,
        chosen: Chosen,
        value: Value,
    ) -> tuple[float, str] | None:
        """The highest median of ``value`` among the chosen contenders, and whose it is."""
        samples: dict[str, list[float]] = {}
        for measurement in self._of(question, database, wire):
            if chosen(measurement.contender):
                samples.setdefault(measurement.contender, []).append(value(measurement.values))
        return max(((median(v), name) for name, v in samples.items()), default=None)

    def doubled(self, database: str, prefix: str) -> tuple[float, int]:
        """Mails that arrived again, and all of them, of whoever's name begins so."""
        drains = [m for m in self._of("drain", database) if m.contender.startswith(prefix)]
        return sum(m.values["doubled"] for m in drains), sum(m.mails for m in drains)

    def _of(
        self, question: str, database: str = "", wire: Wire | None = None
    ) -> Iterator[Measurement]:
        for row in self.rows:
            same_database = not database or row.database == database
            same_wire = wire is None or row.measurement.wire == wire
            if row.question == question and same_database and same_wire:
                yield row.measurement
