"""The short form of `make chaos`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.configuration import Configuration
from tests.chaos.counting_server import Moment
from tests.chaos.running import Run

pytestmark = pytest.mark.long

# Mails for an operator and mails that are sent once more come by turns.
SCRIPTED = (
    Moment.AUTH,
    Moment.DATA,
    Moment.GO_AHEAD,
    Moment.HALF_BODY,
    Moment.FINAL_DOT,
    Moment.ACCEPTED,
)
# A mail that never arrived is looked for for a minute: the long form has the time.
REAL = (Moment.AUTH, Moment.RCPT, Moment.DATA, Moment.DATA, Moment.FINAL_DOT, Moment.FINAL_DOT)
ONE_AT_A_TIME = "MAILCENTER['CONNECTIONS'] = 1\n"


def case(*parts: str) -> object:
    configuration = Configuration(*parts)
    marks = [pytest.mark.needs(name) for name in configuration.needs]
    return pytest.param(configuration, marks=marks, id=str(configuration))


@pytest.mark.parametrize(
    "configuration",
    [
        case("", "sqlite", "scripted"),
        case("", "postgresql", "scripted"),
        case("rabbitmq", "postgresql", "scripted"),
        case("redis", "sqlite", "scripted"),
        case("", "postgresql", "postfix"),
    ],
)
def test_nothing_is_lost_and_nothing_doubled_in_silence(configuration, tmp_path: Path):
    real = configuration.server == "postfix"
    moments, settings = (REAL, ONE_AT_A_TIME) if real else (SCRIPTED, "")
    run = Run(configuration, tmp_path, workers=2, moments=moments, settings=settings)
    result = run.run(len(moments), seconds=60)
    assert result.judgement.violations == {}
    assert result.kills.total() == len(moments)
    # Some were killed where it hurts, or this shows little.
    assert result.kills[Moment.FINAL_DOT]
