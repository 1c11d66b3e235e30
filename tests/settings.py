"""The project's settings, with what tests need otherwise."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import environ

# Neither this machine's .env nor its shell may change what the tests see.
environ.Env.read_env = lambda *args, **options: None
for _name in ("EMAIL_URL", "HTTPS", "SITE_URL", "ALLOWED_HOSTS", "VERIFY_BY", "RESET_BY"):
    os.environ.pop(_name, None)
for _name in [name for name in os.environ if name.startswith(("MAIL", "EMAIL_URL", "ANYMAIL"))]:
    del os.environ[_name]
os.environ.setdefault("SECRET_KEY", "tests only, 50 characters or more, not a secret at all")

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, MAILCENTER  # noqa: E402

# One folder a process, so that two runs at a time don't meet.
TEST_DIR = Path(tempfile.mkdtemp(prefix="mailcenter-tests-"))
atexit.register(shutil.rmtree, TEST_DIR, ignore_errors=True)

DATABASES["default"]["TEST"] = {"NAME": f"test_mailcenter_{os.getpid()}"}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that threads and processes see one database as they do on a site.
    DATABASES["default"]["TEST"] = {"NAME": str(TEST_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILCENTER["PRACTICE_DIR"] = str(TEST_DIR / "practice")
