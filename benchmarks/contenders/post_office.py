"""django-post_office: ``send_queued_mail``, which drains the queue and exits."""

from __future__ import annotations

import os

from benchmarks.contenders.base import Contender, Run, run_to_the_end


class PostOffice(Contender):
    """threads, batch, processes: THREADS_PER_PROCESS, BATCH_SIZE and --processes; 0: default."""

    backend = "post_office.EmailBackend"
    app = package = "post_office"

    def __init__(self, threads: int = 0, batch: int = 0, processes: int = 1) -> None:
        self.settings = {"BENCH_THREADS_PER_PROCESS": threads, "BENCH_BATCH_SIZE": batch}
        self.processes = processes
        self.name = "django-post_office"
        if threads:
            self.name += f", {threads} threads × {processes} processes, batches of {batch}"

    def waiting(self) -> bool:
        from post_office.models import STATUS, Email

        return Email.objects.exclude(status=STATUS.sent).exists()

    def drain(self, run: Run) -> float:
        self.queue(run.letters)
        changes = {name: str(value) for name, value in self.settings.items() if value}
        lock = os.path.join(os.environ["BENCH_FOLDER"], "post_office")
        command = ["send_queued_mail", "--processes", str(self.processes), "--lockfile", lock]
        return run_to_the_end(self, run, [run.start(*command, **changes)])
