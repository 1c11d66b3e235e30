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
    """mails: the most that one run may take. only: what a contender's name begins with."""

    rounds: int
    mails: int
    only: str = ""


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
