"""What `make run` starts, with a folder, ports and a database of its own."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.site_process import PATIENCE, ROOT, until

SETTINGS = """\
from project.settings import *
MAILCENTER["PRACTICE_DIR"] = {folder!r} + "/practice"
"""


class RunningSite:
    """by: "link" or "code", for verification and reset."""

    def __init__(self, folder: Path, by: str) -> None:
        folder.mkdir()
        (folder / "site_settings.py").write_text(SETTINGS.format(folder=str(folder)))
        self.port, self.mail_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MAIL")}
        self.environment = {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "site_settings",
            "PYTHONPATH": f"{folder}:{ROOT}",
            "LC_ALL": "C.UTF-8",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": self.url,
            "PORT": str(self.port),
            # What a developer's .env says must not count.
            "MAIL_PROVIDER": "practice",
            "MAIL_ADDRESS": "site@practice.test",
            "MAIL_AUTH_CODE": "",
            "MAIL_PORT": str(self.mail_port),
            "VERIFY_BY": by,
            "RESET_BY": by,
        }

    def start(self) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "project.run"],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        until(lambda: self.process.poll() is not None or "Ctrl-C" in self.said())
        assert self.process.poll() is None, self.said()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def said(self) -> str:
        return "".join(self.lines)

    def printed(self, label: str) -> str:
        """What a newcomer reads behind ``label``; "" where it was not printed."""
        found = re.search(rf"^{label}: +(\S+)", self.said(), re.MULTILINE)
        return found[1] if found else ""

    def interrupt(self) -> int:
        """Ctrl-C. Returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def is_silent(self) -> bool:
        """Everything that it started has ended: nobody is left who could print a line."""
        self.listener.join(PATIENCE)
        return not self.listener.is_alive()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
