"""What holds on SQLite holds on PostgreSQL too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import components
from tests.site_process import ROOT

MAIN_PATH = [
    "test_backend.py",
    "test_delivery.py",
    "test_delivery_faults.py",
    "test_each.py",
    "test_locks.py",
    "test_looking.py",
    "test_prunemail.py",
    "test_resend.py",
    "test_sealing.py",
    "test_seedmail.py",
    "test_tallying.py",
]


@pytest.mark.needs("PostgreSQL")
def test_the_main_path_holds_on_postgresql():
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *(f"tests/{name}" for name in MAIN_PATH)],
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
            "DATABASE_URL": components.postgresql(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:]
