"""How long after the commit has the server accepted a mail, on a site with nothing else to do?

Beside it the bare conversation: our transport alone, which connects, logs in and sends. Both
end when the server answers the final dot. The worker's kept connection has gone stale before
each mail, as on a site that sends one every few minutes.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator

from django.db import transaction

from benchmarks import site
from benchmarks.contenders import Ours, Run
from benchmarks.contenders.ours import await_line, stop
from benchmarks.letter import letters
from benchmarks.measuring import FAR, Effort, Measurement, median, p95, say
from benchmarks.wires import Wire, Wires
from mailcenter.freezing import freeze
from mailcenter.replies import Stage
from mailcenter.transports import Envelope, environment_account, open_transport

# In each round, over each wire.
MAILS = 6
FRESH_SECONDS = 0.1
# Long enough for the connection to go stale, and not in step with any poll.
PAUSE_SECONDS = (0.3, 0.5)
PATIENCE = 20


def measure(effort: Effort, wires: Wires) -> Iterator[Measurement]:
    """p50, p95: milliseconds of one round."""
    ours = Ours()
    for _round in range(effort.rounds):
        for wire in (Wire(0, True), Wire(FAR, True)):
            if not effort.selects("Mailcenter", wire):
                continue
            run = Run(letters(min(MAILS, effort.mails)), wire, wires)
            worker = run.start("mailworker", BENCH_SMTP_FRESH_SECONDS=str(FRESH_SECONDS))
            try:
                await_line(worker)
                _warm_up(ours, wires)
                bare, site_took = [], []
                for letter in run.letters:
                    bare.append(_bare(wires, wire))
                    time.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311
                    site_took.append(_queued(ours, letter, wires))
                    time.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311
            finally:
                stop([worker])
            ours.empty()
            for name, took in (("bare conversation", bare), ("Mailcenter", site_took)):
                values = {"p50": median(took), "p95": p95(took)}
                say(f"{wire}: {name}: {values['p50']:.1f} ms")
                yield Measurement(name, wire, len(took), values)


def _warm_up(ours: Ours, wires: Wires) -> None:
    wires.reset()
    ours.queue(letters(1))
    wires.wait_for(1, PATIENCE)
    time.sleep(PAUSE_SECONDS[1])


def _queued(ours: Ours, letter: object, wires: Wires) -> float:
    wires.reset()
    with transaction.atomic():
        committed: list[float] = []
        # Before the outbox's own hook: the ring is part of what is measured.
        transaction.on_commit(lambda: committed.append(time.monotonic()))
        ours.queue([letter])  # type: ignore[list-item]
    accepted = wires.wait_for(1, PATIENCE).last_accepted_at
    return (accepted - committed[0]) * 1000


def _bare(wires: Wires, wire: Wire) -> float:
    account = dataclasses.replace(environment_account(), port=wires.ports[wire])
    mail = freeze(letters(1)[0], account)
    assert mail  # noqa: S101
    wires.reset()
    transport = open_transport(account)
    begun = time.monotonic()
    transport.send(Envelope(site.ADDRESS, tuple(mail.recipients)), mail.raw, _no_record)
    took = wires.wait_for(1, PATIENCE).last_accepted_at - begun
    transport.close()
    return took * 1000


def _no_record(stage: Stage) -> None:
    """The bare conversation writes nothing down."""
