"""The scripted server with a provider's words for all that the script doesn't mention."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from mailcenter.transports import PRESETS, SendingAccount
from tests.dialects import Dialect
from tests.smtp_conversation import Action
from tests.smtp_server import ScriptedServer


class ProviderServer(ScriptedServer):
    """security: "plain" for a server that has lost its TLS.

    clear: the verbs that were said to it before TLS.
    """

    def __init__(
        self,
        dialect: Dialect,
        script: Mapping[str, Action] | None = None,
        *,
        security: str = "",
    ) -> None:
        super().__init__(script, security=security or dialect.security)
        self.dialect = dialect
        self.clear: list[str] = []
        # A connection is a thread: what is said in it depends on whether TLS has begun.
        self._here = threading.local()

    def __enter__(self) -> ProviderServer:
        super().__enter__()
        return self

    def account(self, **changes: Any) -> SendingAccount:
        dialect = self.dialect
        values = {
            "preset": PRESETS[dialect.preset],
            "address": dialect.address,
            "username": dialect.address,
        }
        return super().account(**(values | changes))

    def environment(self) -> dict[str, str]:
        given = {"MAIL_PROVIDER": self.dialect.preset, "MAIL_ADDRESS": self.dialect.address}
        return super().environment() | given

    def next_action(self, verb: str, argument: str = "", otherwise: bytes | None = None) -> Action:
        if not self._secured:
            self.clear.append(verb)
            if verb == "AUTH":
                return self.dialect.too_early
        return super().next_action(verb, argument, otherwise)

    def secure(self, plain: socket.socket) -> ssl.SSLSocket:
        secured = super().secure(plain)
        self._here.secured = True
        return secured

    @property
    def _secured(self) -> bool:
        return getattr(self._here, "secured", False)

    def _default(self, verb: str) -> bytes:
        reply = self.dialect.replies.get(verb)
        if reply is None:
            return super()._default(verb)
        if verb != "EHLO":
            return reply
        others = self.dialect.extensions if self._secured else self.dialect.in_clear
        lines = [reply, *others]
        return b"".join(b"250-%s\r\n" % line for line in lines[:-1]) + b"250 " + lines[-1]
