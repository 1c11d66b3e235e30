"""A site of its own, quick to judge and to retry."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.chaos.counting_server import name_of
from tests.chaos.judging import Attempt, Mail
from tests.site_process import ROOT, SiteProcess

# The lease: long enough for a busy machine, on which a heartbeat may come late.
SETTINGS = """
MAILCENTER |= {
    "LEASE_SECONDS": 4,
    "SWEEP_SECONDS": 0.2,
    "RETRY_BASE_SECONDS": 0.1,
    "RETRY_MAX_SECONDS": 1,
    "SMTP_FRESH_SECONDS": 1,
}
"""


class ProcessDied(Exception):  # noqa: N818
    """On its own, not by our hand; the end of its log."""

    def __init__(self, log: Path) -> None:
        super().__init__(log.read_text(errors="replace")[-3000:])


class ChaosSite(SiteProcess):
    """settings: more lines of its settings module."""

    def __init__(
        self, folder: Path, environment: dict[str, str], database_url: str, settings: str
    ) -> None:
        key = {"SECRET_KEY": "chaos only, 50 characters or more, not a secret at all"}
        super().__init__(folder, {**environment, **key}, database_url)
        with (folder / "quick_settings.py").open("a") as module:
            module.write(SETTINGS + settings)

    @contextmanager
    def feeder(self, log: Path) -> Iterator[Feeder]:
        with log.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.feeder"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            yield Feeder(process, log)
        finally:
            process.kill()
            process.communicate()

    def busy(self) -> bool:
        """Whether any mail is still on its way, or looked for."""
        query = (
            "SELECT 1 FROM mailcenter_message WHERE status IN ('queued', 'sending')"
            " OR status = 'uncertain' AND look_at IS NOT NULL LIMIT 1"
        )
        return bool(self.rows(query))

    def unsettled(self) -> set[str]:
        """The names of mails that aren't on record as sent."""
        query = (
            "SELECT recipient.address FROM mailcenter_recipient recipient"
            " JOIN mailcenter_message message ON message.id = recipient.message_id"
            " WHERE message.status <> 'sent'"
        )
        return {name_of(address) for (address,) in self.rows(query)}

    def mails(self) -> list[Mail]:
        recipients, attempts = defaultdict(list), defaultdict(list)
        for key, address in self.rows("SELECT message_id, address FROM mailcenter_recipient"):
            recipients[key].append(address)
        columns = "SELECT message_id, outcome, possible_duplicate FROM mailcenter_attempt"
        for key, outcome, possible_duplicate in self.rows(columns):
            attempts[key].append(Attempt(outcome, bool(possible_duplicate)))
        rows = self.rows("SELECT id, message_id, status FROM mailcenter_message")
        return [
            Mail(message_id, status, tuple(recipients[key]), tuple(attempts[key]))
            for key, message_id, status in rows
        ]


class Feeder:
    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self.queued: list[str] = []

    def feed(self, mails: int) -> None:
        """Return when they are queued. Raises ProcessDied."""
        assert self._process.stdin
        assert self._process.stdout
        # A pipe that is broken says less than the log.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{mails}\n")
            self._process.stdin.flush()
        if self._process.stdout.readline() != "queued\n":
            raise ProcessDied(self._log)
        first = len(self.queued)
        self.queued += [f"m{number}" for number in range(first, first + mails)]
