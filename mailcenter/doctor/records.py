"""Questions to DNS (RFC 1035), and answers that are plain values."""

from __future__ import annotations

from typing import Any

import dns.exception
import dns.resolver
from dns.resolver import Resolver

from mailcenter.replies.reply import CONTROLS

# For one question, all servers and repetitions included.
SECONDS = 3.0


class DnsSilent(Exception):  # noqa: N818
    """No answer that could be used: no server, no time, or trouble at the zone's own servers."""


class NoSuchName(Exception):  # noqa: N818
    """The name is not there, nor anything below it (RFC 8020)."""


class Records:
    """resolver: None: as the system is configured. Raises DnsSilent."""

    def __init__(self, resolver: Resolver | None) -> None:
        try:
            self._resolver = resolver or Resolver()
        except dns.exception.DNSException as error:
            raise DnsSilent from error

    def txt(self, name: str) -> list[str]:
        """Each record in one piece; [] where there is none. Raises DnsSilent or NoSuchName."""
        return [
            b"".join(record.strings).decode("utf-8", "replace").translate(CONTROLS).strip()
            for record in self._ask(name, "TXT")
        ]

    def mx(self, name: str) -> list[str]:
        """Hosts, the preferred one first; [""] is a null MX (RFC 7505). Raises as txt() does."""
        found = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [str(record.exchange).rstrip(".") for record in found]

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            return list(self._resolver.resolve(name, kind, search=False, lifetime=SECONDS))
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.NXDOMAIN as error:
            raise NoSuchName from error
        except (dns.exception.DNSException, OSError) as error:
            raise DnsSilent from error
