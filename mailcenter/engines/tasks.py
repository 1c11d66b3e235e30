"""Django Tasks wake and execute; the Message table stays the truth.

What a backend stores of a task is its name: it has no arguments and no result.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

try:
    from django.tasks import task
except ImportError:
    # Django 5.2
    from django_tasks import task  # type: ignore[no-redef]

from mailcenter.engines import rounds
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.engines.worker import Worker

_host = Heartbeat(socket.gethostname(), "tasks")


@task()
def deliver() -> None:
    rounds.deliver(_attended, _host)


def ring() -> None:
    deliver.enqueue()


@contextmanager
def _attended(worker: Worker) -> Iterator[None]:
    """It stops with the process that runs the task, which itself would wait for its end."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may handle signals.
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop()
        handler = handlers[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in handlers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
