"""A checkout in which nothing has run yet."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site_process import ROOT

pytestmark = pytest.mark.long


def manage(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ours = ("MAIL", "DJANGO", "DATABASE")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=checkout,
        env={**inherited, "SECRET_KEY": "given by the operator, so that none is made here"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "manage.py", folder)
    for part in ("project", "mailcenter", "templates"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


def test_migrate_needs_no_step_before_it(checkout):
    result = manage(checkout, "migrate", "--verbosity", "0")
    assert (result.returncode, result.stderr) == (0, "")
    assert (checkout / "var" / "mailcenter.sqlite3").exists()
    assert stat.S_IMODE((checkout / "var").stat().st_mode) == 0o700


def test_what_the_site_s_unit_runs_before_the_start_works(checkout):
    unit = (ROOT / "deploy" / "mailcenter-site.service").read_text()
    commands = re.findall(r"^ExecStartPre=\S+ manage\.py (.+)$", unit, re.MULTILINE)
    assert commands
    for command in commands:
        result = manage(checkout, *command.split())
        assert result.returncode == 0, result.stderr
