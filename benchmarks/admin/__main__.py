"""`make bench-admin`: two sites on each database, every page of both, and what it says of them."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks import machine, site
from benchmarks.admin.figures import Cost, Figures, targets
from benchmarks.admin.report import document
from benchmarks.results import DATABASES

DOCUMENT = site.ROOT / "docs" / "admin-speed.md"
FEW, MANY = 10_000, 1_000_000
MAILS_PER_USER = 20
# The searches of others take seconds.
THEIR_ROUNDS = 3

Environment = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    # Ended politely, it drops its databases.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    begun = time.monotonic()
    databases = [d for d in DATABASES if d != "postgresql" or site.postgresql_version()]
    if len(databases) < len(DATABASES):
        _say("PostgreSQL does not answer: its figures will be missing.")
    figures: list[Figures] = []
    with ExitStack() as stack:
        made = {
            (database, rows): stack.enter_context(empty_site(database))
            for database in databases
            for rows in (FEW, given.rows)
        }
        _say("filling the databases, at the same time")
        with ThreadPoolExecutor() as pool:
            list(pool.map(fill, made, made.values()))
        for database in databases:
            figures += _measure(database, made, given.rows, given.rounds)
    written = document(figures, machine.description(), FEW, given.rows, given.rounds)
    if given.rows == MANY:
        DOCUMENT.write_text(written)
        _say(f"written: {DOCUMENT.name}")
    else:
        sys.stdout.write(written)
    for target in targets(figures):
        found = "; ".join(f"{database}: {value}" for database, value in target.found.items())
        _say(f"{target.what}: {target.aim}; {found}; met: {target.met}")
    _say(f"{(time.monotonic() - begun) / 60:.1f} minutes")


def _measure(
    database: str, made: dict[tuple[str, int], Environment], rows: int, rounds: int
) -> Iterator[Figures]:
    with answering(made[database, FEW]) as small, answering(made[database, rows]) as large:
        _say(f"{database}: asking for {len(large.pages)} pages")
        theirs: dict[str, Cost] = {}
        for beside, page in zip(small.pages, large.pages, strict=True):
            if page["theirs"] and page["theirs"] not in theirs:
                [theirs[page["theirs"]]] = _ask([(large, page["theirs"])], THEIR_ROUNDS)
            asked = [(small, beside["address"]), (large, page["address"])]
            few, many = _ask(asked, rounds)
            peer = theirs.get(page["theirs"])
            yield Figures(database, page["name"], few, many, peer, page["searches_through"])


@contextmanager
def empty_site(database: str) -> Iterator[Environment]:
    with site.folder_with_certificate() as folder, site.database(database, folder) as url:
        yield site.environment(folder, url)


def fill(which: tuple[str, int], environment: Environment) -> None:
    database, rows = which
    begun = time.monotonic()
    users = str(rows // MAILS_PER_USER)
    for words in (
        ["manage.py", "seedmail", "--rows", str(rows), "--users", users, "--yes"],
        ["-m", "benchmarks.admin.fill"],
    ):
        subprocess.run(  # noqa: S603
            [sys.executable, *words],
            env=environment,
            cwd=site.ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    _say(f"{database}, {rows:,} mails: {time.monotonic() - begun:.0f} s")


@contextmanager
def answering(environment: Environment) -> Iterator[_Site]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.admin.ask"],
        env=environment,
        cwd=site.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _Site(process)
        finally:
            process.kill()


class _Site:
    """A process that answers; see ask.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pages: list[dict[str, Any]] = self._read()

    def ask(self, path: str) -> dict[str, Any]:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(path + "\n")
        self._process.stdin.flush()
        return dict(self._read())

    def _read(self) -> Any:
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The site's process has ended; why stands above.")
        return json.loads(line)


def _ask(asked: Sequence[tuple[_Site, str]], rounds: int) -> list[Cost]:
    """In turns, so that a machine that slows down slows them all. The first time does not count."""
    answers: list[list[dict[str, Any]]] = [
        [each.ask(path) for each, path in asked] for _round in range(1 + rounds)
    ][1:]
    return [
        Cost([answer["ms"] for answer in found], len(found[-1]["queries"]))
        for found in zip(*answers, strict=True)
    ]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
