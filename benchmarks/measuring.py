"""What the questions have in common."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.wires import Wire

# The round trip of a server that is not next door (milliseconds).
FAR = 30


@dataclass(frozen=True)
class Effort:
    """mails: the most that one run may take. only: see selects()."""

    rounds: int
    mails: int
    only: str = ""

    def selects(self, contender: str, wire: Wire) -> bool:
        """``only`` is a wire and a contender, as say() writes them, or all of them."""
        return self.only in ("", f"{wire}: {contender}")


@dataclass(frozen=True)
class Measurement:
    """values: what was measured of one contender in one round, by name."""

    contender: str
    wire: Wire
    mails: int
    values: dict[str, float]


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def p95(samples: Sequence[float]) -> float:
    return sorted(samples)[max(0, round(0.95 * len(samples)) - 1)]


def say(text: str) -> None:
    """Progress, which is not part of the result."""
    sys.stderr.write(f"  {text}\n")
