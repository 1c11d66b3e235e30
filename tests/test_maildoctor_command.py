"""``manage.py maildoctor``."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone, translation

from mailcenter import sealing
from mailcenter.doctor import other_port
from mailcenter.engines.worker import Worker
from mailcenter.management.commands import maildoctor
from mailcenter.models import Account, Checkup, Message
from tests.site_process import SiteProcess, database
from tests.smtp_server import ADDRESS, PASSWORD, ScriptedServer
from tests.test_doctor import closed_port

pytestmark = pytest.mark.django_db(transaction=True)

Use = Callable[..., None]


@pytest.fixture(autouse=True)
def _no_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {"ssl": closed_port(), "starttls": closed_port()}
    monkeypatch.setattr(other_port, "STANDARD_PORTS", ports)


def run(*arguments: str) -> tuple[str, str]:
    """What it writes, and what it fails with, or ""."""
    output, error = io.StringIO(), ""
    try:
        call_command("maildoctor", *arguments, stdout=output, stderr=output)
    except CommandError as raised:
        error = str(raised)
    assert PASSWORD not in output.getvalue() + error
    return output.getvalue(), error


def add_row(server: ScriptedServer, slug: str = "shop", **columns: Any) -> Account:
    """An operator's account that reaches the scripted server."""
    columns = {
        "preset": "practice",
        "address": f"{slug}@practice.test",
        "host": "127.0.0.1",
        "port": server.port,
        "security": "ssl",
        "ca_file": server.ca_file,
        "sealed_secret": sealing.seal(PASSWORD.encode()),
    } | columns
    return Account.objects.create(slug=slug, **columns)


def test_a_good_account_passes_and_nothing_is_sent(send_through: Use) -> None:
    with ScriptedServer() as server:
        send_through(server)
        output, error = run("--rcpt", "visitor@example.com")
        assert server.received == []
        assert server.count("RCPT") == 1
    assert error == ""
    assert output.startswith(f"environment  {ADDRESS}\n")
    assert "[ok] log-in (" in output
    assert "[failed]" not in output
    checkup = Checkup.objects.get()
    assert (checkup.ok, checkup.account_id, checkup.user_name) == (True, "environment", "")
    assert PASSWORD not in json.dumps(checkup.steps)


def test_a_failed_step_says_cause_and_cure_and_fails_the_command(send_through: Use) -> None:
    with ScriptedServer({"AUTH": b"535 Login fail. authorization code"}) as server:
        send_through(server)
        output, error = run()
    assert "[failed] log-in" in output
    assert "Said: 535 Login fail" in output
    assert "Cause: " in output
    assert "What to do: " in output
    assert error == "1 account has failed."


def test_it_speaks_the_terminals_language(send_through: Use) -> None:
    with ScriptedServer({"AUTH": b"535 Login fail. authorization code"}) as server:
        send_through(server)
        with translation.override("zh-hans"):
            output, _error = run()
    assert "授权码" in output
    assert "什么也没有发送" in output


def test_json_is_one_object_in_both_languages(send_through: Use) -> None:
    with ScriptedServer({"AUTH": b"535 Login fail."}) as server:
        send_through(server)
        add_row(server)
        output, error = run("--json")
    accounts = json.loads(output)["accounts"]
    assert [account["account"] for account in accounts] == ["environment", "shop"]
    assert [account["ok"] for account in accounts] == [False, False]
    (failed,) = [step for step in accounts[0]["steps"] if step["state"] == "failed"]
    assert failed["name"] == "auth"
    assert failed["cure"].keys() == {"zh", "en"}
    assert error == "2 accounts have failed."


def test_each_step_is_written_as_it_happens(send_through: Use) -> None:
    written = io.StringIO()
    seen: list[str] = []

    def look(_argument: str) -> bytes:
        seen.append(written.getvalue())
        return b"235 OK"

    with ScriptedServer({"AUTH": look}) as server:
        send_through(server)
        call_command("maildoctor", stdout=written)
    assert "what the server offers" in seen[0]
    assert "log-in" not in seen[0]


@pytest.mark.parametrize("wanted", ["shop", "Shop@practice.test"])
def test_one_account_is_chosen_by_slug_or_address(send_through: Use, wanted: str) -> None:
    with ScriptedServer() as server:
        send_through(server)
        add_row(server)
        output, error = run(wanted)
        assert [user for user, _code in server.credentials] == ["shop@practice.test"]
    assert (output.splitlines()[0], error) == ("shop  shop@practice.test", "")
    assert Checkup.objects.get().account_id == "shop"


def test_an_account_that_is_not_there_names_those_that_are(send_through: Use) -> None:
    with ScriptedServer() as server:
        send_through(server)
        add_row(server)
        add_row(server, "unused", enabled=False)
        _output, error = run("unused")
        assert server.connections == 0
    assert "environment, shop" in error


def test_settings_that_give_no_account_are_told_and_the_others_examined(
    settings: Any, send_through: Use
) -> None:
    with ScriptedServer() as server:
        send_through(server)
        broken = {"PROVIDER": "qq", "ADDRESS": "shop@qq.com", "PORT": "none", "NUMBER": 3}
        settings.MAILCENTER = {**settings.MAILCENTER, "MORE_ACCOUNTS": [broken]}
        add_row(server)
        add_row(server, "sealed-otherwise", sealed_secret=b"x")
        output, error = run("--json")
    first, third, lost, good = json.loads(output)["accounts"]
    assert (first["ok"], good["account"], good["ok"]) == (True, "shop", True)
    assert (third["account"], third["ok"]) == ("environment-3", False)
    assert "MAIL_PORT_3" in third["steps"][0]["finding"]["zh"]
    assert (lost["account"], lost["ok"]) == ("sealed-otherwise", False)
    assert error == "2 accounts have failed."


