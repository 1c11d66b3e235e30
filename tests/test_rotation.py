"""A code stored ahead takes the place of the refused one: once, without losing a mail."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

from mailcenter import sealing
from mailcenter.delivery import rotation
from mailcenter.delivery.accounts import from_row
from mailcenter.engines.worker import Worker
from mailcenter.management.commands import rotatekeys
from mailcenter.models import Account, AccountEvent, Attempt, Message
from mailcenter.replies import Reply
from tests.factories import MessageFactory
from tests.site_process import PATIENCE, SiteProcess, database, until
from tests.smtp_server import HANG_UP, ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = "firstfirstfirstf"
SECOND = "secondsecondseco"
REFUSED = b"535 Login Fail. Please enter your authorization code."
Kind = AccountEvent.Kind


@pytest.fixture(autouse=True)
def _operators(settings: Any) -> None:
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    settings.ADMINS = [("Wang", "wang@example.com")]


def only(*codes: str) -> Any:
    """An AUTH that takes these alone."""

    def answer(argument: str) -> bytes | None:
        given = base64.b64decode(argument.partition(" ")[2]).decode().split("\0")[2]
        return None if given in codes else REFUSED

    return answer


def shop(server: ScriptedServer, second: str | None = SECOND) -> Account:
    """An operator's account whose mail nobody else may take over."""
    return Account.objects.create(
        slug="shop",
        preset="practice",
        address="shop@practice.test",
        port=server.port,
        security="ssl",
        ca_file=server.ca_file,
        kinds=["none"],
        sealed_secret=sealing.seal(FIRST.encode()),
        sealed_next_secret=sealing.seal(second.encode()) if second else None,
        next_secret_set_at=timezone.now() if second else None,
    )


def own_site(send_through: Any, server: ScriptedServer) -> None:
    """The environment's account works, and takes over nothing."""
    send_through(server, KINDS="none")


def mail() -> Message:
    return MessageFactory(account_id="shop", from_email="shop@practice.test")


def work() -> None:
    Worker().run_once()


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def code(account: Account) -> str:
    return sealing.unseal(bytes(again(account).sealed_secret)).decode()


def events() -> list[str]:
    """Oldest first, with the account's own pauses and codes alone."""
    rows = AccountEvent.objects.filter(account_id="shop").order_by("at", "pk")
    return list(rows.values_list("kind", flat=True))


def test_the_mail_waits_and_is_sent_once_with_the_second_code(
    send_through: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedServer({"AUTH": only(SECOND, "abcdefghijklmnop")}) as server:
        own_site(send_through, server)
        account = shop(server)
        stored_ahead_at = account.next_secret_set_at
        message = mail()
        work()
        assert again(message).status == Message.Status.QUEUED
        tried = [password for _user, password in server.credentials]
        # The refused code is tried by nobody again.
        assert tried.count(FIRST) == 1
        work()
    assert again(message).status == Message.Status.SENT
    outcomes = message.attempts.order_by("number").values_list("outcome", flat=True)
    assert list(outcomes) == [Attempt.Outcome.DEFERRED, Attempt.Outcome.ACCEPTED]
    sent = [mail for mail in server.accepted if mail.sender == "shop@practice.test"]
    assert len(sent) == 1
    account = again(account)
    assert code(account) == SECOND
    assert account.secret_set_at == stored_ahead_at
    assert account.sealed_next_secret is account.next_secret_set_at is None
    assert (account.paused_until, account.pauses) == (None, 0)
    assert events() == [Kind.ROTATED, Kind.RESUMED]
    (record,) = [r for r in caplog.records if r.name == rotation.__name__]
    assert record.levelname == "ERROR"
    assert "shop@practice.test" in record.getMessage()
    told = Message.objects.get(kind="system")
    assert told.recipients.get().address == "wang@example.com"
    raw = next(m.raw for m in server.accepted if m.recipients == ["wang@example.com"])
    everything = [caplog.text, *AccountEvent.objects.values_list("reason", flat=True), str(raw)]
    everything += [str(attempt.dialogue) for attempt in Attempt.objects.all()]
    assert not [text for text in everything if FIRST in text or SECOND in text]


def test_a_running_worker_goes_on_by_itself(send_through: Any, settings: Any) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "SWEEP_SECONDS": 0.2}
    with ScriptedServer({"AUTH": only(SECOND, "abcdefghijklmnop")}) as server:
        own_site(send_through, server)
        shop(server)
        message = mail()
        worker = Worker()

        def run() -> None:
            worker.run()
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            until(lambda: again(message).status == Message.Status.SENT)
        finally:
            worker.stop()
            thread.join(PATIENCE)
    assert Kind.PAUSED not in events()
    assert events()[0] == Kind.ROTATED
    assert len([m for m in server.accepted if m.sender == "shop@practice.test"]) == 1


def test_where_both_are_refused_the_account_is_paused(send_through: Any) -> None:
    with ScriptedServer({"AUTH": only("abcdefghijklmnop")}) as server:
        own_site(send_through, server)
        account = shop(server)
        message = mail()
        for _round in range(4):
            work()
    tried = [password for _user, password in server.credentials]
    assert (tried.count(FIRST), tried.count(SECOND)) == (1, 1)
    account = again(account)
    assert account.is_paused
    assert "535" in account.pause_reason
    assert account.sealed_next_secret is None
    assert events() == [Kind.ROTATED, Kind.RESUMED, Kind.PAUSED]
    assert again(message).status == Message.Status.QUEUED
    assert Message.objects.filter(kind="system").count() == 1


