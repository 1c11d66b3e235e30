"""What the pages took, and what of it the targets ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measuring import median
from benchmarks.results import DATABASES
from benchmarks.targets import Target

MOST_MS = 100
MOST_QUERIES = 12
MOST_GROWTH = 4 / 3
MOST_OF_THEIRS = 1 / 10


@dataclass(frozen=True)
class Cost:
    """Of one page. all_ms: of each of its requests."""

    all_ms: Sequence[float]
    queries: int

    @property
    def ms(self) -> float:
        return median(self.all_ms)


@dataclass(frozen=True)
class Figures:
    """Of one page on one database. few, many: with the smaller and the larger number of rows.

    theirs: django-post_office's with the larger one; None where it has no such page.
    """

    database: str
    page: str
    few: Cost
    many: Cost
    theirs: Cost | None
    searches_through: bool

    @property
    def growth(self) -> float:
        """The median over the pairs of requests that were made one right after the other.

        A machine that is busy for a while slows both.
        """
        pairs = zip(self.many.all_ms, self.few.all_ms, strict=True)
        return median([many / few for many, few in pairs])

    @property
    def share_of_theirs(self) -> float:
        """0 where they have no such page."""
        return self.many.ms / self.theirs.ms if self.theirs else 0


def targets(figures: Sequence[Figures]) -> Iterator[Target]:
    searches = [each for each in figures if each.searches_through and each.theirs]
    yield _at_most(figures, "server time of a page", MOST_MS, "{:.0f} ms", lambda f: f.many.ms)
    yield _at_most(figures, "queries of a page", MOST_QUERIES, "{:.0f}", lambda f: f.many.queries)
    yield _at_most(
        figures,
        "time of a page ÷ its time with few mails",
        MOST_GROWTH,
        "{:.2f}",
        lambda f: f.growth,
    )
    yield _at_most(
        searches,
        "time of a search for a recipient, a Message-ID or nothing ÷ django-post_office's",
        MOST_OF_THEIRS,
        "{:.2f}",
        lambda f: f.share_of_theirs,
    )


def _at_most(
    figures: Sequence[Figures],
    what: str,
    limit: float,
    words: str,
    value: Callable[[Figures], float],
) -> Target:
    """By the worst page of each database, which is named, with how many others miss it."""
    found, worst = {}, []
    for database in DATABASES:
        here = sorted((f for f in figures if f.database == database), key=value, reverse=True)
        if here:
            worst.append(value(here[0]))
            found[database] = f"{words.format(value(here[0]))} ({here[0].page})"
            if missing := sum(value(each) > limit for each in here[1:]):
                found[database] += f" and {missing} more"
    met = max(worst) <= limit if worst else None
    return Target(what, f"at most {words.format(limit)}", found, met)
