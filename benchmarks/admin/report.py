"""From figures to a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.admin.figures import Figures, targets
from benchmarks.report import LABELS, MET, NOT_MEASURED, table

HEAD = """\
# The admin with a million mails, measured

`make bench-admin` writes this page. Figures move from machine to machine; ratios within one run \
do so much less.

- Milliseconds of server time: from the request to the last byte of the page, through WSGI and \
all middleware, as a superuser. The median of {rounds} requests after the first one counts; those \
to the smaller and to the larger site take turns. How much longer the larger one takes is the \
median over the pairs of requests that follow each other.
- {few:,} and {many:,} mails with one and a half attempts each, from `manage.py seedmail`: 180 \
days of kinds, outcomes, replies and domains in their shares. The same mails and attempts stand in \
django-post_office's tables beside them, with bodies of one line.
- "common", "rare" and "none" tell how many rows a filter leaves.

"""
PAGES_NOTE = """\
ms with {few:,} and with {many:,} mails, how much longer that is, and queries.

"""
PEER_NOTE = """\
ms with {many:,} mails, Mailcenter / django-post_office, and how much faster that is. Its search \
looks through recipients and subjects; it has none for Message-IDs, and finds nothing there. \
Three searches are here and not among the targets: what they look for stands in so many of the \
newest mails that either side has a whole page at once, and what remains is to draw it.

"""
HOW_AGAIN = """\
## How to run it again

    make bench-admin                # a million mails; about ten minutes
    make bench-admin ROWS=50000     # a trial: prints, and leaves this page as it is

It needs the virtual environment of `make bench` and ten gigabytes of disk, and uses the \
PostgreSQL that `TEST_POSTGRESQL_URL` names, else the one at port 5432. Let nothing else run \
beside it.
"""


def document(
    figures: Sequence[Figures], machine: dict[str, str], few: int, many: int, rounds: int
) -> str:
    sizes = {"few": few, "many": many}
    return (
        HEAD.format(**sizes, rounds=rounds)
        + table(("machine", ""), machine.items())
        + "\n## Targets\n\n"
        + _targets(figures)
        + "\n## Pages\n\n"
        + PAGES_NOTE.format(**sizes)
        + _pages(figures)
        + "\n## Beside django-post_office\n\n"
        + PEER_NOTE.format(**sizes)
        + _beside(figures)
        + "\n"
        + HOW_AGAIN
    )


def _targets(figures: Sequence[Figures]) -> str:
    return table(
        ("what", "aim", *LABELS.values(), "met"),
        (
            (t.what, t.aim, *(t.found.get(d, NOT_MEASURED) for d in LABELS), MET[t.met])
            for t in targets(figures)
        ),
    )


def _pages(figures: Sequence[Figures]) -> str:
    return _by_page(
        figures,
        lambda found: (
            f"{found.few.ms:.0f} → {found.many.ms:.0f} ({found.growth:.2f} ×), {found.many.queries}"
        ),
    )


def _beside(figures: Sequence[Figures]) -> str:
    return _by_page(
        [each for each in figures if each.theirs],
        lambda found: (
            f"{found.many.ms:.0f} / {found.theirs.ms:,.0f} ({1 / found.share_of_theirs:.1f} ×)"
        ),
    )


def _by_page(figures: Sequence[Figures], cell: Callable[[Figures], str]) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for page in dict.fromkeys(each.page for each in figures):
            found = {each.database: cell(each) for each in figures if each.page == page}
            yield page, *(found.get(database, NOT_MEASURED) for database in LABELS)

    return table(("", *LABELS.values()), rows())
