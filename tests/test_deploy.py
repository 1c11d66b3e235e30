"""What `deploy/` starts exists, and starts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import find_commands, get_commands

from tests.site_process import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HOME = "/srv/mailcenter/"
ENGINES = {"embedded", "celery", "tasks"}


def started() -> Iterator[tuple[str, list[str]]]:
    """Where a command stands, and its words."""
    for unit in UNITS:
        for command in re.findall(r"^ExecStart(?:Pre)?=(.+)$", unit.read_text(), re.MULTILINE):
            program, *words = shlex.split(command)
            assert program.startswith(f"{HOME}.venv/bin/")
            yield unit.name, [Path(program).name, *words]
    for name, service in SERVICES.items():
        if "command" in service:
            yield f"compose: {name}", service["command"]


def options(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("-")}


@pytest.mark.parametrize(
    ("where", "words"), [pytest.param(*found, id=found[0]) for found in started()]
)
def test_each_command_exists_with_its_options(where, words):
    assert (Path(sys.executable).parent / words[0]).exists()
    match words:
        case ["python", "manage.py", command, *rest]:
            tasks = find_spec("django_tasks_db").submodule_search_locations[0]
            assert command in {*get_commands(), *find_commands(f"{tasks}/management")}
            if command != "db_worker":
                assert options(rest) <= said_by("manage.py", command)
        case ["celery", "-A", "project", command]:
            assert command in {"worker", "beat"}
            assert find_spec("project.celery")
        case ["gunicorn", *rest, application]:
            assert options(rest) <= said_by("-m", "gunicorn")
            assert (ROOT / rest[rest.index("--config") + 1]).exists()
            assert find_spec(application)
        case _:
            pytest.fail(f"{where} starts something unknown")


def said_by(*program: str) -> set[str]:
    """The options that its --help names."""
    shown = subprocess.run(
        [sys.executable, *program, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return set(re.findall(r"--[\w-]+", shown))


@pytest.mark.needs("systemd")
def test_systemd_finds_no_fault_in_the_units(tmp_path):
    for unit in [*UNITS, *DEPLOY.glob("*.timer")]:
        # Templates are verified by the name of an instance.
        copy = tmp_path / unit.name.replace("@.", "@1.")
        text = re.sub(rf"{HOME}\.venv/bin/\w+", sys.executable, unit.read_text())
        copy.write_text(text.replace(f"={HOME.rstrip('/')}\n", f"={tmp_path}\n"))
    # Not the machine's own: neighbours such as postgresql.service need not exist.
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_each_engine_has_a_worker_a_sweep_and_what_they_wait_for():
    by_engine = {
        engine: {
            name
            for name, service in SERVICES.items()
            if engine in service.get("profiles", [engine])
        }
        for engine in ENGINES
    }
    always = {"migrate", "site", "postgresql"}
    assert by_engine == {
        "embedded": always | {"worker"},
        "celery": always | {"celery", "beat", "rabbitmq"},
        "tasks": always | {"tasks", "sweep"},
    }
    for names in by_engine.values():
        for name in names:
            assert set(SERVICES[name].get("depends_on", {})) <= names


def test_each_worker_has_time_to_finish_the_mail_in_hand():
    sends = ("mailworker", "db_worker", "worker")
    for where, words in started():
        if words[-1] not in sends:
            continue
        if where.startswith("compose"):
            assert SERVICES[where.removeprefix("compose: ")]["stop_grace_period"] == "11m"
        else:
            assert "TimeoutStopSec=660\n" in (DEPLOY / where).read_text()


def test_volumes_and_published_ports_are_meant():
    assert set(COMPOSE["volumes"]) == {
        volume.partition(":")[0] for s in SERVICES.values() for volume in s.get("volumes", [])
    }
    # A port published without an address is open to the world, past the host's firewall.
    assert [port for s in SERVICES.values() for port in s.get("ports", [])] == [
        "127.0.0.1:8000:8000"
    ]


def test_the_image_gets_what_the_site_needs_and_no_secret():
    copied = re.findall(r"^COPY (\S+) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert copied == ["requirements*.txt", "manage.py", "project", "mailcenter", "templates"]
    assert all(list(ROOT.glob(path)) for path in copied)
    for engine in ENGINES - {"embedded"}:
        assert (ROOT / f"requirements-{engine}.txt").exists()
