"""Takes TLS and the log-in out of our transport, for the rows that compare without either.

An app of the benchmarks' settings alone: in the product there is no way around TLS.
"""

from __future__ import annotations

import os

from django.apps import AppConfig

from mailcenter.replies import Stage
from mailcenter.transports import SendingAccount, session, smtp
from mailcenter.transports.connection import Connection


class PlainTransport(AppConfig):
    name = "benchmarks.plain_transport"
    label = "plain_transport"

    def ready(self) -> None:
        if os.environ["BENCH_TLS"] == "no":
            smtp.start_session = _start_plain_session


def _start_plain_session(
    connection: Connection, account: SendingAccount, local_hostname: str
) -> None:
    connection.enter(Stage.CONNECT)
    connection.require(connection.step("CONNECT", lambda: session._connect(connection)))
    connection.enter(Stage.EHLO)
    session._ehlo(connection, local_hostname)
