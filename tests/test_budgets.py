"""Limits of an account, the pause after trouble, and who takes over meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from mailcenter import sealing
from mailcenter.delivery.budget import UNLIMITED, allowance, spend
from mailcenter.engines.worker import Worker
from mailcenter.models import Account, Attempt, Message
from mailcenter.transports import Limits
from tests.leases import lease
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)

Status = Message.Status
# Ten in the morning in China.
NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
RATE_LIMIT = b"550 Too many attempts. Unable to send. Try again later"


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


def queue(priority: int = 5, kind: str = "other") -> Message:
    EmailMessage("subject", "text", None, [f"{kind}@example.com"]).send()
    message = Message.objects.latest("pk")
    Message.objects.filter(pk=message.pk).update(priority=priority, kind=kind)
    return again(message)


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def work() -> Worker:
    worker = Worker()
    worker.run_once()
    return worker


def add_account(server: ScriptedServer, slug: str, **columns) -> Account:
    return Account.objects.create(
        slug=slug,
        preset="practice",
        address=f"{slug}@practice.test",
        host="127.0.0.1",
        port=server.port,
        ca_file=server.ca_file,
        sealed_secret=sealing.seal(b"abcdefghijklmnop"),
        **columns,
    )


def environment() -> Account:
    return Account.objects.get(slug=Account.ENVIRONMENT)


def sent(limits: Limits, *seconds_ago: float) -> Account:
    row = Account.objects.create(slug="a")
    for ago in seconds_ago:
        spend(row, 1, limits, NOW - timedelta(seconds=ago))
    return Account.objects.get(slug="a")


# What is left


def test_without_limits_anything_goes():
    assert allowance(Account(slug="a"), Limits(), NOW).most == UNLIMITED


def test_a_minute_slides():
    limits = Limits(per_minute=5)
    row = sent(limits, 70, 50, 30, 10)
    left = allowance(row, limits, NOW)
    # One of five is kept for mail that somebody waits for.
    assert (left.most, left.urgent) == (1, 2)
    later = allowance(row, limits, NOW + timedelta(seconds=11))
    assert (later.most, later.urgent) == (2, 3)


def test_a_full_minute_says_when_there_is_more():
    limits = Limits(per_minute=2)
    left = allowance(sent(limits, 50, 20), limits, NOW)
    assert (left.most, left.urgent, left.wait) == (0, 0, 10)


def test_a_day_begins_at_midnight_in_china():
    limits = Limits(per_day=2)
    row = sent(limits, 9 * 3600, 8 * 3600)
    assert allowance(row, limits, NOW).urgent == 0
    midnight = datetime(2026, 5, 4, 16, 0, tzinfo=UTC)
    assert allowance(row, limits, midnight - timedelta(seconds=1)).urgent == 0
    assert allowance(row, limits, midnight).urgent == 2


def test_the_gap_between_two_mails():
    limits = Limits(spacing_seconds=6)
    row = sent(limits, 2)
    left = allowance(row, limits, NOW)
    assert (left.most, left.urgent, left.wait, left.spacing) == (0, 0, 4, True)
    assert allowance(row, limits, NOW + timedelta(seconds=4)).most == 1


def test_a_clock_that_was_set_back_blocks_nothing():
    limits = Limits(per_minute=2, per_day=2, spacing_seconds=6)
    row = sent(limits, 5, 0)
    assert allowance(row, limits, NOW - timedelta(days=2)).most == 1


# Through the worker


def test_what_is_over_the_budget_waits(send_through):
    with ScriptedServer() as server:
        send_through(server, PER_DAY="3")
        mails = [queue() for _mail in range(4)]
        work()
        work()
        # A fifth is kept free, at least one.
        assert [again(m).status for m in mails] == ["sent", "sent", "queued", "queued"]
        urgent = queue(priority=1)
        work()
        assert again(urgent).status == Status.SENT
        assert queue(priority=1).status == Status.QUEUED
        work()
    assert len(server.accepted) == 3
    assert Account.objects.get().sent_that_day == 3


def test_a_thousand_notices_do_not_starve_a_reset(send_through):
    with ScriptedServer() as server:
        send_through(server, PER_MINUTE="10")
        for _notice in range(20):
            queue(priority=8)
        work()
        assert len(server.accepted) == 8
        queue(priority=1, kind="password_reset")
        work()
    assert server.accepted[8].recipients == ["password_reset@example.com"]
    assert len(server.accepted) == 9


def test_two_workers_share_one_budget(send_through):
    with ScriptedServer() as server:
        send_through(server, PER_MINUTE="5")
        for _mail in range(6):
            queue()
        workers = [Worker(), Worker()]
        for worker in workers:
            worker.run_once()
    assert len(server.accepted) == 4


def test_the_next_account_takes_what_is_over_the_budget(send_through):
    with ScriptedServer() as first, ScriptedServer() as second:
        send_through(first, PER_DAY="2")
        add_account(second, "spare", from_name="Spare")
        mails = [queue(), queue()]
        work()
    assert [mail.sender for mail in first.accepted] == ["site@practice.test"]
    (moved,) = second.accepted
    assert moved.sender == "spare@practice.test"
    assert b"From: Spare <spare@practice.test>\r\n" in moved.raw
    assert b"Reply-To: site@practice.test\r\n" in moved.raw
    assert {again(m).account_id for m in mails} == {"environment", "spare"}
    attempt = Attempt.objects.get(account="spare")
    assert attempt.from_email == "Spare <spare@practice.test>"


def test_only_the_kinds_that_it_is_for_move(send_through):
    with ScriptedServer({"AUTH": b"535 Login fail."}) as first, ScriptedServer() as second:
        send_through(first)
        add_account(second, "spare", kinds=["password_reset"])
        stays, moves = queue(), queue(priority=1, kind="password_reset")
        work()
        work()
    assert again(moves).status == Status.SENT
    assert again(stays).status == Status.QUEUED
    assert [mail.recipients for mail in second.accepted] == [["password_reset@example.com"]]


def test_the_first_in_order_takes_it(send_through):
    refuse = {"AUTH": b"535 Login fail."}
    with (
        ScriptedServer(refuse) as first,
        ScriptedServer() as second,
        ScriptedServer() as third,
    ):
        send_through(first)
        add_account(third, "a-late", order=20)
        add_account(second, "b-early", order=10)
        queue()
        work()
    assert len(second.accepted) == 1
    assert not third.received


def test_a_gap_of_seconds_moves_nothing(send_through):
    with ScriptedServer() as first, ScriptedServer() as second:
        send_through(first, SPACING_SECONDS="0.2")
        add_account(second, "spare")
        for _mail in range(3):
            queue()
        work()
    # Waited for, one by one.
    assert len(first.accepted) == 3
    assert not second.received


def test_mail_of_an_account_that_is_gone_moves(send_through):
    with ScriptedServer() as server:
        send_through(server)
        gone = Account.objects.create(slug="gone", enabled=False)
        message = queue()
        Message.objects.update(account=gone)
        work()
    assert again(message).status == Status.SENT


# Pauses


def reopen() -> None:
    """Let the pause be over."""
    past = timezone.now() - timedelta(seconds=1)
    Account.objects.filter(paused_until__isnull=False).update(
        paused_at=past - timedelta(minutes=1), paused_until=past
    )


def pause_seconds() -> float:
    until = environment().paused_until
    assert until
    return (until - timezone.now()).total_seconds()


def test_several_mails_make_one_refused_log_in(send_through):
    with ScriptedServer({"AUTH": b"535 Login fail."}) as server:
        send_through(server)
        for _mail in range(30):
            queue()
        work()
        work()
    assert server.count("AUTH") == 1
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}
    assert Attempt.objects.count() == 1


def test_one_probe_finds_out_and_the_rest_follows(send_through):
    with ScriptedServer({"AUTH": [b"535 Login fail.", b"535 Login fail."]}) as server:
        send_through(server)
        for _mail in range(5):
            queue()
        work()
        first_pause = pause_seconds()
        reopen()
        work()
        assert server.count("AUTH") == 2
        # Ever more slowly: repeated log-ins get an account locked.
        assert pause_seconds() > 1.5 * first_pause
        reopen()
        work()
    assert len(server.accepted) == 5
    account = environment()
    assert (account.paused_until, account.pauses, account.pause_reason) == (None, 0, "")


def test_the_mail_that_is_the_trouble_is_not_the_probe_each_time(send_through):
    def refuse_the_first(_path: str):
        return RATE_LIMIT if "password_reset" in _path else None

    with ScriptedServer({"RCPT": refuse_the_first}) as server:
        send_through(server)
        queue(priority=1, kind="password_reset")
        good = queue()
        work()
        assert environment().is_paused
        reopen()
        work()
    assert again(good).status == Status.SENT


def test_a_server_that_cant_be_reached_is_left_alone_for_a_minute(send_through):
    with ScriptedServer() as server:
        send_through(server)
    # Nobody listens at its port any more.
    mails = [queue(), queue()]
    work()
    work()
    assert Attempt.objects.count() == 1
    assert 50 < pause_seconds() <= 60
    assert {again(m).status for m in mails} == {"queued"}
    reopen()
    work()
    assert Attempt.objects.count() == 2
    # A network comes back at any time: no longer than a minute again.
    assert pause_seconds() <= 60


def test_a_rate_limit_pauses_for_its_window(send_through):
    with ScriptedServer({"MAIL": [RATE_LIMIT]}) as server:
        send_through(server)
        queue()
        work()
        assert 7100 < pause_seconds() <= 7200
        reopen()
        work()
    assert len(server.accepted) == 1


def test_an_acceptance_from_before_the_pause_does_not_end_it(send_through):
    with ScriptedServer() as server:
        send_through(server)

        def refused_elsewhere(_argument: str):
            until = timezone.now() + timedelta(hours=1)
            Account.objects.pause("environment", until=until, reason="x", secret_digest="")

        server.script["BODY"] = refused_elsewhere
        message = queue()
        work()
    assert again(message).status == Status.SENT
    assert environment().is_paused


def test_large_mails_are_leased_few_at_a_time(send_through):
    with ScriptedServer() as server:
        send_through(server)
        for _mail in range(3):
            queue()
        Message.objects.update(size_bytes=20 * 1024 * 1024)
        assert len(lease("worker", most=3)) == 1
        Message.objects.filter(status=Status.QUEUED).update(size_bytes=10 * 1024 * 1024)
        assert len(lease("worker", most=3)) == 2
