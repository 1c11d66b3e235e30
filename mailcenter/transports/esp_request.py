"""The moment at which a request to a delivery service leaves.

Before it nothing can have been accepted; after it, only the service's answer tells. What
requests raises doesn't say on which side it was, so the connection itself does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import requests
from anymail.backends.base import AnymailBaseBackend
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from mailcenter.replies import Stage
from mailcenter.transports.base import OnStage


class Departure:
    """left: whether the request for the mail in hand has begun to leave.

    objection: what ``on_stage`` raised instead; the clients' own handlers might take it for theirs.
    """

    def __init__(self) -> None:
        self.left = False
        self.objection: Exception | None = None
        self._on_stage: OnStage = lambda stage: None

    def attend(self, on_stage: OnStage) -> None:
        """From now on it is about the mail that ``on_stage`` belongs to."""
        self.left = False
        self.objection = None
        self._on_stage = on_stage

    def leave(self) -> None:
        try:
            self._on_stage(Stage.BODY)
        except Exception as error:
            self.objection = error
            raise
        self.left = True

    def watch(self, backend: AnymailBaseBackend) -> None:
        """Call it whenever ``backend`` may have opened a new session."""
        session = getattr(backend, "session", None)
        if isinstance(session, requests.Session):
            if not isinstance(session.get_adapter("https://"), _Adapter):
                # A redirected POST becomes a GET, or takes its key to another host.
                session.max_redirects = 0
                session.mount("https://", _Adapter(self.leave))
                session.mount("http://", _Adapter(self.leave))
        elif "post_to_esp" not in vars(backend):
            # Another client, such as Amazon's: as near to the request as Anymail lets us.
            backend.post_to_esp = partial(self._post, backend.post_to_esp)

    def _post(self, post_to_esp: Callable[..., Any], payload: Any, message: Any) -> Any:
        self.leave()
        return post_to_esp(payload, message)


class _Watched(HTTPConnection):
    def __init__(self, *args: Any, leave: Callable[[], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._leave = leave

    def endheaders(self, *args: Any, **options: Any) -> None:
        """Writes the first byte; connects before, where nobody has."""
        if self.sock is None:
            self.connect()
        self._leave()
        super().endheaders(*args, **options)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **options)
        kind = _WatchedTls if pool.scheme == "https" else _Watched
        pool.ConnectionCls = partial(kind, leave=self._leave)  # type: ignore[assignment]
        return pool
