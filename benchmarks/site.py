"""A site with an empty database of its own, for one series of measurements."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from mailcenter.practice import certificate

ROOT = Path(__file__).parent.parent
ADDRESS = "site@sink.test"
# The account must be allowed to create databases.
POSTGRESQL_URL = os.environ.get(
    "TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)


def postgresql_version() -> str:
    """Of the server, or "" where none answers."""
    try:
        with psycopg.connect(POSTGRESQL_URL, connect_timeout=3) as connection:
            return str(connection.info.parameter_status("server_version"))
    except psycopg.OperationalError:
        return ""


@contextmanager
def folder_with_certificate() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mailcenter-bench-") as name:
        certificate.ensure(Path(name))
        yield Path(name)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: "sqlite" or "postgresql"."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'site.sqlite3'}"
        return
    name = f"mailcenter_bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield POSTGRESQL_URL.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def environment(folder: Path, database_url: str) -> dict[str, str]:
    """What every process of the site gets; ``folder`` has the certificate. Migrates."""
    ca_file = str(folder / "cert.pem")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAIL", "BENCH_", "PYTEST_"))
    }
    given = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "off",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": "http://127.0.0.1:8000",
        "HTTPS": "off",
        # A certificate authority for our account, and for whoever uses Python's default.
        "MAIL_CA_FILE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "BENCH_FOLDER": str(folder),
        "BENCH_PASSWORD": secrets.token_hex(8),
    }
    given |= account(given, port=1, tls=True)
    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(manage, env=given, cwd=ROOT, check=True)  # noqa: S603
    return given


def account(given: dict[str, str], port: int, tls: bool) -> dict[str, str]:
    """Variables that lead a process to the server at ``port``."""
    user = f"{quote(ADDRESS)}:{given['BENCH_PASSWORD']}"
    return {
        "MAIL_PROVIDER": "custom",
        "MAIL_ADDRESS": ADDRESS,
        "MAIL_HOST": "",
        "MAIL_PORT": "",
        "MAIL_SECURITY": "",
        "MAIL_FROM_NAME": "",
        "MAIL_AUTH_CODE": "",
        "EMAIL_URL": f"smtp+ssl://{user}@127.0.0.1:{port}",
        "BENCH_PORT": str(port),
        "BENCH_TLS": "yes" if tls else "no",
    }
