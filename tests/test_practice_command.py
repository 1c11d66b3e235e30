"""``manage.py practiceserver``."""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.long


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """In a process of its own, since it takes the signals of the one it runs in."""
    settings = folder / "practice_settings.py"
    settings.write_text(
        "from tests.settings import *\n"
        f"MAILCENTER = {{**MAILCENTER, 'PRACTICE_DIR': {str(folder / 'practice')!r}}}\n"
    )
    return subprocess.Popen(
        [sys.executable, "manage.py", "practiceserver", *arguments],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "practice_settings",
            "PYTHONPATH": str(folder),
            **environment,
        },
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_runs_until_sigterm(tmp_path: Path) -> None:
    process = run(tmp_path, "--port", "0")
    assert process.stdout
    line = process.stdout.readline()
    port = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert port, process.communicate()
    context = ssl.create_default_context(cafile=tmp_path / "practice" / "cert.pem")
    with smtplib.SMTP_SSL("127.0.0.1", int(port[1]), context=context, timeout=10) as client:
        assert client.noop()[0] == 250
    process.terminate()
    rest, _errors = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")


def test_a_taken_port_gives_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        output, errors = run(tmp_path, "--port", port).communicate(timeout=60)
    assert output == ""
    assert errors.count("\n") == 1
    assert port in errors


@pytest.mark.parametrize("provider", ["qq", "custom"])
def test_the_command_refuses_another_provider(settings: Any, provider: str) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": {"PROVIDER": provider}}
    with pytest.raises(CommandError, match="practice"):
        call_command("practiceserver", port=0)
