"""Kill workers while mail flows, let the rest drain, and judge."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from tests.chaos.configuration import Configuration
from tests.chaos.counting_server import Moment
from tests.chaos.crew import Trap, Worker
from tests.chaos.judging import Judgement, judge
from tests.chaos.servers import Door, servers
from tests.chaos.site import ChaosSite, Feeder
from tests.site_process import database

# Mails for each kill; more of them pass by unharmed while the next worker starts.
BATCH = 12
# The trap lets up to so many mails pass, so that kills fall anywhere in a batch.
PASSING = 8
# A moment that no worker reaches (nobody logs in while all connections are open) is given up.
TRAP_SECONDS = 30.0
# Longer than the site looks for a mail in the Sent folder.
DRAIN_SECONDS = 120.0
LOOK_SECONDS = 0.1


@dataclass
class Result:
    kills: Counter[Moment] = field(default_factory=Counter)
    mails: int = 0
    seconds: float = 0
    judgement: Judgement = field(default_factory=Judgement)


class Run:
    """One configuration, once.

    folder: an empty one of its own. workers: so many at a time. moments: for the kills, over and
    over; empty: all. settings: more lines of the site's settings module. on_kill: called after
    each kill with its number.
    """

    def __init__(
        self,
        configuration: Configuration,
        folder: Path,
        *,
        workers: int = 3,
        moments: Sequence[Moment] = (),
        settings: str = "",
        on_kill: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.configuration = configuration
        self.folder = folder
        self.workers = workers
        self.moments = moments
        self.settings = settings
        self.on_kill = on_kill
        self.trap = Trap()
        self.result = Result()
        self.crew: list[Worker] = []
        self.beside: list[Worker] = []
        self._doors: list[Door] = []
        # Mails whose body a worker had been asked for, and no result written, when it was killed.
        self._cut: set[str] = set()

    def run(self, kills: int, seconds: float) -> Result:
        """kills: at most; none begins later than ``seconds`` after the start."""
        started = time.monotonic()
        with ExitStack() as stack:
            url = stack.enter_context(database(self.configuration.database, self.folder))
            engine, settings = stack.enter_context(self.configuration.engine(self.folder))
            self.servers = stack.enter_context(servers(self.configuration.server))
            # Whoever doesn't send needs no door.
            environment = {**self.servers.environment(465), **engine}
            self.site = ChaosSite(self.folder, environment, url, settings + self.settings)
            feeder = stack.enter_context(self.site.feeder(self.folder / "feeder.log"))
            stack.callback(self._end)
            for command in self.configuration.beside:
                self.beside.append(self._start(command))
            for moment in islice(cycle(self.moments or self.servers.moments), kills):
                if time.monotonic() > started + seconds:
                    break
                self._kill_at(moment, feeder)
            self._drain()
            self._end()
            mails = self.site.mails()
            arrivals = self.servers.arrivals(mails)
        self.result.mails = len(mails)
        self.result.judgement = judge(
            mails, arrivals, self._cut, queued=feeder.queued, looks=self.servers.looks
        )
        self.result.seconds = time.monotonic() - started
        return self.result

    def _kill_at(self, moment: Moment, feeder: Feeder) -> None:
        self._fill_up()
        if moment is not Moment.ANY:
            # A log-in comes once a connection, all else once a mail.
            passing = 0 if moment is Moment.AUTH else random.randrange(PASSING)  # noqa: S311
            self.trap.set(moment, passing)
        feeder.feed(BATCH)
        if moment is Moment.ANY:
            threading.Event().wait(random.uniform(0, LOOK_SECONDS))  # noqa: S311
        elif not self._sprung():
            moment = Moment.ANY
        if moment is Moment.ANY:
            random.choice(self.crew).kill()  # noqa: S311
        self._note_cut()
        self.result.kills[moment] += 1
        self.on_kill(self.result.kills.total())

    def _sprung(self) -> bool:
        end = time.monotonic() + TRAP_SECONDS
        while not self.trap.sprung.wait(LOOK_SECONDS) and time.monotonic() < end:
            self._check()
        return self.trap.disarm()

    def _note_cut(self) -> None:
        """What the dead leave behind, before anybody can have judged it."""
        unsettled = self.site.unsettled()
        for worker in [worker for worker in self.crew if worker.dead]:
            self._cut |= worker.begun & unsettled
            self.crew.remove(worker)

    def _fill_up(self) -> None:
        self._check()
        while len(self.crew) < self.workers:
            self.crew.append(self._start(self.configuration.worker))

    def _start(self, command: Sequence[str]) -> Worker:
        log = self.folder / "workers.log"
        worker = Worker(self.servers, command, self.site.environment, log, self.trap)
        self._doors.append(worker.door)
        return worker

    def _check(self) -> None:
        for worker in (*self.crew, *self.beside):
            worker.check()

    def _drain(self) -> None:
        """Until nothing is on its way, as far as time allows."""
        self._fill_up()
        end = time.monotonic() + DRAIN_SECONDS
        while self.site.busy() and time.monotonic() < end:
            self._check()
            threading.Event().wait(LOOK_SECONDS)

    def _end(self) -> None:
        for worker in (*self.crew, *self.beside):
            worker.kill()
        # They may still be reading what the killed had said.
        while self._doors:
            self._doors.pop().close()