def test_without_a_database_the_environments_accounts_are_examined_all_the_same(
    send_through: Use,
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise OperationalError("no such table")

    with ScriptedServer() as server:
        send_through(server)
        with connection.execute_wrapper(refuse):
            output, error = run()
        assert server.count("AUTH") == 1
    assert (output.count("no such table"), error) == (1, "")


@pytest.mark.parametrize("option", ["--rcpt", "--send"])
def test_an_address_that_is_none_is_refused_at_once(send_through: Use, option: str) -> None:
    with ScriptedServer() as server:
        send_through(server)
        _output, error = run(option, "nobody")
        assert server.connections == 0
    assert "nobody" in error
    assert not Message.objects.exists()


@contextmanager
def working() -> Iterator[None]:
    """A worker beside the command."""
    worker = Worker()

    def work() -> None:
        try:
            worker.run()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


@pytest.mark.parametrize("slug", ["environment", "shop"])
def test_a_test_mail_goes_the_way_of_any_mail(send_through: Use, slug: str) -> None:
    with ScriptedServer() as server:
        send_through(server)
        add_row(server)
        with working():
            output, error = run(slug, "--send", "visitor@example.com")
        (received,) = server.accepted
    assert error == ""
    message = Message.objects.get()
    assert (message.kind, message.account_id, message.status) == ("system", slug, "sent")
    assert received.recipients == ["visitor@example.com"]
    assert received.sender == message.account.address
    assert "[ok] test mail" in output
    assert f"/mailcenter/message/{message.pk}/change/" in output


def test_a_test_mail_that_is_refused_fails(send_through: Use) -> None:
    with ScriptedServer({"BODY": b"550 Mail content denied"}) as server:
        send_through(server)
        with working():
            output, error = run("--send", "visitor@example.com", "--json")
    (account,) = json.loads(output)["accounts"]
    step = account["steps"][-1]
    assert (step["name"], step["state"], step["said"]) == (
        "send",
        "failed",
        "550 Mail content denied",
    )
    assert step["cure"]
    assert error


def test_after_a_failed_step_no_test_mail_is_queued(send_through: Use) -> None:
    with ScriptedServer({"AUTH": b"535 Login fail."}) as server:
        send_through(server)
        output, _error = run("--send", "visitor@example.com")
    assert "[not tried] test mail" in output
    assert not Message.objects.exists()


def test_a_test_mail_that_nobody_takes_names_the_worker(send_through: Use) -> None:
    with ScriptedServer() as server:
        send_through(server)
        output, error = run("--send", "visitor@example.com", "--wait", "0")
        assert server.received == []
    assert "mailworker" in output
    assert error
    assert Message.objects.get().status == "queued"


def test_where_no_worker_runs_the_test_mail_is_sent_all_the_same(
    send_through: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maildoctor, "WORKER_SECONDS", 0.1)
    with ScriptedServer() as server:
        send_through(server)
        output, error = run("--send", "visitor@example.com")
        assert [mail.recipients for mail in server.accepted] == [["visitor@example.com"]]
    assert error == ""
    assert "[ok] test mail" in output


def test_a_test_mail_that_a_pause_holds_back_says_so(send_through: Use) -> None:
    with ScriptedServer() as server:
        send_through(server)
        run()
        Account.objects.pause(
            "environment",
            until=timezone.now() + timedelta(hours=1),
            reason="535 Login fail.",
            secret_digest=sealing.digest(PASSWORD),
        )
        output, error = run("--send", "visitor@example.com", "--wait", "0")
    assert "535 Login fail." in output
    assert "paused" in output
    assert error


@pytest.mark.long
def test_as_a_process_its_exit_code_tells(tmp_path: Path) -> None:
    with database("sqlite", tmp_path) as url, ScriptedServer() as server:
        site = SiteProcess(tmp_path, server.environment(), url)
        site.manage("maildoctor")
        server.script["AUTH"] = b"535 Login fail."
        process = site.start("maildoctor", "--json")
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(output)["accounts"][0]["ok"] is False
    assert errors.strip() == "CommandError: 1 account has failed."


@pytest.mark.parametrize(
    "wrong",
    [
        {"MAIL_PROVIDER": "nonsense"},
        {"MAIL_PROVIDER": "qq", "MAIL_ADDRESS": "me@qq.com", "MAIL_AUTH_CODE": ""},
    ],
    ids=["unknown provider", "no code"],
)
def test_settings_that_stop_any_other_command_are_a_failed_step(wrong: dict[str, str]) -> None:
    # Not past the system checks, as call_command() is.
    done = subprocess.run(
        [sys.executable, "manage.py", "maildoctor", "--json"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": "1",
            "DATABASE_URL": "sqlite://:memory:",
            **wrong,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    (account,) = json.loads(done.stdout)["accounts"]
    assert (account["ok"], done.returncode) == (False, 1)
    first = account["steps"][0]
    assert (first["name"], first["state"]) == ("configuration", "failed")
    assert all(first[key]["zh"] and first[key]["en"] for key in ("finding",))
