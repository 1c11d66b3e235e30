"""Celery wakes and executes; the Message table stays the truth.

Tasks have no arguments and no results, so whatever the broker loses, doubles or delivers late is
a ring and never a mail.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from celery import Celery, current_app, shared_task
from celery.signals import worker_init, worker_shutting_down
from django.db import connection
from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool, producers

from mailcenter import conf
from mailcenter.engines import rounds
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.engines.worker import Worker

logger = logging.getLogger(__name__)

# A request waits no longer than this for a broker that is out of order.
BROKER_SECONDS = 1.0
# Rings and beats that nobody heard for so long are dropped: they would only pile up.
FORGOTTEN_SECONDS = 3600

_host = Heartbeat(socket.gethostname(), "celery")
_lock = threading.Lock()
_silent_until = -float("inf")
_working: set[Worker] = set()
_stopping = threading.Event()
# Written to when this worker stops. Its children inherit it, and all of them see the byte,
# because nobody takes it out.
_shutdown: tuple[int, int] | None = None


@shared_task(
    name="mailcenter.deliver", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def deliver() -> None:
    rounds.deliver(_attended, _host)


@shared_task(
    name="mailcenter.sweep", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def sweep() -> None:
    _host.beat()
    rounds.sweep()


def ring() -> None:
    """One try. A ring that is lost costs delay: the next sweep rings again."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        with _producers().acquire(block=True, timeout=BROKER_SECONDS) as producer:
            deliver.apply_async(
                producer=producer,
                retry=False,
                expires=FORGOTTEN_SECONDS,
                # Not worth a write to the broker's disk.
                delivery_mode="transient",
            )
    except OperationalError as error:
        # Not every request shall find out anew, and wait for it.
        _silent_until = time.monotonic() + conf.get("SWEEP_SECONDS")
        logger.warning("The broker does not answer (%s); the next sweep rings.", error)


def add_sweep(app: Celery) -> None:
    """Put the sweep on the beat of ``app``."""
    app.add_periodic_task(
        conf.get("SWEEP_SECONDS"), sweep.s(), name="mailcenter.sweep", expires=FORGOTTEN_SECONDS
    )


@cache
def _producers() -> ProducerPool:
    """Connections of their own: the workers' wait longer for the broker than a request may."""
    broker = current_app.connection_for_write(connect_timeout=BROKER_SECONDS)
    limits = (
        {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
        if broker.transport.driver_type == "redis"
        else {"read_timeout": BROKER_SECONDS, "write_timeout": BROKER_SECONDS}
    )
    # Without max_retries, a connection that is refused is tried for ever.
    broker.transport_options = {**broker.transport_options, **limits, "max_retries": 0}
    return producers[broker]


# While a worker of ours is sending


@contextmanager
def _attended(worker: Worker) -> Iterator[None]:
    """It stops with its Celery worker; and no sweep waits behind a drain that lasts."""
    done = threading.Event()
    sweeps = threading.Thread(target=_sweep_meanwhile, args=[done], name="sweep", daemon=True)
    _watch_for_shutdown()
    _working.add(worker)
    if _stopping.is_set():
        worker.stop()
    sweeps.start()
    try:
        yield
    finally:
        _working.discard(worker)
        done.set()
        sweeps.join()


def _sweep_meanwhile(done: threading.Event) -> None:
    try:
        while not done.wait(conf.get("SWEEP_SECONDS")):
            try:
                Worker().sweep()
            except Exception:
                logger.exception("A sweep failed; the next one tries again.")
                connection.close()
    finally:
        connection.close()


@worker_init.connect
def _make_shutdown_pipe(**kwargs: object) -> None:
    global _shutdown
    _shutdown = os.pipe()


@worker_shutting_down.connect
def _announce_shutdown(**kwargs: object) -> None:
    """Sent in the main process alone, from a signal handler; the mail is in a child's hands."""
    if _shutdown:
        os.write(_shutdown[1], b"!")


def _watch_for_shutdown() -> None:
    with _lock:
        watching = any(thread.name == "shutdown" for thread in threading.enumerate())
        if _shutdown and not watching and not _stopping.is_set():
            threading.Thread(
                target=_stop_with, args=[_shutdown[0]], name="shutdown", daemon=True
            ).start()


def _stop_with(pipe: int) -> None:
    select.select([pipe], [], [])
    _stopping.set()
    for worker in list(_working):
        worker.stop()
    logger.warning("This worker stops after the mail in hand.")
