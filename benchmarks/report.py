"""From measurements to a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.measuring import FAR
from benchmarks.results import DATABASES, Results
from benchmarks.targets import SYNCHRONOUS, targets
from benchmarks.wires import Wire

WIRES = tuple(Wire(round_trip, tls) for round_trip in (0, FAR) for tls in (False, True))
LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
NOT_MEASURED = "–"
MET = {True: "yes", False: "**no**", None: "not measured"}

HEAD = """\
# What sending costs, measured

`make bench` writes this page. Figures move from machine to machine; ratios within one run do so \
much less.

- All queues share one database with the settings of this project (SQLite: WAL with \
`synchronous=FULL`), take turns within each round, and send the same mail: a password reset in \
Chinese, text and HTML, 4 KB. The median of the rounds counts; there were {rounds}.
- The server is a sink on loopback that only counts. {far} ms of round trip come from a process \
in between.
- "Plain" rows go without TLS and AUTH. Mailcenter does so in these measurements alone \
(`benchmarks/plain_transport.py`).

"""
REQUEST_NOTE = """\
Milliseconds (p50 / p95) of one mail queued in a transaction of its own, COMMIT included. \
Statements are counted without BEGIN and COMMIT; on PostgreSQL one of Mailcenter's is the NOTIFY.

"""
IDLE_NOTE = """\
Milliseconds (p50 / p95) until the server answers the final dot, over TLS with a log-in. The bare \
conversation is our transport alone. Mailcenter begins at the commit, and its connection has gone \
stale, as after minutes without mail.

"""
DRAIN_NOTE = """\
Mails a second, from the first MAIL until the queue has noted all mails as sent; in brackets, \
connections at one time and mails per connection and second.

- Mailcenter's workers are waiting when the mails are committed, all in one transaction. The other \
queues are filled first and drained by their commands, whose start is not counted.
- Whoever writes down only after a batch what became of its mails has sent them all before it says \
so: there, the clock runs until it has.
- Each of Mailcenter's mails has its Attempt on record before its body goes out. A run whose log \
disagrees with the sink fails.

"""
CEILING_NOTE = """\
Postfix's `smtp-source` with ten sessions, four round trips a mail, no TLS. Rows that come near \
these figures tell of the sink, not of the sender.

"""
HOW_AGAIN = """\
## How to run it again

    make bench              # three rounds
    make bench ROUNDS=1     # shorter

It makes a virtual environment of its own, `.venv-bench`, that holds the other packages too, and \
uses the PostgreSQL that `TEST_POSTGRESQL_URL` names, else the one at port 5432. Let nothing else \
run beside it.
"""


def document(
    results: Results, machine: dict[str, str], ceiling: dict[str, float], rounds: int
) -> str:
    return (
        HEAD.format(far=FAR, rounds=rounds)
        + table(("machine", ""), machine.items())
        + "\n## Targets\n\n"
        + _targets(results)
        + "\n## What a request waits\n\n"
        + REQUEST_NOTE
        + _requests(results)
        + "\n## From the commit to the server's 250, on an idle site\n\n"
        + IDLE_NOTE
        + _idle(results)
        + "\n## Draining a queue\n\n"
        + DRAIN_NOTE
        + "\n".join(_drains(results))
        + "\n## The sink\n\n"
        + CEILING_NOTE
        + table(("server", "mails/s"), ((k, f"{v:,.0f}") for k, v in ceiling.items()))
        + "\n"
        + HOW_AGAIN
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _targets(results: Results) -> str:
    return table(
        ("what", "aim", *LABELS.values(), "met"),
        (
            (
                target.what,
                target.aim,
                *(target.found.get(database) or NOT_MEASURED for database in DATABASES),
                MET[target.met],
            )
            for target in targets(results)
        ),
    )


def _requests(results: Results) -> str:
    def rows() -> Iterator[Sequence[str]]:
        for name in results.contenders("enqueue"):
            for wire in WIRES if name == SYNCHRONOUS else WIRES[:1]:
                cells = [_percentiles(results, "enqueue", d, name, wire) for d in DATABASES]
                if any(cell != NOT_MEASURED for cell in cells):
                    label = f"{name}, {wire}" if name == SYNCHRONOUS else name
                    yield label, *cells, _statements(results, name, wire)

    return table(("", *LABELS.values(), "statements"), rows())


def _statements(results: Results, name: str, wire: Wire) -> str:
    counts = (results.value("enqueue", d, name, wire, "statements") for d in DATABASES)
    return " / ".join(f"{count:.0f}" for count in counts if count is not None) or "0"


def _idle(results: Results) -> str:
    return table(
        ("", *LABELS.values()),
        (
            (f"{name}, {wire}", *(_percentiles(results, "latency", d, name, wire) for d in LABELS))
            for wire in WIRES
            for name in results.contenders("latency", wire)
        ),
    )


def _percentiles(results: Results, question: str, database: str, name: str, wire: Wire) -> str:
    values = [results.value(question, database, name, wire, p) for p in ("p50", "p95")]
    return " / ".join(f"{value:.2f}" for value in values if value is not None) or NOT_MEASURED


def _drains(results: Results) -> Iterator[str]:
    for wire in WIRES:
        names = sorted(results.contenders("drain", wire), key=lambda n: n.partition(",")[0])
        if names:
            yield f"### {wire}\n\n" + table(
                ("", *LABELS.values()),
                ((name, *(_rate(results, d, name, wire) for d in DATABASES)) for name in names),
            )


def _rate(results: Results, database: str, name: str, wire: Wire) -> str:
    rate = results.value("drain", database, name, wire, "rate")
    connections = results.value("drain", database, name, wire, "connections")
    if rate is None or not connections:
        return NOT_MEASURED
    return f"{_figure(rate)} ({connections:.0f}, {_figure(rate / connections)})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 50 else f"{value:.1f}"
