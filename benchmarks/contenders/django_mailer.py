"""django-mailer: ``send_mail``, which drains the queue and exits."""

from __future__ import annotations

from benchmarks.contenders.base import Contender, Run, run_to_the_end


class DjangoMailer(Contender):
    """processes: at one time; more than one needs row locks and the file lock switched off."""

    backend = "mailer.backend.DbBackend"
    app = package = "mailer"

    def __init__(self, processes: int = 1) -> None:
        self.processes = processes
        self.name = "django-mailer" + (f", {processes} processes" if processes > 1 else "")

    def waiting(self) -> bool:
        from mailer.models import Message

        return Message.objects.exists()

    def drain(self, run: Run) -> float:
        self.queue(run.letters)
        changes = {"BENCH_FILE_LOCK": "no"} if self.processes > 1 else {}
        started = [run.start("send_mail", **changes) for _process in range(self.processes)]
        return run_to_the_end(self, run, started)
