"""The embedded engine: one process, one connection to the provider, mail after mail."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections import Counter

from django.db import Error as DatabaseError
from django.db import connection

from mailcenter import conf, delivery, sealing
from mailcenter.engines.doorbell import Doorbell
from mailcenter.models import Account, Message
from mailcenter.transports import environment_account, open_transport

logger = logging.getLogger(__name__)

# How long to leave a database alone that does not answer (seconds).
DATABASE_PAUSE_SECONDS = 1.0


class Worker:
    """counts: how each attempt ended, by outcome."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self.stop = threading.Event()
        self.counts: Counter[str] = Counter()
        self.account = environment_account()
        self.transport = open_transport(self.account)
        self._swept_at = -float("inf")

    def run(self) -> None:
        """Until ``stop`` is set; the mail in hand is finished first."""
        doorbell = Doorbell(self.stop)
        with Heartbeat(self.name):
            self._begin()
            while not self.stop.is_set():
                try:
                    self._sweep_when_due()
                    if not self._deliver_next():
                        doorbell.wait(self._idle_seconds())
                except DatabaseError:
                    logger.exception("The database does not answer; the worker tries again.")
                    connection.close()
                    self.stop.wait(DATABASE_PAUSE_SECONDS)
        self.transport.close()

    def run_once(self) -> None:
        """Send what is due, and return."""
        with Heartbeat(self.name):
            self._begin()
            delivery.sweep()
            while not self.stop.is_set() and self._deliver_next():
                pass
        self.transport.close()

    def _begin(self) -> None:
        account = self.account
        Account.objects.keep_environment(
            account.preset.slug, account.address, sealing.digest(account.password)
        )

    def _deliver_next(self) -> bool:
        claimed = delivery.claim(self.name)
        for message in claimed:
            outcome = delivery.deliver(message, self.name, self.account, self.transport)
            self.counts[outcome or "interrupted"] += 1
        return bool(claimed)

    def _sweep_when_due(self) -> None:
        if time.monotonic() - self._swept_at >= conf.get("SWEEP_SECONDS"):
            delivery.sweep()
            self._swept_at = time.monotonic()

    def _idle_seconds(self) -> float:
        """Until the next sweep or the next due mail."""
        sweep = self._swept_at + conf.get("SWEEP_SECONDS") - time.monotonic()
        return max(0.0, min(sweep, Message.objects.seconds_to_next()))


class Heartbeat:
    """Renews the worker's leases while it is busy, from a thread of its own."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(conf.get("LEASE_SECONDS") / 3):
                try:
                    delivery.renew(self.worker)
                except DatabaseError:
                    logger.exception("A heartbeat could not be written.")
                    connection.close()
        finally:
            connection.close()
