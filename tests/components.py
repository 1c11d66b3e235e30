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
def chromium() -> str:
    """The path of the browser, or ""."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), "")


@functools.cache
def gettext() -> str:
    """The path of one of its programs, or ""."""
    return shutil.which("xgettext") or ""


PROBES = {"PostgreSQL": postgresql, "Chromium": chromium, "gettext": gettext}
