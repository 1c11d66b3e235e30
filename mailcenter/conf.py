"""The settings dict ``MAILCENTER``, read here and nowhere else."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # Who wakes and executes: "embedded" (`manage.py mailworker`), "celery" or "tasks".
    "ENGINE": "embedded",
    # A worker owns a mail for so long without a heartbeat (seconds).
    "LEASE_SECONDS": 60,
    # Each SMTP step but the last (seconds).
    "SMTP_TIMEOUT_SECONDS": 30,
    # The reply to the final dot (seconds, RFC 5321 section 4.5.3.2.6).
    "SMTP_REPLY_TIMEOUT_SECONDS": 600,
    # A kept connection is used again for so long (seconds; QQ drops idle ones).
    "SMTP_FRESH_SECONDS": 60,
    # So many connections to one account, in one worker process.
    "CONNECTIONS": 6,
    # An account whose server can't be reached is left alone for so long (seconds).
    "BREAKER_SECONDS": 60,
    # Back-off doubles from base to max (seconds), for so many attempts.
    "RETRY_BASE_SECONDS": 30,
    "RETRY_MAX_SECONDS": 3600,
    "RETRY_MAX_ATTEMPTS": 30,
    # How often the worker judges expired leases and dead mails (seconds).
    "SWEEP_SECONDS": 10,
    # Sealed bytes of a mail without declared secrets go so long after its final state (days).
    "BODY_RETENTION_DAYS": 30,
    # Origin of every link in a mail; never a request's host.
    "SITE_URL": "http://127.0.0.1:8000",
    # What seals bodies and sessions: newest first; empty: derived from SECRET_KEY.
    "KEYS": [],
    # The account given by the environment; see transports/account.py for its keys.
    "ACCOUNT": {},
    "MORE_ACCOUNTS": [],
    # Where the practice server keeps its mails, its certificate and its token.
    "PRACTICE_DIR": "",
}


def get(name: str) -> Any:
    """The site's value of ``name``, else the default. Raises KeyError on an unknown name."""
    return getattr(settings, "MAILCENTER", {}).get(name, DEFAULTS[name])
