"""How fast is a queue drained? Mails a second, from the first MAIL until all are noted as sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from benchmarks.contenders import Contender, DjangoMailer, DjangoSmtp, Ours, PostOffice, Run
from benchmarks.letter import letters
from benchmarks.measuring import FAR, Effort, Measurement, say
from benchmarks.wires import Wire, Wires

# Its documented settings, turned up for two cores; the better of the two counts.
POST_OFFICE_BEST = PostOffice(threads=10, batch=1000, processes=2)
POST_OFFICE_FEWER_THREADS = PostOffice(threads=5, batch=1000, processes=2)


@dataclass(frozen=True)
class Case:
    """mails: enough for some seconds, or for some batches of whoever works in batches.

    once: no target hangs on it; the first round is enough.
    """

    contender: Contender
    wire: Wire
    mails: int
    once: bool = False


def cases(vendor: str) -> Iterator[Case]:
    """In turns, so that a machine that slows down slows them all."""
    for tls in (True, False):
        near, far = Wire(0, tls), Wire(FAR, tls)
        yield Case(Ours(), near, 3000)
        yield Case(POST_OFFICE_BEST, near, 4000)
        # As many connections as the other's best.
        yield Case(Ours(2, connections=10), near, 4000)
        yield Case(POST_OFFICE_FEWER_THREADS, near, 4000)
        yield Case(PostOffice(), near, 1000, once=True)
        yield Case(DjangoMailer(), near, 500, once=True)
        yield Case(DjangoSmtp(), near, 1000)
        yield Case(Ours(), far, 500, once=not tls)
        yield Case(PostOffice(), far, 200, once=not tls)
        yield Case(POST_OFFICE_BEST, far, 500, once=not tls)
        yield Case(DjangoMailer(), far, 10, once=True)
        yield Case(DjangoSmtp(), far, 20, once=not tls)
    yield from _more_of_ours(Wire(0, True), Wire(FAR, True))
    if vendor == "postgresql":
        yield Case(DjangoMailer(processes=4), Wire(0, True), 500, once=True)
        yield Case(Ours(10), Wire(0, True), 3000, once=True)
        yield Case(Ours(10), Wire(FAR, True), 3000, once=True)


def _more_of_ours(near: Wire, far: Wire) -> Iterator[Case]:
    """By connections and by workers."""
    for connections in (1, 4):
        yield Case(Ours(connections=connections), near, 1500, once=True)
        yield Case(Ours(connections=connections), far, 80 * connections, once=True)
    for workers in (2, 4):
        yield Case(Ours(workers), near, 2000, once=True)
    for workers in (2, 4):
        yield Case(Ours(workers), far, 400 * workers, once=True)


def drain(case: Case, mails: int, wires: Wires) -> dict[str, float]:
    case.contender.empty()
    wires.reset()
    drained_at = case.contender.drain(Run(letters(mails), case.wire, wires))
    figures = wires.figures()
    case.contender.empty()
    return {
        "rate": mails / (drained_at - figures.first_mail_at),
        "connections": figures.most_open_connections,
        "doubled": figures.doubled,
    }


def measure(effort: Effort, wires: Wires) -> Iterator[Measurement]:
    """rate: mails a second. connections: at one time. doubled: Message-IDs seen again."""
    planned = [
        case
        for case in cases(connection.vendor)
        if case.contender.available() and effort.selects(case.contender.name, case.wire)
    ]
    for number in range(effort.rounds):
        for case in planned:
            if number and case.once:
                continue
            mails = min(case.mails, effort.mails)
            values = drain(case, mails, wires)
            say(f"{case.wire}: {case.contender.name}: {values['rate']:.0f} mails/s")
            yield Measurement(case.contender.name, case.wire, mails, values)
