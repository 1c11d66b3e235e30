"""The practice server: SMTP over TLS on loopback, in the words of smtp.qq.com.

Everything is accepted into the inbox but what QQ refuses, and what `scenarios.py` provokes.
"""

from __future__ import annotations

import logging
import socket
from asyncio import AbstractServer
from collections.abc import Awaitable
from pathlib import Path

from aiosmtpd.controller import Controller

from mailcenter.practice import certificate
from mailcenter.practice.conversation import HOST_NAME, Conversation
from mailcenter.practice.decisions import Decisions
from mailcenter.transports.account import SendingAccount

# Not configurable: the inbox holds live links, and the code that opens the server is known.
LOOPBACK = "127.0.0.1"


class PracticeServer(Controller):
    """``start()`` listens in a thread until ``stop()``; port 0 lets the system choose.

    longest_pause: seconds, the bound of every slow or silent scenario.
    Raises OSError from ``start()`` when the port is taken.
    """

    def __init__(
        self, account: SendingAccount, folder: Path, *, port: int, longest_pause: float = 60
    ) -> None:
        super().__init__(
            Decisions(account, folder, longest_pause),
            hostname=LOOPBACK,
            port=port,
            ssl_context=certificate.server_context(folder),
            server_hostname=HOST_NAME,
        )
        # aiosmtpd logs commands at INFO and whole mails at DEBUG.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    def start(self) -> None:
        # Named TCP, else asyncio leaves Nagle's algorithm on and each EHLO takes 40 ms.
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((LOOPBACK, self.port))
        self.port = self.listener.getsockname()[1]
        super().start()

    def factory(self) -> Conversation:
        return Conversation(self.handler, **self.SMTP_kwargs)

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(
            self._factory_invoker,
            sock=self.listener,
            ssl=self.ssl_context,
            # A client that keeps its connection must not hold up stop().
            ssl_shutdown_timeout=1,
        )
