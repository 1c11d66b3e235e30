"""What this project promises of itself, as ratios within one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measuring import FAR
from benchmarks.results import DATABASES, Chosen, Results, Value
from benchmarks.wires import Wire

OURS = "Mailcenter"
ONE_WORKER = "Mailcenter, 1 worker"
AT_ITS_BEST = "Mailcenter, 2 workers × 10 connections"
PEERS = ("django-post_office", "django-mailer")
SYNCHRONOUS = "Django's SMTP backend, synchronous"


@dataclass(frozen=True)
class Target:
    """found: by database, what a table says; met: None where nothing was measured."""

    what: str
    aim: str
    found: dict[str, str]
    met: bool | None


def targets(results: Results) -> Iterator[Target]:
    yield _idle(results)
    yield _request(results)
    for tls in (False, True):
        yield _drain(results, Wire(0, tls), ONE_WORKER)
        yield _drain(results, Wire(0, tls), AT_ITS_BEST)
    for tls in (False, True):
        yield _per_connection(results, Wire(FAR, tls))
        yield _per_process(results, Wire(FAR, tls))
    yield _doubled(results)


def _idle(results: Results) -> Target:
    found, worst = {}, []
    for database in DATABASES:
        said = []
        for wire in (Wire(0, True), Wire(FAR, True)):
            ours = results.value("latency", database, OURS, wire, "p50")
            bare = results.value("latency", database, "bare conversation", wire, "p50")
            if ours is not None and bare is not None:
                worst.append(ours - bare)
                said.append(f"{ours - bare:.0f} ms over {wire.round_trip} ms")
        found[database] = ", ".join(said)
    what = "idle site: from the commit to the server's 250, above the bare conversation (p50)"
    return Target(what, "at most 100 ms", found, max(worst) <= 100 if worst else None)


def _request(results: Results) -> Target:
    found, shares = {}, []
    for database in DATABASES:
        ours = results.value("enqueue", database, OURS, Wire(0, False), "p50")
        waiting = results.value("enqueue", database, SYNCHRONOUS, Wire(FAR, True), "p50")
        if ours is not None and waiting:
            shares.append(ours / waiting)
            found[database] = f"{ours / waiting:.2%} ({ours:.2f} of {waiting:.0f} ms)"
    what = f"what a request waits, of a synchronous send over TLS at {FAR} ms (p50)"
    return Target(what, "at most 1 %", found, max(shares) <= 0.01 if shares else None)


def _drain(results: Results, wire: Wire, ours: str) -> Target:
    what = f"drain over {wire}: {ours} ÷ the fastest peer at its best settings"
    return _ratio(results, wire, ours, what, 2, _any_peer, _rate)


def _per_connection(results: Results, wire: Wire) -> Target:
    what = f"mails per connection and second over {wire} ÷ any peer's"
    return _ratio(results, wire, ONE_WORKER, what, 2, _any_peer, _rate_per_connection)


def _per_process(results: Results, wire: Wire) -> Target:
    what = f"drain over {wire}: {ONE_WORKER} ÷ the fastest peer's default"
    return _ratio(results, wire, ONE_WORKER, what, 3, PEERS.__contains__, _rate)


def _ratio(
    results: Results, wire: Wire, ours: str, what: str, aim: int, peers: Chosen, value: Value
) -> Target:
    found, ratios = {}, []
    for database in DATABASES:
        mine = results.best("drain", database, wire, ours.__eq__, value)
        theirs = results.best("drain", database, wire, peers, value)
        if mine and theirs:
            ratios.append(mine[0] / theirs[0])
            found[database] = (
                f"{ratios[-1]:.1f} × ({_figure(mine[0])} to {_figure(theirs[0])}, {theirs[1]})"
            )
    return Target(what, f"at least {aim} ×", found, min(ratios) >= aim if ratios else None)


def _doubled(results: Results) -> Target:
    found, arrived_twice = {}, []
    for database in DATABASES:
        doubled, mails = results.doubled(database, OURS)
        if mails:
            arrived_twice.append(doubled)
            found[database] = f"{doubled:.0f} of {mails:,}"
    what = "mails that arrived twice, over all drains (on PostgreSQL by up to 10 workers)"
    return Target(what, "0", found, not any(arrived_twice) if arrived_twice else None)


def _any_peer(name: str) -> bool:
    return not name.startswith(OURS)


def _rate(values: dict[str, float]) -> float:
    return values["rate"]


def _rate_per_connection(values: dict[str, float]) -> float:
    return values["rate"] / values["connections"]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 50 else f"{value:.1f}"
