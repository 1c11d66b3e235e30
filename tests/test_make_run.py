"""`make run` before anything runs: what stands in its way is said in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from tests.site_process import ROOT

pytestmark = pytest.mark.long


def run(tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAIL", "DJANGO"))}
    return subprocess.run(
        [sys.executable, "-m", "project.run"],
        cwd=ROOT,
        env={
            **inherited,
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
            "LC_ALL": "C",
            "MAIL_PROVIDER": "practice",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("variable", ["PORT", "MAIL_PORT"])
def test_a_taken_port_is_named_with_the_way_out(tmp_path, variable):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as spare,
    ):
        free = spare.getsockname()[1]
        spare.close()
        port = taken.getsockname()[1]
        result = run(tmp_path, **{"PORT": str(free), variable: str(port)})
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"Port {port} is taken. Choose another one: make run {variable}={port + 1}"
    ]
    assert not (tmp_path / "db.sqlite3").exists()


def test_a_port_that_is_none_is_named(tmp_path):
    result = run(tmp_path, PORT="http")
    assert result.returncode == 1
    assert result.stderr.splitlines() == ["PORT must be a number from 1 to 65535, such as 8000."]


def test_a_wrong_account_stops_the_start(tmp_path):
    result = run(tmp_path, MAIL_PROVIDER="qq", MAIL_ADDRESS="10000@qq.com")
    assert result.returncode == 1
    assert "mailcenter.E101" in result.stderr
    assert "Traceback" not in result.stderr
