"""The embedded engine: one process, one connection to the provider, mail after mail."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import Counter

from django.db import Error as DatabaseError
from django.db import connection

from mailcenter import conf, delivery, sealing
from mailcenter.engines.doorbell import Doorbell
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.models import Account, Message
from mailcenter.transports import environment_account, open_transport

logger = logging.getLogger(__name__)


class Worker:
    """counts: how each attempt ended, by outcome."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.stop = threading.Event()
        self.counts: Counter[str] = Counter()
        self.account = environment_account()
        self.transport = open_transport(self.account)
        self.heartbeat = Heartbeat()
        self._swept_at = -float("inf")

    def run(self) -> None:
        """Until ``stop`` is set; the mail in hand is finished first."""
        doorbell = Doorbell(self.stop)
        begun = False
        with self.heartbeat:
            while not self.stop.is_set():
                try:
                    if not begun:
                        self._begin()
                        begun = True
                    self._sweep_when_due()
                    if not self._deliver_next():
                        doorbell.wait(self._idle_seconds())
                except DatabaseError:
                    logger.exception("The database does not answer; the worker tries again.")
                    connection.close()
                    self.stop.wait(delivery.DATABASE_PAUSE_SECONDS)
        self.transport.close()

    def run_once(self) -> None:
        """Send what is due, and return. Raises django.db.Error."""
        with self.heartbeat:
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
        message = delivery.claim(self.name)
        if message is None:
            return False
        with self.heartbeat.holding(message.lease_owner):
            outcome = delivery.deliver(message, self.account, self.transport, self.stop)
        if outcome:
            self.counts[outcome] += 1
        return True

    def _sweep_when_due(self) -> None:
        if time.monotonic() - self._swept_at >= conf.get("SWEEP_SECONDS"):
            self._swept_at = time.monotonic()
            delivery.sweep()

    def _idle_seconds(self) -> float:
        """Until the next sweep or the next due mail."""
        sweep = self._swept_at + conf.get("SWEEP_SECONDS") - time.monotonic()
        return max(0.0, min(sweep, Message.objects.seconds_to_next()))
