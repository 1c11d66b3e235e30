"""Old mail goes in small bites, and nothing waits for it."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from mailcenter import pruning
from mailcenter.engines.worker import Worker
from mailcenter.models import Attempt, Content, Message, OperatorAction, Recipient, TemplateVersion
from mailcenter.models.message import UNFINISHED
from tests.factories import AttemptFactory, MessageFactory, TemplateVersionFactory
from tests.smtp_server import ScriptedServer

Status = Message.Status


def finished(days: int, status: str = Status.SENT, **columns: Any) -> Message:
    """With one attempt, so many days ago."""
    at = timezone.now() - timedelta(days=days)
    message = MessageFactory(status=status, created_at=at, finished_at=at, **columns)
    AttemptFactory(message=message)
    return message


def prune(*arguments: str) -> str:
    output = io.StringIO()
    call_command("prunemail", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def left() -> set[int]:
    return set(Message.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_rows_go_with_all_that_belongs_to_them() -> None:
    version = TemplateVersionFactory()
    old = finished(91, template_version=version)
    OperatorAction.objects.create(message=old, verb="reveal", user_name="Wang Fang")
    young = finished(89, supersedes=old)
    assert prune("--older-than", "90") == "1 message is deleted.\n"
    assert left() == {young.pk}
    for model in (Attempt, Content, Recipient):
        assert model.objects.values_list("message", flat=True).get() == young.pk
    assert not OperatorAction.objects.exists()
    assert TemplateVersion.objects.get() == version


@pytest.mark.django_db
def test_bodies_go_and_what_the_log_shows_stays() -> None:
    old, young = finished(31, content__text="Hello"), finished(29)
    assert prune("--bodies-older-than", "30") == "1 body is erased.\n"
    content = Content.objects.get(message=old)
    assert content.sealed is None
    assert content.redacted["text"] == "Hello"
    assert Content.objects.get(message=young).sealed
    assert prune("--bodies-older-than", "30") == "0 bodies are erased.\n"


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(UNFINISHED))
def test_unfinished_mail_stays_however_old_it_is(status: str) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    # finished_at: as if it had been finished once, and then been resent.
    message = MessageFactory(status=status, created_at=long_ago, finished_at=long_ago)
    prune("--older-than", "1", "--bodies-older-than", "1")
    assert Content.objects.get(message=message).sealed
    with pytest.raises(CommandError):
        prune("--older-than", "1", "--status", status)


@pytest.mark.django_db
def test_only_the_chosen_statuses_go() -> None:
    sent = finished(9)
    for status in ("failed", "expired"):
        finished(9, status)
    prune("--older-than", "5", "--status", "failed", "expired")
    assert left() == {sent.pk}


@pytest.mark.django_db
def test_a_dry_run_counts_by_status_and_changes_nothing() -> None:
    for status in ("sent", "sent", "failed"):
        finished(9, status)
    said = prune("--older-than", "5", "--bodies-older-than", "3", "--dry-run")
    assert [line.split() for line in said.splitlines()] == [
        ["3", "bodies", "would", "be", "erased."],
        ["1", "failed"],
        ["2", "accepted", "by", "the", "provider"],
        ["3", "messages", "would", "be", "deleted."],
        ["1", "failed"],
        ["2", "accepted", "by", "the", "provider"],
    ]
    assert Content.objects.filter(sealed__isnull=False).count() == 3


@pytest.mark.parametrize(
    "arguments",
    [[], ["--dry-run"], ["--status", "sent"]],
)
def test_it_has_to_be_told_what_may_go(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--older-than DAYS") as refusal:
        prune(*arguments)
    assert refusal.value.returncode == 2


@pytest.mark.parametrize("days", ["0", "-3", "soon", "1.5"])
def test_days_are_whole_and_at_least_one(days: str) -> None:
    with pytest.raises(CommandError, match="1 or more"):
        prune(f"--older-than={days}")


@pytest.mark.django_db
def test_every_batch_is_of_its_size_and_the_same_moment_does_not_stop_it() -> None:
    at = timezone.now() - timedelta(days=9)
    for _number in range(7):
        MessageFactory(status=Status.SENT, finished_at=at)
    assert list(pruning.erase_bodies(timezone.now(), ["sent"], 3)) == [3, 3, 1]
    assert list(pruning.delete(timezone.now(), ["sent"], 3)) == [3, 3, 1]
    assert not left()


@pytest.mark.parametrize(("held", "expected"), [(0.1, 50), (0.029, 100), (0.02, 150), (0.001, 150)])
def test_a_batch_that_held_the_lock_too_long_is_followed_by_a_smaller_one(
    held: float, expected: int
) -> None:
    assert pruning.next_size(100, held, 1000) == expected
    assert pruning.next_size(100, held, 120) <= 120
    assert pruning.next_size(pruning.SMALLEST_BATCH, 1, 1000) == pruning.SMALLEST_BATCH


@pytest.fixture
def outbox(settings: Any) -> None:
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


def in_another_thread(act: Any) -> None:
    """With a connection of its own, which waits for nobody's lock."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SET lock_timeout = '1s'")
                else:
                    cursor.execute("PRAGMA busy_timeout = 1000")
            act()
        except BaseException as error:
            trouble.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prunes", [pruning.erase_bodies, pruning.delete])
def test_a_worker_sends_between_two_batches(prunes: Any, outbox: None, send_through: Any) -> None:
    for _number in range(4):
        finished(9)
    with ScriptedServer() as server:
        send_through(server)
        batches: Iterator[int] = prunes(timezone.now() - timedelta(days=5), ["sent"], 2)
        for sent, gone in enumerate(batches, 1):
            assert gone == 2
            EmailMessage("subject", "text", None, ["a@example.com"]).send()
            in_another_thread(Worker().run_once)
            assert len(server.accepted) == sent
    assert sent == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
@pytest.mark.django_db(transaction=True)
def test_what_an_operator_holds_is_passed_over() -> None:
    held, _free = finished(9), finished(9)
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=held.pk)
        in_another_thread(lambda: prune("--older-than", "5"))
    assert left() == {held.pk}
