"""What SpamAssassin thinks of a mail, where the machine has it."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mailcenter.templating.advice.finding import Advice

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30
# Many providers move a mail to the junk folder from 5 on; others add to the sum by themselves.
WORTH_A_WARNING = 3.0
NAMED = 3
RULE = re.compile(r"^\s*(-?[0-9]+(?:\.[0-9]+)?)\s+([A-Z][A-Z0-9_]*)\s+(\S.*)$")


@dataclass(frozen=True)
class Rule:
    points: float
    name: str
    description: str


@dataclass(frozen=True)
class Score:
    """needed: from so many points on SpamAssassin calls a mail spam. rules: the heaviest first."""

    points: float
    needed: float
    rules: tuple[Rule, ...]


def score(raw: bytes) -> Score | None:
    """Of a whole mail as it is sent; asks no other machine.

    None where SpamAssassin is missing or fails.
    """
    program = shutil.which("spamassassin")
    if program is None:
        return None
    # Nobody who writes mail knows it beforehand.
    mark = secrets.token_hex(16)
    try:
        answer = subprocess.run(  # noqa: S603 - the mail is its input, never an argument
            [program, *_options(mark)],
            input=raw,
            capture_output=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
            # Rules describe themselves in the language of the machine.
            env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"},
        )
        return _read(answer.stdout.decode("utf-8", "replace"), mark)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # Not its words: they may quote the mail.
        logger.warning("SpamAssassin gave no score: %s", type(error).__name__)
        return None


def _options(mark: str) -> list[str]:
    """Local tests alone, nothing learned or kept, and a report that is easy to read."""
    configuration = [
        "use_bayes 0",
        "report_safe 0",
        "clear_report_template",
        f"report {mark} _SCORE_ _REQD_",
        "report _SUMMARY_",
        f"report {mark}",
    ]
    return ["--local", "--test-mode", "--nocreate-prefs", *(f"--cf={c}" for c in configuration)]


def _read(answer: str, mark: str) -> Score:
    """Raises ValueError where the report is missing."""
    _mail, figures, *_rest = answer.split(mark)
    head, *lines = figures.splitlines()
    points, needed = map(float, head.split())
    rules: list[Rule] = []
    for line in lines:
        if found := RULE.match(line):
            rules.append(Rule(float(found[1]), found[2], found[3].strip()))
        elif rules and line.strip():
            # Long descriptions go on in the next line.
            last = rules.pop()
            rules.append(Rule(last.points, last.name, f"{last.description} {line.strip()}"))
    return Score(points, needed, tuple(sorted(rules, key=lambda rule: -rule.points)))


def advice(score: Score | None) -> list[Advice]:
    if score is None or score.points < WORTH_A_WARNING:
        return []
    heaviest = [rule for rule in score.rules[:NAMED] if rule.points > 0]
    sentence = _(
        "SpamAssassin gives the mail %(points)s points, and calls it spam from %(needed)s on; most"
        " count: %(rules)s."
    )
    rules = "; ".join(f"{rule.description} ({rule.points:.1f})" for rule in heaviest)
    values = {"points": f"{score.points:.1f}", "needed": f"{score.needed:.1f}", "rules": rules}
    return [Advice("mail", sentence % values)]
