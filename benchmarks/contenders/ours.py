"""Mailcenter: waiting workers, woken by the commit."""

from __future__ import annotations

import subprocess
import time

from benchmarks.contenders.base import Contender, Run

STOPPING_SECONDS = 30
# From the line that says "running" to listening (seconds).
SETTLING_SECONDS = 0.5


class Ours(Contender):
    """connections: to the account, of each worker; 0: the default."""

    backend = "mailcenter.backend.OutboxBackend"
    app = "mailcenter"
    package = "mailcenter"

    def __init__(self, workers: int = 1, connections: int = 0) -> None:
        self.workers = workers
        self.connections = connections
        self.name = f"Mailcenter, {workers} worker{'s' if workers > 1 else ''}"
        if connections:
            self.name += f" × {connections} connection{'s' if connections > 1 else ''}"

    def waiting(self) -> bool:
        from mailcenter.models import Message

        return Message.objects.exclude(status=Message.Status.SENT).exists()

    def drain(self, run: Run) -> float:
        changes = {"BENCH_CONNECTIONS": str(self.connections)} if self.connections else {}
        processes = [run.start("mailworker", **changes) for _worker in range(self.workers)]
        try:
            for process in processes:
                await_line(process)
            time.sleep(SETTLING_SECONDS)
            self.queue(run.letters)
            at = self.drained_at(run)
        finally:
            stop(processes)
        self._check(len(run.letters))
        return at

    def _check(self, count: int) -> None:
        """Speed doesn't count where the log is wrong."""
        from mailcenter.models import Attempt, Message

        sent = Message.objects.filter(status=Message.Status.SENT).count()
        accepted = Attempt.objects.filter(outcome=Attempt.Outcome.ACCEPTED).count()
        if (sent, accepted, Attempt.objects.count()) != (count, count, count):
            raise RuntimeError(f"of {count} mails {sent} are on record as sent")


def await_line(process: subprocess.Popen[bytes]) -> None:
    """Until the worker says that it is running."""
    assert process.stdout  # noqa: S101
    if not process.stdout.readline():
        raise RuntimeError("a worker did not start; see the log")


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.communicate(timeout=STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
