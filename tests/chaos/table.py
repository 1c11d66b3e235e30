"""Results as the rows of a Markdown table."""

from __future__ import annotations

from dataclasses import fields

from tests.chaos.configuration import Configuration
from tests.chaos.counting_server import Moment
from tests.chaos.judging import Judgement
from tests.chaos.running import Result

COUNTS = [field.name for field in fields(Judgement)]


def heading() -> str:
    names = ["configuration", "mails", "kills", *Moment]
    names += [name.replace("_", " ") for name in COUNTS]
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"


def row(configuration: Configuration, result: Result) -> str:
    kills = [result.kills[moment] for moment in Moment]
    counts = [len(getattr(result.judgement, name)) for name in COUNTS]
    cells = [configuration, result.mails, result.kills.total(), *kills, *counts]
    return f"| {' | '.join(map(str, cells))} |"
