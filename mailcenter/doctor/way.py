"""The connection of an examination: the one that sending uses, watched."""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable

from mailcenter.doctor.certificate import Certificate, parse
from mailcenter.exceptions import TransportError
from mailcenter.replies import Reply, Stage
from mailcenter.transports import SendingAccount, SmtpTransport, open_transport, session
from mailcenter.transports.base import Transcript
from mailcenter.transports.connection import Connection, tls_context


class Watched(Connection):
    """version: "TLSv1.3", or "" before TLS; then the handshake took so long."""

    version = ""
    handshake_milliseconds = 0
    certificate: Certificate | None = None

    def open(self) -> None:
        # It is opened ahead, as a step of its own.
        if self.closed:
            super().open()

    def start_tls(self) -> None:
        started = time.monotonic()
        super().start_tls()
        self.handshake_milliseconds = since(started)
        if isinstance(self._socket, ssl.SSLSocket):
            self.version = self._socket.version() or ""
            self.certificate = parse(self._socket.getpeercert(binary_form=True) or b"")


def watched(
    account: SendingAccount, timeout: float, tls: Callable[[], ssl.SSLContext] | None = None
) -> tuple[Watched, Transcript]:
    """Not connected yet. tls: instead of the account's own, which verifies."""
    transcript = Transcript()
    verifying = functools.partial(tls_context, account.ca_file)
    connection = Watched(
        account.host,
        account.port,
        timeout,
        tls or verifying,
        public_only=account.public_only,
    )
    connection.attend(transcript, lambda stage: None)
    return connection, transcript


def client_name(account: SendingAccount) -> str:
    """What EHLO says in a sending."""
    transport = open_transport(account)
    return transport.local_hostname if isinstance(transport, SmtpTransport) else "localhost"


def until_ehlo(account: SendingAccount, timeout: float) -> None:
    """As far as what the server offers, and never to the log-in. Raises TransportError."""
    connection, _transcript = watched(account, timeout)
    try:
        for stage in session.stages(connection, account, client_name(account)):
            if stage == Stage.EHLO:
                break
        connection.quit()
    finally:
        connection.drop()


def presented(account: SendingAccount, timeout: float) -> Certificate | None:
    """What the server shows to anybody who comes. Looked at and never trusted: nothing is said
    on this connection but what STARTTLS takes."""
    connection, _transcript = watched(account, timeout, _trusting)
    try:
        if account.security == "ssl":
            connection.step("CONNECT", functools.partial(_handshake, connection))
        else:
            for stage in session.stages(connection, account, client_name(account)):
                if stage == Stage.TLS:
                    break
    except TransportError:
        pass
    finally:
        connection.drop()
    return connection.certificate


def greets_in_plain(account: SendingAccount, timeout: float) -> bool:
    """Whether this port speaks without TLS first."""
    connection, _transcript = watched(account, timeout)

    def listen() -> Reply:
        connection.open()
        return connection.read(timeout)

    try:
        return connection.step("CONNECT", listen).code is not None
    except TransportError:
        return False
    finally:
        connection.drop()


def since(started: float) -> int:
    """Milliseconds; ``started``: of time.monotonic()."""
    return round((time.monotonic() - started) * 1000)


def _handshake(connection: Connection) -> Reply:
    connection.open()
    connection.start_tls()
    return Reply(220)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
