"""The project's settings with the peers beside it, all on the same database.

What changes from run to run comes as variables named ``BENCH_…``; see site.py.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, MAILCENTER

PEERS = [name for name in ("post_office", "mailer") if find_spec(name)]
INSTALLED_APPS += [*PEERS, "benchmarks.plain_transport.PlainTransport"]

# Ours

for _key in ("CONNECTIONS", "SMTP_FRESH_SECONDS"):
    if _value := os.environ.get(f"BENCH_{_key}"):
        MAILCENTER[_key] = float(_value) if "SECONDS" in _key else int(_value)
BENCH_TLS = os.environ.get("BENCH_TLS") == "yes"

# Theirs: what they send through is Django's own backend. It trusts SSL_CERT_FILE.

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("BENCH_PORT", "0"))
EMAIL_USE_SSL = BENCH_TLS
EMAIL_HOST_USER = os.environ["MAIL_ADDRESS"] if BENCH_TLS else ""
EMAIL_HOST_PASSWORD = os.environ["BENCH_PASSWORD"] if BENCH_TLS else ""

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
POST_OFFICE: dict[str, object] = {"BACKENDS": {"default": SMTP_BACKEND}}
for _key in ("BATCH_SIZE", "THREADS_PER_PROCESS"):
    if _value := os.environ.get(f"BENCH_{_key}"):
        POST_OFFICE[_key] = int(_value)

MAILER_EMAIL_BACKEND = SMTP_BACKEND
MAILER_LOCK_PATH = str(Path(os.environ["BENCH_FOLDER"]) / "mailer")
MAILER_USE_FILE_LOCK = os.environ.get("BENCH_FILE_LOCK") != "no"
