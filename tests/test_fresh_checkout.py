"""A checkout in which nothing has run yet."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys

from tests.site_process import ROOT


def test_migrate_needs_no_step_before_it(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy(ROOT / "manage.py", checkout)
    for folder in ("project", "mailcenter", "templates"):
        shutil.copytree(ROOT / folder, checkout / folder)
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("MAIL", "DJANGO", "DATABASE"))
    }
    result = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=checkout,
        env={**inherited, "SECRET_KEY": "given by the operator, so that none is made here"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert (checkout / "var" / "mailcenter.sqlite3").exists()
    assert stat.S_IMODE((checkout / "var").stat().st_mode) == 0o700
