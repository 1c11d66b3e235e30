"""`make bench`: ask every question on every database, print the ratios, write the document."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict

from benchmarks import machine, site
from benchmarks.ask import QUESTIONS
from benchmarks.ceiling import ceiling
from benchmarks.report import document
from benchmarks.results import DATABASES, Results, Row
from benchmarks.targets import targets

DOCUMENT = site.ROOT / "docs" / "benchmarks.md"
NO_LIMIT = 1_000_000
FIGURES = site.ROOT / "var" / "benchmarks.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    # Ended politely, it drops its databases.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    begun = time.monotonic()
    results = Results()
    for database in DATABASES:
        if database == "postgresql" and not site.postgresql_version():
            _say("PostgreSQL does not answer: its figures will be missing.")
        else:
            results.rows += _ask_all(database, rounds)
    _say("the sink")
    limits = ceiling()
    FIGURES.write_text(json.dumps([asdict(row) for row in results.rows], indent=1))
    DOCUMENT.write_text(document(results, machine.description(), limits, rounds))
    for target in targets(results):
        found = "; ".join(f"{database}: {value}" for database, value in target.found.items())
        _say(f"{target.what}: {target.aim}; {found}; met: {target.met}")
    _say(f"{(time.monotonic() - begun) / 60:.1f} minutes; written: {DOCUMENT.name}, {FIGURES.name}")


def _ask_all(database: str, rounds: int) -> list[Row]:
    with site.folder_with_certificate() as folder, site.database(database, folder) as url:
        environment = site.environment(folder, url)
        try:
            return [
                Row.from_line(question, database, line)
                for question in QUESTIONS
                for line in _ask(question, database, environment, rounds)
            ]
        except subprocess.CalledProcessError:
            log = folder / "log"
            if log.exists():
                sys.stderr.write(log.read_text()[-4000:])
            raise


def _ask(question: str, database: str, environment: dict[str, str], rounds: int) -> list[str]:
    _say(f"{question}, {database}")
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.ask", question, str(rounds), str(NO_LIMIT)],
        env=environment,
        cwd=site.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
