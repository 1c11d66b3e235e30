"""An IMAP client that connects to public addresses alone, for hosts that an operator typed."""

from __future__ import annotations

import socket

from imapclient import IMAPClient
from imapclient.tls import IMAP4_TLS, wrap_socket

from mailcenter.transports import public_hosts


class _Imap(IMAP4_TLS):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = public_hosts.connect(self.host, self.port, self._timeout)
        return wrap_socket(plain, self.ssl_context, self.host)


class PublicImapClient(IMAPClient):
    """For TLS, with a timeout; the constructor raises public_hosts.NotPublic."""

    def _create_IMAP4(self) -> _Imap:  # noqa: N802
        return _Imap(self.host, self.port, self.ssl_context, self._timeout.connect)
