"""Stands in for a provider that gives access tokens (RFC 6749 section 6), over TLS.

    with TokenServer((400, {"error": "invalid_grant"})) as provider:
        provider.stand_in_for("gmail", monkeypatch)

Its answers are used up one by one, as EspServer's are; after them it gives one token after the
other: "access-1", "access-2", …
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailcenter.transports import PRESETS, Preset
from tests.certificate import certificate_files
from tests.esp_server import HANG_UP, SILENCE, Answer, EspServer, Posted

__all__ = ["HANG_UP", "SILENCE", "TokenServer"]

LIFETIME = 3599  # seconds


class TokenServer(EspServer):
    """meanwhile: called while a client waits for its answer."""

    def __init__(self, *answers: Answer, meanwhile: Callable[[], None] | None = None) -> None:
        super().__init__(*answers, tls=True)
        self.meanwhile = meanwhile

    @property
    def asked(self) -> list[dict[str, str]]:
        """The form of each request."""
        return [{name: values[0] for name, values in p.fields.items()} for p in self.posted]

    def next_answer(self, posted: Posted) -> Answer:
        self.posted.append(posted)
        if self.meanwhile:
            self.meanwhile()
        if self.answers:
            return self.answers.pop(0)
        return 200, token(f"access-{len(self.posted)}")

    def stand_in_for(self, slug: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Preset:
        """The provider's preset asks here, and its certificate is trusted."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate_files()[0])
        preset = replace(PRESETS[slug], token_url=self.url + "token", **changes)
        monkeypatch.setitem(PRESETS, slug, preset)
        return preset


def token(access_token: str, **more: Any) -> dict[str, Any]:
    return {"access_token": access_token, "token_type": "Bearer", "expires_in": LIFETIME, **more}
