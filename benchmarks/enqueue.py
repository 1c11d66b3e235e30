"""How long does a request wait for its mail? Milliseconds, and SQL statements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.db import connection

from benchmarks.contenders import Contender, DjangoMailer, Ours, PostOffice
from benchmarks.contenders.django_smtp import open_backend
from benchmarks.letter import letters
from benchmarks.measuring import FAR, Effort, Measurement, median, p95, say
from benchmarks.wires import Wire, Wires

# In each round. A synchronous mail over a long wire takes a third of a second.
QUEUED, SYNCHRONOUS = 100, 6
QUEUES: tuple[Contender, ...] = (Ours(), PostOffice(), DjangoMailer())
WAITING = (Wire(0, False), Wire(FAR, False), Wire(FAR, True))
NO_WIRE = Wire(0, False)


def measure(effort: Effort, wires: Wires) -> Iterator[Measurement]:
    """p50, p95: milliseconds of one round. statements: without BEGIN and COMMIT."""
    queues = [queue for queue in QUEUES if queue.available()]
    for queue in queues:
        # What the first mail of a process costs is another question.
        queue.queue(letters(1))
    for _round in range(effort.rounds):
        for queue in queues:
            sample = letters(min(QUEUED, effort.mails))
            values = _timed(partial(_queue, queue), sample)
            values["statements"] = _statements(queue)
            queue.empty()
            yield _row(queue.name.partition(",")[0], NO_WIRE, sample, values)
        for wire in WAITING:
            sample = letters(min(SYNCHRONOUS, effort.mails))
            values = _timed(partial(_send_now, wires, wire), sample)
            yield _row("Django's SMTP backend, synchronous", wire, sample, values)


def _queue(queue: Contender, letter: EmailMessage) -> None:
    queue.queue([letter])


def _send_now(wires: Wires, wire: Wire, letter: EmailMessage) -> None:
    """As ``send_mail()`` does: a connection a mail."""
    open_backend(wires, wire).send_messages([letter])


def _timed(send: Callable[[EmailMessage], None], sample: list[Any]) -> dict[str, float]:
    took = []
    for letter in sample:
        begun = time.perf_counter()
        send(letter)
        took.append((time.perf_counter() - begun) * 1000)
    return {"p50": median(took), "p95": p95(took)}


def _statements(queue: Contender) -> int:
    counted = 0

    def count(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        nonlocal counted
        # Only SQLite's BEGIN comes by here; PostgreSQL's, and every COMMIT, doesn't.
        counted += not sql.startswith("BEGIN")
        return execute(sql, *args)

    with connection.execute_wrapper(count):
        queue.queue(letters(1))
    return counted


def _row(name: str, wire: Wire, sample: list[Any], values: dict[str, float]) -> Measurement:
    say(f"{wire}: {name}: {values['p50']:.2f} ms")
    return Measurement(name, wire, len(sample), values)
