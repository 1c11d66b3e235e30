"""The project's settings, with what tests need otherwise."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "tests only, 50 characters or more, not a secret at all")
for _name in [n for n in os.environ if n.startswith("MAIL") or n in {"EMAIL_URL", "HTTPS"}]:
    del os.environ[_name]
# The tests' own account is the practice server's; what stands in .env must not count.
os.environ.update(MAIL_PROVIDER="practice", MAIL_ADDRESS="site@practice.test", MAIL_AUTH_CODE="")

from project.settings import *  # noqa: E402, F403
from project.settings import DATABASES, MAILCENTER, STORAGES  # noqa: E402

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
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MAILCENTER["PRACTICE_DIR"] = str(TEST_DIR / "practice")
