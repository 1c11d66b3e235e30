from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import translation

from tests.components import PROBES
from tests.smtp_server import ScriptedServer

# About row locks, which SQLite has none of: test_postgresql.py runs it.
collect_ignore = [] if connection.vendor == "postgresql" else ["test_locks.py"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        (component,) = marker.args
        item.user_properties.append(("component", component))
        if not PROBES[component]():
            missing = f"this machine has no {component}"
            # CI must show the whole program.
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    def components(*outcomes: str) -> set[str]:
        return {
            value
            for outcome in outcomes
            for report in terminalreporter.stats.get(outcome, [])
            for name, value in getattr(report, "user_properties", [])
            if name == "component"
        }

    exercised = components("passed", "failed")
    missing = {name for name in components("skipped") if not PROBES[name]()}
    terminalreporter.section("real components")
    terminalreporter.line("exercised: " + (", ".join(sorted(exercised - missing)) or "none"))
    terminalreporter.line("missing on this machine: " + (", ".join(sorted(missing)) or "none"))


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """What is said outside a request is compared in the sources' language."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _nothing_that_another_test_has_read() -> None:
    """Published templates and the overview's tallies are remembered; here the rows are gone."""
    from mailcenter.admin.dashboard.counted import tallies
    from mailcenter.rendering import sources

    sources.forget()
    tallies.cache_clear()


@pytest.fixture
def send_through(settings) -> Callable[..., None]:
    """Make a scripted server the site's account."""

    def use(server: ScriptedServer, **account: str) -> None:
        given = server.environment()
        settings.MAILCENTER = {
            **settings.MAILCENTER,
            "ACCOUNT": {
                "PROVIDER": given["MAIL_PROVIDER"],
                "ADDRESS": given["MAIL_ADDRESS"],
                "PASSWORD": given["MAIL_AUTH_CODE"],
                "HOST": given["MAIL_HOST"],
                "PORT": given["MAIL_PORT"],
                "SECURITY": given["MAIL_SECURITY"],
                "CA_FILE": given["MAIL_CA_FILE"],
                **account,
            },
        }

    return use
