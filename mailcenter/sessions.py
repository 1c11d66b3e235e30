"""Sessions hold codes and keys while a visitor goes through a flow: their rows are sealed."""

from __future__ import annotations

import json
from typing import Any

from mailcenter import sealing


class SealedSerializer:
    """For ``SESSION_SERIALIZER``: JSON, then sealed. What no key opens is an empty session."""

    def dumps(self, obj: Any) -> bytes:
        return sealing.seal(json.dumps(obj, separators=(",", ":")).encode())

    def loads(self, data: bytes) -> Any:
        return json.loads(sealing.unseal(data))
