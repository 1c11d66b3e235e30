"""From nothing to a server that listens: connect, TLS, EHLO, AUTH."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.connection import Connection
from mailcenter.transports.oauth import xoauth2

# RFC 5321 section 4.1.1.1; "AUTH=LOGIN" is an old spelling of "AUTH LOGIN".
EXTENSION = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ =]?(.*)")


def start_session(connection: Connection, account: SendingAccount, local_hostname: str) -> None:
    """Raises TransportError; there is no way around TLS, its certificate or the log-in."""
    for _passed in stages(connection, account, local_hostname):
        pass


def stages(connection: Connection, account: SendingAccount, local_hostname: str) -> Iterator[Stage]:
    """Each stage once it is behind: nothing is said that the caller hasn't asked for.

    Raises TransportError.
    """
    connection.enter(Stage.CONNECT)
    if account.security == "ssl":
        _connect_inside_tls(connection)
        yield Stage.CONNECT
    else:
        connection.require(connection.step("CONNECT", lambda: _connect(connection)))
        yield Stage.CONNECT
        connection.enter(Stage.TLS)
        _ehlo(connection, local_hostname)
        _upgrade(connection)
    yield Stage.TLS
    connection.enter(Stage.EHLO)
    _ehlo(connection, local_hostname)
    yield Stage.EHLO
    connection.enter(Stage.AUTH)
    _log_in(connection, account)
    yield Stage.AUTH


def _connect(connection: Connection) -> Reply:
    connection.open()
    return connection.read(connection.timeout)


def _connect_inside_tls(connection: Connection) -> None:
    """Implicit TLS (RFC 8314 section 3.3): the greeting comes after the handshake."""

    def connect() -> Reply:
        connection.open()
        connection.enter(Stage.TLS)
        connection.start_tls()
        # What the greeting says is about the connection, not about TLS.
        connection.stage = Stage.CONNECT
        return connection.read(connection.timeout)

    connection.require(connection.step("CONNECT", connect))


def _upgrade(connection: Connection) -> None:
    """STARTTLS (RFC 3207)."""
    if "STARTTLS" not in connection.extensions:
        text = _("The server doesn't offer STARTTLS, and mail is never sent without TLS.")
        raise connection.error(Reply(None, text, failure=Failure.TLS))

    def upgrade() -> Reply:
        reply = connection.command("STARTTLS")
        if reply.positive:
            connection.start_tls()
        return reply

    connection.require(connection.step("STARTTLS", upgrade))


def _ehlo(connection: Connection, local_hostname: str) -> None:
    def ehlo() -> Reply:
        reply = connection.command(f"EHLO {local_hostname}")
        # The first line greets the client by its name and address.
        return replace(reply, text=reply.text.partition("\n")[2]) if reply.positive else reply

    reply = connection.step("EHLO", ehlo)
    connection.require(reply)
    connection.extensions = {}
    for keyword, parameters in EXTENSION.findall(reply.text):
        before = connection.extensions.get(keyword.upper(), "")
        connection.extensions[keyword.upper()] = f"{before} {parameters}".strip()


@sensitive_variables()
def _log_in(connection: Connection, account: SendingAccount) -> None:
    """One mechanism a connection: QQ hangs up on a second AUTH and hides its first refusal."""
    offered = connection.extensions.get("AUTH", "").upper().split()
    if account.oauth:
        _log_in_with_token(connection, account, offered)
        return
    if "PLAIN" in offered:
        # RFC 4616, with the initial response that QQ insists on.
        verb = "AUTH PLAIN"
        arguments = [_base64(f"\0{account.username}\0{account.password}")]
        lines = [f"{verb} {arguments[0]}"]
    elif "LOGIN" in offered:
        verb = "AUTH LOGIN"
        arguments = [_base64(account.username), _base64(account.password)]
        lines = [verb, *arguments]
    else:
        text = _("The server offers neither AUTH PLAIN nor AUTH LOGIN.")
        raise connection.error(Reply(None, text, failure=Failure.PROTOCOL))

    def log_in() -> Reply:
        for line in lines:
            reply = connection.command(line)
            if reply.code != 334:
                break
        return reply

    # Some servers repeat what they were told.
    secrets = [*arguments, account.password]
    connection.require(connection.step(verb, log_in, secrets))


@sensitive_variables()
def _log_in_with_token(connection: Connection, account: SendingAccount, offered: list[str]) -> None:
    """XOAUTH2 (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
    if "XOAUTH2" not in offered:
        text = _("The server doesn't offer AUTH XOAUTH2, which an access token needs.")
        raise connection.error(Reply(None, text, failure=Failure.PROTOCOL))
    argument = _base64(xoauth2(account))

    def log_in() -> Reply:
        reply = connection.command(f"AUTH XOAUTH2 {argument}")
        if reply.code == 334:
            # Why it refuses, in JSON; its reply follows upon an empty answer.
            connection.write(b"\r\n")
            reply = connection.read(connection.timeout)
        return reply

    secrets = [argument, account.password]
    connection.require(connection.step("AUTH XOAUTH2", log_in, secrets))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
