"""`make run`: the site, the mail worker and, without an account, the practice mail server.

All of them stop together, on Ctrl-C or when one of them ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from project.terminal_language import speak_the_terminals_language

STARTING_SECONDS = 30
STOPPING_SECONDS = 15


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    speak_the_terminals_language()
    for signum in (signal.SIGTERM, signal.SIGINT):
        # SIGINT too: a shell that starts this in the background has it ignored.
        signal.signal(signum, _interrupt)
    try:
        port = _site_port()
        call_command("check")
        _require_free("PORT", port)
        practice_port = _practice_port()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("makeoperator")
    except (SystemCheckError, CommandError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return _run(port, practice_port)


def _run(port: int, practice_port: int | None) -> int:
    manage = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        if practice_port:
            # A session of its own: Ctrl-C reaches this process alone, which then ends the rest.
            children["practiceserver"] = _start([*manage, "practiceserver"])
            _await_port(practice_port, children)
        children["mailworker"] = _start([*manage, "mailworker"])
        children["gunicorn"] = _start(
            [sys.executable, "-m", "gunicorn", "--config", "project/gunicorn_conf.py",
             "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "project.wsgi"]
        )  # fmt: skip
        _await_port(port, children)
        _print_addresses(practice=practice_port is not None)
        while not (ended := _ended(children)):
            time.sleep(0.2)
        print(_("%(name)s has stopped; so does the rest.") % {"name": ended}, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("\n" + _("Stopping."))  # noqa: T201
        return 0
    finally:
        _stop(children)


def _site_port() -> int:
    given = os.environ.get("PORT", "8000")
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise CommandError(_("PORT must be a number from 1 to 65535, such as 8000."))
    return int(given)


def _practice_port() -> int | None:
    if not settings.PRACTICE:
        return None
    port: int = import_string("mailcenter.transports.environment_account")().port
    _require_free("MAIL_PORT", port)
    return port


def _require_free(variable: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                _("Port %(port)d is taken. Choose another one: make run %(variable)s=%(other)d")
                % {"port": port, "variable": variable, "other": port + 1}
            ) from None


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603


def _ended(children: dict[str, subprocess.Popen[bytes]]) -> str:
    return next((name for name, child in children.items() if child.poll() is not None), "")


def _await_port(port: int, children: dict[str, subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end and not _ended(children):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        child.terminate()
    end = time.monotonic() + STOPPING_SECONDS
    for child in children.values():
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def _print_addresses(*, practice: bool) -> None:
    site = settings.SITE_URL
    lines = ["", _("Site:      %(url)s") % {"url": f"{site}/"}]
    lines += [_("Admin:     %(url)s") % {"url": f"{site}/admin/"}]
    if practice:
        token = import_string("mailcenter.practice.inbox.token")()
        lines += [
            _("Inbox:     %(url)s") % {"url": f"{site}/practice/?token={token}"},
            "",
            _("No mail account is configured, so a practice server stands in for smtp.qq.com."),
            _("Try this: sign up as you@practice.test and open the mail in the inbox."),
            _(
                "Then sign up as 550-once-mailbox-not-found@practice.test: the mail fails. "
                "Find it in the admin, read why, and resend it."
            ),
        ]
    lines += ["", _("Ctrl-C stops everything."), ""]
    print("\n".join(lines), flush=True)  # noqa: T201


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
