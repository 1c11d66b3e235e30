"""Django's own SMTP backend: no queue, no record; the caller waits."""

from __future__ import annotations

import os

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from benchmarks import site
from benchmarks.contenders.base import Contender, Run
from benchmarks.wires import Wire, Wires


class DjangoSmtp(Contender):
    name = "Django's SMTP backend, a list over one connection"
    backend = "django.core.mail.backends.smtp.EmailBackend"

    def drain(self, run: Run) -> float:
        open_backend(run.wires, run.wire).send_messages(run.letters)
        return self.drained_at(run)


def open_backend(wires: Wires, wire: Wire) -> BaseEmailBackend:
    return get_connection(
        DjangoSmtp.backend,
        host="127.0.0.1",
        port=wires.ports[wire],
        username=site.ADDRESS if wire.tls else "",
        password=os.environ["BENCH_PASSWORD"] if wire.tls else "",
        use_ssl=wire.tls,
    )
