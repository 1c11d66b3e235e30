"""Hosts that an operator typed lead to the public Internet alone (CWE-918, OWASP's SSRF).

A name is judged by the very address that is connected to, so that its DNS can't answer once for
the check and once for the connection.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from django.utils.translation import gettext as _

# RFC 6052 section 2.1: an IPv4 address behind a translator.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What IANA gives out at all; the rest is reserved, local or somebody's translator.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# RFC 5214 section 6.1: what precedes the IPv4 address in an interface identifier.
ISATAP = (0x00005EFE, 0x02005EFE)
# RFC 6761, 6762, 8375, ICANN's .internal; the rest is what routers at home and at work use.
LOCAL_ENDINGS = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home")
# How inet_aton writes an address or a part of one: "127.1", "0x7f000001", "2130706433".
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


class NotPublic(ConnectionRefusedError):  # noqa: N818
    """The text says so, and neither the address nor what is there."""


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Like socket.create_connection, to public addresses alone.

    Raises NotPublic or another OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(where[0]) for *_kind, where in found if is_public(str(where[0]))]
    if not addresses:
        raise NotPublic(
            _(
                "%(host)s is not on the public Internet. A host that was typed in the admin must "
                "be; one in a private network can be set in the environment."
            )
            % {"host": host}
        )
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure or OSError


def is_public(address: str) -> bool:
    """Whether this IP address, and one that it carries inside, is on the public Internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    if ip.ipv4_mapped is not None:
        return is_public(str(ip.ipv4_mapped))
    low = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in NAT64:
        return is_public(str(low))
    if ip not in GLOBAL_UNICAST:
        return False
    if ip.sixtofour is not None:
        return is_public(str(ip.sixtofour))
    if (int(ip) >> 32) & 0xFFFFFFFF in ISATAP and not is_public(str(low)):
        return False
    return ip.is_global


def is_obviously_private(host: str) -> bool:
    """Without asking DNS, which decides at each connection."""
    try:
        return not is_public(host)
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
    local = any(labels[-len(ending) :] == ending for ending in map(_labels, LOCAL_ENDINGS))
    return local or len(labels) == 1 or bool(NUMBER.fullmatch(labels[-1]))


def _labels(name: str) -> list[str]:
    return name.split(".")
