"""The word lists of data/: one entry a line, "#" begins a comment."""

from __future__ import annotations

import functools
from pathlib import Path

DATA = Path(__file__).parent / "data"


@functools.cache
def entries(name: str) -> tuple[str, ...]:
    """What the list of that name holds, in its order."""
    lines = (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