def test_without_a_second_code_the_account_is_paused(send_through: Any) -> None:
    with ScriptedServer({"AUTH": only("abcdefghijklmnop")}) as server:
        own_site(send_through, server)
        account = shop(server, second=None)
        mail()
        work()
    assert again(account).is_paused
    assert events() == [Kind.PAUSED]
    assert not Message.objects.filter(kind="system").exists()


@pytest.mark.parametrize(
    "script", [{"AUTH": HANG_UP}, {"AUTH": b"454 4.7.0 Temporary failure"}, {"RCPT": REFUSED}]
)
def test_other_trouble_does_not_use_up_the_second_code(send_through: Any, script: Any) -> None:
    with ScriptedServer(script) as server:
        own_site(send_through, server)
        account = shop(server)
        mail()
        work()
    assert code(account) == FIRST
    assert again(account).sealed_next_secret
    assert Kind.ROTATED not in events()


ADD_SHOP = """
from django.utils import timezone
from mailcenter import sealing
from mailcenter.models import Account, Message
Account.objects.create(
    slug="shop", preset="practice", address="shop@practice.test", port={port}, security="ssl",
    ca_file={ca_file!r}, kinds=["none"], sealed_secret=sealing.seal({first!r}.encode()),
    sealed_next_secret=sealing.seal({second!r}.encode()), next_secret_set_at=timezone.now(),
)
Message.objects.update(account="shop")
"""


@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("PostgreSQL"))]
)
@pytest.mark.long
def test_two_worker_processes_send_each_mail_once_and_rotate_once(
    tmp_path: Path, kind: str
) -> None:
    with (
        ScriptedServer({"AUTH": only(SECOND, "abcdefghijklmnop")}) as server,
        database(kind, tmp_path) as url,
    ):
        site = SiteProcess(tmp_path, {**server.environment(), "MAIL_KINDS": "none"}, url)
        for number in range(4):
            site.queue(f"{number}@example.com")
        values = {"first": FIRST, "second": SECOND, "ca_file": server.ca_file}
        code = ADD_SHOP.format(port=server.port, **values)
        site.manage("shell", "--verbosity", "0", "--command", code)
        statuses = "SELECT DISTINCT status FROM mailcenter_message"
        with site.worker(), site.worker():
            until(lambda: site.rows(statuses) == [("sent",)])
        kinds = [kind for (kind,) in site.rows("SELECT kind FROM mailcenter_accountevent")]
    assert kinds.count(Kind.ROTATED) == 1
    assert Kind.PAUSED not in kinds
    assert sorted(mail.recipients[0] for mail in server.accepted) == [
        f"{number}@example.com" for number in range(4)
    ]


REPLY = Reply(535, "Login Fail.")


def test_several_workers_put_it_in_place_once() -> None:
    with ScriptedServer() as server:
        account = shop(server)
    refused = from_row(account)
    assert [rotation.gives_way(refused, REPLY) for _worker in range(3)] == [True, True, True]
    assert code(account) == SECOND
    assert events() == [Kind.ROTATED]
    assert Message.objects.filter(kind="system").count() == 1
    # Held, or who has yet to read the new one would try the old one again.
    assert again(account).is_paused
    assert again(account).paused_secret_digest == sealing.digest(FIRST)


def test_who_has_yet_to_read_the_new_code_waits_without_a_pause() -> None:
    with ScriptedServer() as server:
        account = shop(server)
    refused = from_row(account)
    assert rotation.gives_way(refused, REPLY)
    Account.objects.filter(pk="shop").resume()
    assert rotation.gives_way(refused, REPLY)
    assert again(account).is_paused
    assert again(account).pauses == 0
    assert events() == [Kind.ROTATED, Kind.RESUMED]


def test_of_two_that_have_read_the_same_row_one_puts_it_in_place() -> None:
    with ScriptedServer() as server:
        account = shop(server)
    read = bytes(account.sealed_secret or b"")
    values = {"until": timezone.now(), "reason": "535", "secret_digest": "x"}
    assert Account.objects.promote("shop", read, **values)
    Account.objects.filter(pk="shop").update(sealed_next_secret=sealing.seal(b"third"))
    assert not Account.objects.promote("shop", read, **values)
    assert code(account) == SECOND
    assert events() == [Kind.ROTATED]


def test_a_code_that_no_key_opens_takes_no_place(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedServer() as server:
        account = shop(server)
    Account.objects.filter(pk="shop").update(sealed_next_secret=b"under a key that is gone")
    assert not rotation.gives_way(from_row(account), REPLY)
    assert code(account) == FIRST
    assert "MAILCENTER_KEYS" in caplog.text
    assert FIRST not in caplog.text


def test_an_alert_that_can_not_be_queued_hinders_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(subject: str, text: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(rotation, "mail_admins", broken)
    with ScriptedServer() as server:
        account = shop(server)
    assert rotation.gives_way(from_row(account), REPLY)
    assert code(account) == SECOND
    assert "could not be told" in caplog.text


# The keys that seal them


def test_rotatekeys_seals_all_that_is_sealed_again(settings: Any, capsys: Any) -> None:
    def keys(*names: str) -> None:
        settings.MAILCENTER = {**settings.MAILCENTER, "KEYS": list(names)}

    columns = [f.name for f in Account._meta.fields if isinstance(f, models.BinaryField)]
    assert sorted(columns) == sorted(rotatekeys.COLUMNS)
    keys("old")
    sealed = {column: sealing.seal(column.encode()) for column in columns}
    Account.objects.create(slug="shop", **sealed)
    keys("new", "old")
    call_command("rotatekeys")
    assert f"{len(columns)} codes and tokens" in capsys.readouterr().out
    keys("new")
    row = Account.objects.values(*columns).get(slug="shop")
    assert {c: sealing.unseal(bytes(row[c])).decode() for c in columns} == {c: c for c in columns}
