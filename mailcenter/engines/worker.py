"""The embedded engine: one process, several connections to each account."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection

from mailcenter import conf, delivery
from mailcenter.delivery import Job, accounts, looking, tokens
from mailcenter.engines.doorbell import Doorbell
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.engines.keeper import DATABASE_PAUSE_SECONDS, Keeper
from mailcenter.engines.lane import STUCK_SECONDS, Lane

logger = logging.getLogger(__name__)

# Nothing rings where a clock runs on: a retry falls due, a pause ends, a budget begins anew.
POLL_SECONDS = 1.0


class Worker:
    """heartbeat: of the host whose engine sends with it; ``run`` has one of its own.

    Raises ConfigurationError where the environment's account can't work.
    """

    def __init__(self, heartbeat: Heartbeat | None = None) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._stop = threading.Event()
        self._keeper = Keeper(self._stop)
        self._accounts = accounts.configured()
        self._lanes: dict[str, Lane] = {}
        # Leased, and not yet closed.
        self._in_hand: set[Job] = set()
        self._rung = threading.Event()
        self._looked_at = self._read_at = -float("inf")
        self._renewed_at = time.monotonic()
        self._heartbeat = heartbeat

    @property
    def counts(self) -> Counter[str]:
        """How each attempt ended, by outcome."""
        return self._keeper.counts

    def stop(self) -> None:
        """The mail on the wire is finished first. A signal handler may call this."""
        self._stop.set()
        self._keeper.wake()

    def run(self) -> None:
        """Until ``stop``."""
        self._heartbeat = Heartbeat(self.name, "embedded")
        self._heartbeat.forget()
        beside = [
            threading.Thread(target=self._insist, args=[job], name=name, daemon=True)
            for name, job in (
                ("doorbell", self._listen),
                ("sweep", self._sweep_and_sweep),
                ("tokens", self._renew_tokens),
                ("looks", self._look_and_look),
            )
        ]
        for thread in beside:
            thread.start()
        self._insist(self._work)
        self._finish()
        for thread in beside:
            thread.join()
        self._heartbeat.forget()
        connection.close()

    def run_once(self) -> None:
        """Sweep, send what is due, and return. Raises django.db.Error."""
        self.sweep()
        self.drain()

    def sweep(self) -> None:
        """Judge what others left behind, renew access tokens, and look into Sent folders.

        Raises django.db.Error.
        """
        accounts.keep_rows(self._accounts)
        delivery.sweep(self._accounts)
        if tokens.renew_due():
            self._accounts = accounts.configured()
        looking.look(self._accounts)

    def drain(self) -> None:
        """Send what is due, and return. Raises django.db.Error."""
        try:
            while not self._stop.is_set():
                # Again and again: an access token may expire before everything is sent.
                self._read_accounts()
                gap = self._claim()
                if not self._in_hand and not gap:
                    break
                # Where only the gap between two mails holds the next one back, it is waited for.
                self._commit(POLL_SECONDS if self._in_hand else gap)
                if not self._in_hand:
                    # What was refused here may be due with another account now.
                    self._rung.set()
        finally:
            self._finish()

    # Threads

    def _insist(self, job: Callable[[], None]) -> None:
        """Run ``job`` until it ends by itself: a database that is away comes back."""
        ended = False
        while not ended:
            try:
                job()
                ended = True
            except DatabaseError:
                logger.exception("The database does not answer; the worker tries again.")
                ended = self._stop.wait(DATABASE_PAUSE_SECONDS)
            finally:
                connection.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._read_accounts()
            gap = self._claim()
            self._commit(min(gap or POLL_SECONDS, POLL_SECONDS, conf.get("LEASE_SECONDS") / 3))

    def _listen(self) -> None:
        doorbell = Doorbell(self._stop)
        while not self._stop.is_set():
            if doorbell.wait(POLL_SECONDS):
                self._rung.set()
                self._keeper.wake()

    def _sweep_and_sweep(self) -> None:
        while True:
            delivery.sweep(self._accounts)
            if self._stop.wait(conf.get("SWEEP_SECONDS")):
                return

    def _renew_tokens(self) -> None:
        # On their own, as the looks are: a provider that does not answer holds up nothing else.
        while True:
            if tokens.renew_due():
                self._read_at = -float("inf")
                self._keeper.wake()
            if self._stop.wait(conf.get("SWEEP_SECONDS")):
                return

    def _look_and_look(self) -> None:
        # On their own: a mailbox that does not answer must not hold up the sweep.
        while not self._stop.wait(min(POLL_SECONDS, conf.get("SWEEP_SECONDS"))):
            looking.look(self._accounts)

    # Steps of the worker's own thread

    def _read_accounts(self) -> None:
        if time.monotonic() - self._read_at >= conf.get("SWEEP_SECONDS"):
            # First, so that what is renewed meanwhile is read once more.
            self._read_at = time.monotonic()
            self._accounts = accounts.configured()
            accounts.keep_rows(self._accounts)

    def _claim(self) -> float:
        """Lease what there is room for. Returns the seconds until a gap between two mails ends."""
        room = {slug: self._lane(slug).room for slug in self._accounts}
        due = time.monotonic() - self._looked_at >= POLL_SECONDS
        if not any(room.values()) or not (self._rung.is_set() or due):
            return 0.0
        self._rung.clear()
        self._looked_at = time.monotonic()
        jobs, gap = delivery.claim(self.name, self._accounts, room)
        if jobs:
            # There may be more.
            self._rung.set()
        self._in_hand.update(jobs)
        for slug in {job.account.slug for job in jobs}:
            self._lane(slug).add(job for job in jobs if job.account.slug == slug)
        return gap

    def _lane(self, slug: str) -> Lane:
        if slug not in self._lanes:
            self._lanes[slug] = Lane(self._keeper)
        return self._lanes[slug]

    def _commit(self, seconds: float) -> None:
        if time.monotonic() - self._renewed_at >= conf.get("LEASE_SECONDS") / 3:
            self._renewed_at = time.monotonic()
            self._renew()
        if self._heartbeat:
            self._heartbeat.beat()
        stuck = [lane for lane in self._lanes.values() if lane.stuck]
        busy = sum(lane.busy for lane in self._lanes.values())
        closed = self._keeper.commit(min(seconds, STUCK_SECONDS) if stuck else seconds, busy)
        self._in_hand.difference_update(closed)
        for lane in stuck:
            lane.unstick()
        for lane in self._lanes.values():
            lane.on_record(closed)
            self._give_back(lane.take_back())

    def _give_back(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        self._in_hand.difference_update(jobs)
        try:
            delivery.release(jobs)
        except DatabaseError:
            logger.exception("Leased mail can't be given back; its leases will run out.")
            connection.close()

    def _renew(self) -> None:
        jobs = list(self._in_hand)
        if not jobs:
            return
        try:
            delivery.renew(jobs)
        except DatabaseError:
            logger.exception("A heartbeat could not be written.")
            connection.close()

    def _finish(self) -> None:
        """What is on the wire is finished, what is only leased given back."""
        for lane in self._lanes.values():
            self._give_back(lane.take_back(everything=True))
        while self._in_hand:
            self._commit(conf.get("LEASE_SECONDS") / 3)
            if self._stop.is_set() and len(self._in_hand) == self._keeper.unwritten > 0:
                logger.error("The database does not answer: the sweep will judge what is left.")
                break
        for lane in self._lanes.values():
            lane.end()
        self._keeper.commit(0)
