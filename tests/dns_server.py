"""A DNS server of a test's own, on loopback: it knows what a test tells it, and nothing else.

with DnsServer({"shop.cn": {"TXT": ["v=spf1 -all"]}}) as server:
    examine(account, resolver=server.resolver())
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[str, Mapping[str, list[str]]]
TTL = 60


class DnsServer:
    """zone: name -> type -> values; TXT as it is read. silent: it answers nothing.

    failing: names that it answers with SERVFAIL.
    """

    def __init__(self, zone: Zone, *, silent: bool = False, failing: tuple[str, ...] = ()) -> None:
        self.zone = zone
        self.silent = silent
        self.failing = failing
        self.asked: list[tuple[str, str]] = []

    def __enter__(self) -> DnsServer:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        # An empty datagram: closing alone doesn't wake recvfrom().
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(timeout=10)
        self._socket.close()

    def resolver(self) -> dns.resolver.Resolver:
        """One that asks this server alone."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        return resolver

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            (question,) = query.question
            name = question.name.to_text(omit_final_dot=True).lower()
            self.asked.append((name, dns.rdatatype.to_text(question.rdtype)))
            if not self.silent:
                with contextlib.suppress(OSError):
                    self._socket.sendto(self._answer(query, name).to_wire(), client)

    def _answer(self, query: dns.message.Message, name: str) -> dns.message.Message:
        (question,) = query.question
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        kind = dns.rdatatype.to_text(question.rdtype)
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif not any(known == name or known.endswith(f".{name}") for known in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values := self.zone.get(name, {}).get(kind):
            texts = [_quoted(value) for value in values] if kind == "TXT" else values
            answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", kind, *texts))
        return answer


def _quoted(text: str) -> str:
    # A string holds 255 bytes at most (RFC 1035 section 3.3).
    pieces = [text[start : start + 200] for start in range(0, len(text), 200)]
    return " ".join(f'"{piece}"' for piece in pieces)
