"""Workers that can be killed at a moment of our choice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.counting_server import Moment
from tests.chaos.servers import Servers
from tests.chaos.site import ProcessDied
from tests.site_process import ROOT


class Trap:
    """Kills the worker that is the next to reach a moment."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sprung = threading.Event()
        self._moment: Moment | None = None
        self._passing = 0

    def set(self, moment: Moment, passing: int) -> None:
        """passing: so many mails go through unharmed before."""
        with self.lock:
            self._moment, self._passing = moment, passing
            self.sprung.clear()

    def disarm(self) -> bool:
        """Whether somebody was caught."""
        with self.lock:
            self._moment = None
            return self.sprung.is_set()

    def takes(self, moment: Moment) -> bool:
        """Called with the lock held."""
        if moment != self._moment:
            return False
        if self._passing:
            self._passing -= 1
            return False
        self._moment = None
        return True


class Worker:
    """A process group, and a door that it alone goes through: so we know whom to kill."""

    def __init__(
        self,
        servers: Servers,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        trap: Trap,
    ) -> None:
        self.trap, self.log = trap, log
        self.dead = False
        # Mails whose body it was asked for.
        self.begun: set[str] = set()
        self.door = servers.open_door(self)
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env={**environment, **servers.environment(self.door.port)},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def reached(self, moment: Moment, mail: str) -> bool:
        with self.trap.lock:
            if not self.dead and self.trap.takes(moment):
                self._kill()
                self.trap.sprung.set()
            return self.dead

    def began(self, mail: str) -> None:
        self.begun.add(mail)

    def kill(self) -> None:
        with self.trap.lock:
            if not self.dead:
                self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.dead = True

    def check(self) -> None:
        """Raises ProcessDied."""
        with self.trap.lock:
            if not self.dead and self.process.poll() is not None:
                raise ProcessDied(self.log)
