"""Real servers and browsers that some tests need, and where to find them."""

from __future__ import annotations

import functools
import os
import shutil

import psycopg

# The account must be allowed to create databases.
POSTGRESQL_URL = os.environ.get(
    "TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
MAIL_SERVER_PROGRAMS = ("postfix", "dovecot", "/usr/lib/dovecot/imap", "/usr/lib/dovecot/lmtp")
RABBITMQ_URL = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def postgresql() -> str:
    """Its URL, or "" where none answers."""
    try:
        psycopg.connect(POSTGRESQL_URL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return ""
    return POSTGRESQL_URL


@functools.cache
def rabbitmq() -> str:
    """Its URL, or "" where none answers."""
    return RABBITMQ_URL if _broker_answers(RABBITMQ_URL) else ""


@functools.cache
def redis() -> str:
    """Its URL, or "" where none answers."""
    return REDIS_URL if _broker_answers(REDIS_URL) else ""


def _broker_answers(url: str) -> bool:
    # Not part of the default install.
    from kombu import Connection
    from kombu.exceptions import OperationalError

    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=0, timeout=3)
    except OperationalError:
        return False
    return True


@functools.cache
def chromium() -> str:
    """The path of the browser, or ""."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), "")


@functools.cache
def gettext() -> str:
    """The path of one of its programs, or ""."""
    return shutil.which("xgettext") or ""


@functools.cache
def mail_server() -> str:
    """The path of Postfix, or "" where it or Dovecot is missing or can't be started."""
    found = all(map(shutil.which, MAIL_SERVER_PROGRAMS))
    return (shutil.which("postfix") or "") if found and os.geteuid() == 0 else ""


@functools.cache
def systemd() -> str:
    """The path of the program that reads units, or ""."""
    return shutil.which("systemd-analyze") or ""


@functools.cache
def spamassassin() -> str:
    """The path of the program, or ""."""
    return shutil.which("spamassassin") or ""


PROBES = {
    "PostgreSQL": postgresql,
    "RabbitMQ": rabbitmq,
    "Redis": redis,
    "Chromium": chromium,
    "gettext": gettext,
    "systemd": systemd,
    "SpamAssassin": spamassassin,
    "Postfix and Dovecot": mail_server,
}
