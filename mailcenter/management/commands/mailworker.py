from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Attempt


class Command(BaseCommand):
    help = "Send the mail that is waiting, until SIGTERM; the mail in hand is finished first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Send what is due and exit with a line of counts."
        )

    def handle(self, *, once: bool, **options: Any) -> None:
        try:
            worker = Worker()
        except ConfigurationError as error:
            raise CommandError(str(error)) from None
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_args: worker.stop())
        if once:
            worker.run_once()
            counts = (f"{outcome} {worker.counts[outcome]}" for outcome in _outcomes())
            self.stdout.write(", ".join(counts))
        else:
            self.stdout.write(_("The mail worker %(name)s is running.") % {"name": worker.name})
            worker.run()


def _outcomes() -> list[str]:
    return [outcome.value for outcome in Attempt.Outcome if outcome != Attempt.Outcome.OPEN]
