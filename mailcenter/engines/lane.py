"""The sessions of one account in one worker, and the mail that is leased for them."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterable

from mailcenter import conf, delivery
from mailcenter.delivery import Job
from mailcenter.engines.keeper import Keeper, Result
from mailcenter.engines.session import Session
from mailcenter.exceptions import TransportError

# Leased ahead of the sessions: as little as keeps them busy, so that what is urgent overtakes.
MOST_AHEAD = 200
MOMENT_SECONDS = 0.25
# So long (seconds) does mail wait for a busy connection, which may hang, before another is opened.
STUCK_SECONDS = 0.25


class Lane:
    """Used by the worker's thread and by the sessions' own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._lock = threading.Lock()
        self._waiting: list[tuple[tuple[object, ...], int, Job]] = []
        self._returned: list[Job] = []
        self._sessions: list[Session] = []
        # The last one to become idle is the first to be used again: its connection is warm.
        self._idle: list[Session] = []
        self._added_at = self._popped_at = 0.0
        self._ahead = self._least
        # Whether the account has accepted a mail since it was last in trouble. Until then one
        # connection finds out: five refused log-ins look like an attack.
        self._proven = False
        # Jobs whose trouble is the account's, until that is on record.
        self._halting: set[Job] = set()

    # For the worker

    @property
    def room(self) -> int:
        """How many jobs to lease now."""
        with self._lock:
            waiting = len(self._waiting)
            return 0 if self._halting or waiting > self._ahead // 2 else self._ahead - waiting

    def add(self, jobs: Iterable[Job]) -> None:
        """Send them, in order of urgency."""
        with self._lock:
            self._adapt()
            for job in jobs:
                heapq.heappush(self._waiting, (job.urgency, id(job), job))
            while self._waiting and self._idle:
                self._idle.pop().give(self._pop())
            self._open_what_is_worth_it()

    @property
    def busy(self) -> int:
        """How many of its connections have mail on the wire."""
        return len(self._sessions) - len(self._idle)

    @property
    def stuck(self) -> bool:
        """Whether mail waits for busy connections, and there may be another one."""
        with self._lock:
            return bool(self._waiting) and self._may_open

    def unstick(self) -> None:
        """One connection more where those that are open have taken nothing for a while."""
        with self._lock:
            late = time.monotonic() - self._popped_at >= STUCK_SECONDS
            if self._waiting and self._may_open and late:
                self._open()

    def on_record(self, jobs: Iterable[Job]) -> None:
        """These have been closed: where they paused the account, its row says so now."""
        with self._lock:
            self._halting.difference_update(jobs)

    def take_back(self, *, everything: bool = False) -> list[Job]:
        """Leased jobs that this account is not to send now."""
        with self._lock:
            if everything:
                self._return_waiting()
            jobs, self._returned = self._returned, []
        return jobs

    def end(self) -> None:
        """Once nothing is in hand: close every connection."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._idle = []
        for session in sessions:
            session.give(None)
        for session in sessions:
            session.join()

    # For the sessions

    def next_job(self) -> Job | None:
        with self._lock:
            return self._pop() if self._waiting else None

    def becomes_idle(self, session: Session) -> None:
        with self._lock:
            if self._waiting:
                session.give(self._pop())
            else:
                self._idle.append(session)

    def ended(self, job: Job, result: Result) -> None:
        with self._lock:
            if isinstance(result, TransportError) and delivery.pauses_account(job, result):
                self._halting.add(job)
                self._proven = False
                self._return_waiting()
            elif result is not None:
                self._proven = True
                self._open_what_is_worth_it()

    # With the lock held

    @property
    def _least(self) -> int:
        return 2 * int(conf.get("CONNECTIONS"))

    @property
    def _may_open(self) -> bool:
        return len(self._sessions) < (conf.get("CONNECTIONS") if self._proven else 1)

    def _adapt(self) -> None:
        """So much is leased ahead as leaves in a moment: urgent mail waits no longer than that."""
        now = time.monotonic()
        if now - self._added_at < MOMENT_SECONDS:
            self._ahead = min(MOST_AHEAD, 2 * self._ahead)
        elif now - self._added_at > 4 * MOMENT_SECONDS:
            self._ahead = max(self._least, self._ahead // 2)
        self._added_at = now

    def _open_what_is_worth_it(self) -> None:
        # Each log-in costs the provider's patience: not for what the others will soon take.
        while len(self._waiting) > len(self._sessions) and self._may_open:
            self._open()

    def _open(self) -> None:
        session = Session(self._keeper, self)
        self._sessions.append(session)
        session.start(self._pop())

    def _pop(self) -> Job:
        self._popped_at = time.monotonic()
        return heapq.heappop(self._waiting)[2]

    def _return_waiting(self) -> None:
        self._returned += [job for _urgency, _number, job in self._waiting]
        self._waiting = []
