"""A warning about a mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["subject", "text", "html", "mail"]


@dataclass(frozen=True)
class Advice:
    """part: where it is; "mail": the whole. sentence: what to do about it, translated."""

    part: Part
    sentence: str
