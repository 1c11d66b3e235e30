"""``manage.py practiceserver``: the practice server, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import errno
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from mailcenter import practice
from mailcenter.practice.server import LOOPBACK, PracticeServer
from mailcenter.transports.account import environment_account


class Command(BaseCommand):
    help = "Runs the practice mail server on this machine, until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="default: the account's port")

    def handle(self, *args: Any, port: int | None, **options: Any) -> None:
        if not practice.configured():
            raise CommandError(_("MAIL_PROVIDER isn't practice: there is nothing to run here."))
        account = environment_account()
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_received: stopped.set())
        server = PracticeServer(
            account, practice.folder(), port=account.port if port is None else port
        )
        try:
            server.start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise CommandError(
                _("Port %(port)s on %(host)s is taken: stop what uses it, or set MAIL_PORT.")
                % {"port": server.port, "host": LOOPBACK}
            ) from None
        self.stdout.write(
            _("The practice server listens on %(host)s:%(port)s.")
            % {"host": LOOPBACK, "port": server.port}
        )
        self.stdout.flush()
        stopped.wait()
        server.stop()
