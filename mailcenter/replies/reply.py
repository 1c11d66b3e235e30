"""The server's words as data."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    """Where in the conversation a reply was given (RFC 5321 section 3)."""

    CONNECT = "connect", _("connecting")
    TLS = "tls", _("TLS")
    EHLO = "ehlo", _("greeting")
    AUTH = "auth", _("log-in")
    MAIL = "mail", _("sender")
    RCPT = "rcpt", _("recipient")
    DATA = "data", _("announcing the content")
    BODY = "body", _("content")
    DONE = "done", _("done")


class Failure(TextChoices):
    """Why there is no reply, where the server gave none."""

    NONE = "", _("none")
    DNS = "dns", _("the name was not found")
    REFUSED = "refused", _("connection refused")
    TIMEOUT = "timeout", _("timed out")
    CLOSED = "closed", _("connection closed")
    NETWORK = "network", _("network unreachable")
    TLS = "tls", _("TLS failed")
    PROTOCOL = "protocol", _("not an SMTP reply, or a command that the server does not offer")
    SIZE = "size", _("larger than the server allows")
    INTERNAL = "internal", _("error inside the mail program")
    CREDENTIALS = "credentials", _("no authorization code is configured")


# RFC 3463 section 2: class "." subject "." detail, at the start of the text.
ENHANCED_CODE = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")

# Some providers repeat the client's public address (RFC 5321 section 4.1.3 for the brackets).
IPV4 = re.compile(r"\[?(?<!\d)(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)\]?")
IPV6 = re.compile(
    r"\[?(?:IPv6:)?(?<![0-9a-z])((?:[0-9a-f]{0,4}:){2,}[0-9a-f:.]*)\]?", re.IGNORECASE
)
ADDRESS_MASK = "[address]"

# PostgreSQL stores no NUL, and a terminal obeys the others.
CONTROLS = dict.fromkeys({*range(32), 127} - set(b"\t\n"), "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True)
class Reply:
    """One SMTP reply (RFC 5321 section 4.2), or a failure to get one.

    code: three digits, or None where no reply came.
    text: the lines joined with a newline, without the codes; client addresses masked.
    enhanced: the parsed status code such as ``5.1.1`` (RFC 3463), or "".
    failure: why there is no code.
    """

    code: int | None
    text: str = ""
    enhanced: str = ""
    failure: Failure = Failure.NONE

    @staticmethod
    @functools.lru_cache(maxsize=256)
    def parse(code: int, raw: bytes) -> Reply:
        """A reply as it came: ``raw`` holds the lines without their codes; any bytes will do."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            # Chinese servers answer in GBK, which GB18030 contains.
            text = raw.decode("gb18030", errors="replace")
        lines = re.split(r"\r\n|\r|\n", text)
        text = "\n".join(line.strip() for line in lines).strip().translate(CONTROLS)
        enhanced = ENHANCED_CODE.match(text)
        return Reply(code, mask_addresses(text), enhanced[0] if enhanced else "")

    def __str__(self) -> str:
        enhanced = "" if self.text.startswith(self.enhanced) else self.enhanced
        words = [str(self.code or ""), enhanced, self.text or str(self.failure.label)]
        return " ".join(word for word in words if word)

    @property
    def positive(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


def mask_addresses(text: str) -> str:
    """``text`` with each IPv4 and IPv6 literal replaced."""
    return IPV4.sub(ADDRESS_MASK, IPV6.sub(_mask_ipv6, text))


def _mask_ipv6(match: re.Match[str]) -> str:
    # "12:30:45" and "a::" in a sentence look alike; only real addresses go.
    literal = match[1].rstrip(":.") if not match[1].endswith("::") else match[1]
    try:
        IPv6Address(literal)
    except AddressValueError:
        return match[0]
    return ADDRESS_MASK + match[1][len(literal) :]
