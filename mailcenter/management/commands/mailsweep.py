from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connection

from mailcenter.engines import rounds
from mailcenter.exceptions import ConfigurationError

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Judge what dead workers left behind, let go of what has died, and wake a worker for "
        "what is due."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="Again and again, until SIGTERM."
        )

    def handle(self, *, every: float | None, **options: Any) -> None:
        if every is None:
            self._sweep()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: stop.set())
        while not stop.is_set():
            try:
                self._sweep()
            except DatabaseError:
                logger.exception("The database does not answer; the next sweep tries again.")
                connection.close()
            stop.wait(every)

    def _sweep(self) -> None:
        try:
            rounds.sweep()
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
