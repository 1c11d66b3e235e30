"""Ways to hand a mail to a provider. A transport knows no model."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from mailcenter import conf
from mailcenter.transports.account import SendingAccount, environment_account
from mailcenter.transports.base import (
    Envelope,
    Following,
    OnStage,
    Receipt,
    Step,
    Transcript,
    Transport,
)
from mailcenter.transports.presets import PRACTICE_ADDRESS, PRACTICE_CODE, PRESETS, Limits, Preset
from mailcenter.transports.problems import problems
from mailcenter.transports.smtp import SmtpTransport

__all__ = [
    "PRACTICE_ADDRESS",
    "PRACTICE_CODE",
    "PRESETS",
    "Envelope",
    "Following",
    "Limits",
    "OnStage",
    "Preset",
    "Receipt",
    "SendingAccount",
    "SmtpTransport",
    "Step",
    "Transcript",
    "Transport",
    "environment_account",
    "open_transport",
    "problems",
]


def open_transport(account: SendingAccount) -> Transport:
    """A transport that isn't connected yet; close() it when done."""
    if account.preset.slug == "anymail":
        # Here, so that only who sends through a service waits for its HTTP client to load.
        from mailcenter.transports.esp import EspTransport

        return EspTransport(account)
    return SmtpTransport(
        account,
        local_hostname=_client_name(),
        timeout=conf.get("SMTP_TIMEOUT_SECONDS"),
        reply_timeout=conf.get("SMTP_REPLY_TIMEOUT_SECONDS"),
        fresh_seconds=conf.get("SMTP_FRESH_SECONDS"),
    )


def _client_name() -> str:
    """The site's host as EHLO names it: a domain or an address literal (RFC 5321 4.1.3)."""
    host = urlsplit(conf.get("SITE_URL")).hostname or "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.encode("idna").decode("ascii")
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
