"""Commits the steps of all sessions, as many as are waiting in one transaction.

A commit that survives power loss costs the disk a rotation or a flash page whatever it holds:
shared, the promise "on record before it goes out" costs little.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from mailcenter import delivery
from mailcenter.delivery import Job
from mailcenter.engines.inbox import Inbox
from mailcenter.exceptions import TransportError
from mailcenter.models import Attempt
from mailcenter.transports import Receipt

logger = logging.getLogger(__name__)

# How long to leave a database alone that does not answer (seconds).
DATABASE_PAUSE_SECONDS = 1.0
NOTE_SECONDS = 1.0
# None: the lease was lost, or nothing was begun; there is nothing to write.
Result = Receipt | TransportError | None


@dataclass(eq=False)
class Step:
    """What a session waits for: a body that begins, and an attempt to be opened.

    done: gets whether each of the two is on record now; None where the database is away.
    """

    body: Job | None
    begin: Job | None
    done: SimpleQueue[tuple[bool | None, bool]] = field(default_factory=SimpleQueue)


class Keeper:
    """Sessions call ``begin``, ``body`` and ``close``; one thread calls ``commit``.

    counts: how each attempt ended, by outcome.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.counts: Counter[str] = Counter()
        self._stop = stop
        self._inbox: Inbox[Step | tuple[Job, Result]] = Inbox()
        self._unwritten: list[tuple[Job, Result]] = []
        # Accepted since their accounts' rows last said so.
        self._to_note: set[Job] = set()
        self._recovered = False
        self._noted_at = 0.0

    # For sessions

    def begin(self, job: Job) -> bool:
        """Open its attempt; False where the lease is gone, or the database."""
        return self._ask(Step(None, job))[1]

    def body(self, job: Job, following: Job | None) -> tuple[bool | None, bool]:
        """Whether the body of ``job`` may leave now; whether ``following`` was begun.

        None: that could not be written; False: the lease is gone.
        """
        return self._ask(Step(job, following))

    def close(self, job: Job, result: Result) -> None:
        """Returns at once; it is on record before the session's next step is."""
        self._inbox.put((job, result))

    def wake(self) -> None:
        self._inbox.wake()

    def _ask(self, step: Step) -> tuple[bool | None, bool]:
        self._inbox.put(step, urgent=True)
        return step.done.get()

    # For the worker's own thread

    def commit(self, seconds: float, sessions: int = 1) -> list[Job]:
        """Wait for steps, at most ``seconds`` or until woken; returns the jobs that are closed.

        sessions: how many are busy, and may have a step to share the commit with.
        """
        steps, results = self._waiting(seconds, sessions)
        if not steps and not results:
            self._note(idle=True)
            return []
        try:
            plain = self._write(steps, results)
        except (OperationalError, InterfaceError):
            logger.exception("The database does not answer; nothing is sent until it does.")
            self._refuse(steps)
            self._unwritten = results
            connection.close()
            self._stop.wait(DATABASE_PAUSE_SECONDS)
            return []
        except Exception:
            logger.exception("A step could not be written; each is tried on its own.")
            plain = set()
            for step in steps:
                self._alone(step)
        closed = [job for job, result in results if job in plain or self._close(job, result)]
        if self._unwritten:
            self._stop.wait(DATABASE_PAUSE_SECONDS)
        self._note()
        return closed

    @property
    def unwritten(self) -> int:
        """Results that the database has not taken yet."""
        return len(self._unwritten)

    def _waiting(
        self, seconds: float, sessions: int
    ) -> tuple[list[Step], list[tuple[Job, Result]]]:
        results, self._unwritten = self._unwritten, []
        found = self._inbox.take(0 if results else seconds, sessions)
        steps = [each for each in found if isinstance(each, Step)]
        results += [each for each in found if not isinstance(each, Step)]
        return steps, results

    def _write(self, steps: list[Step], results: list[tuple[Job, Result]]) -> set[Job]:
        """One transaction; returns the jobs that it closed."""
        accepted = [(job, result) for job, result in results if isinstance(result, Receipt)]
        bodies = [step.body for step in steps if step.body]
        begins = [step.begin for step in steps if step.begin]
        if not (accepted or bodies or begins):
            return set()
        written = delivery.write(accepted, bodies, begins)
        for step in steps:
            step.done.put((step.body in written.held, step.begin in written.begun))
        if written.closed:
            self._count(Attempt.Outcome.ACCEPTED, written.closed)
        return written.closed

    def _alone(self, step: Step) -> None:
        try:
            self._write([step], [])
        except Exception:
            logger.exception("This step could not be written, so its mail waits.")
            self._refuse([step])

    def _refuse(self, steps: Iterable[Step]) -> None:
        for step in steps:
            step.done.put((None, False))

    def _close(self, job: Job, result: Result) -> bool:
        """Whether the job is out of our hands."""
        if result is None:
            self.counts[Attempt.Outcome.INTERRUPTED] += bool(job.attempt_key)
            return True
        try:
            if isinstance(result, Receipt):
                outcome = delivery.close_accepted(job, result)
            else:
                outcome = delivery.close_failed(job, result)
        except (OperationalError, InterfaceError):
            # The server's word is known: it is written as soon as the database answers again.
            logger.exception("A result can't be written yet; trying again.")
            self._unwritten.append((job, result))
            connection.close()
            return False
        except Exception:
            logger.exception("A result can't be written; the sweep will judge what is left.")
            return True
        self._count(outcome, [job])
        return True

    def _count(self, outcome: Attempt.Outcome, jobs: Collection[Job]) -> None:
        self.counts[outcome] += len(jobs)
        if outcome == Attempt.Outcome.ACCEPTED:
            self._to_note.update(jobs)
            self._recovered |= any(job.probe for job in jobs)

    def _note(self, *, idle: bool = False) -> None:
        """Not with each commit: all workers write the same few rows."""
        due = idle or self._recovered or time.monotonic() - self._noted_at >= NOTE_SECONDS
        if not self._to_note or not due:
            return
        self._noted_at = time.monotonic()
        try:
            delivery.note_accepted(self._to_note)
            self._to_note, self._recovered = set(), False
        except DatabaseError:
            logger.exception("The accounts' rows can't be written yet.")
            connection.close()
