"""Made-up mail looks like a busy site's, and goes again without a trace."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.db.models import F, Model, Q, Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter import kinds
from mailcenter.management import seeding
from mailcenter.management.made_up_mail import FOLLOWED, KINDS
from mailcenter.models import Account, Attempt, Content, CountedHour, Message, Recipient, Tally
from mailcenter.replies import CATALOG
from tests.factories import AttemptFactory, MessageFactory, SuperuserFactory, UserFactory

pytestmark = pytest.mark.django_db
User = get_user_model()
NOW = timezone.now()


def seedmail(*arguments: str) -> str:
    output = io.StringIO()
    call_command("seedmail", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def make(rows: int, users: int = 20, number: int = 1) -> None:
    assert sum(seeding.seed(rows, users, number, NOW)) == rows


def shown() -> list[tuple[Any, ...]]:
    """All that the seed decides."""
    columns = ("uuid", "kind", "status", "subject", "message_id", "created_at", "attempt_count")
    more = ("opened_at", "done_at", "recipients__address")
    return list(Message.objects.order_by("pk", "recipients").values_list(*columns, *more))


def test_it_looks_like_a_busy_site() -> None:
    make(1000, users=300)
    assert Message.objects.count() == Content.objects.count() == 1000
    assert 1300 < Attempt.objects.count() < 1700
    assert 1000 <= Recipient.objects.count() < 1100
    assert User.objects.count() == 300
    statuses = Counter(Message.objects.values_list("status", flat=True))
    assert 850 < statuses["sent"] < 960
    assert statuses["failed"]
    assert "sending" not in statuses
    domains = Counter(
        address.partition("@")[2] for address in Recipient.objects.values_list("address", flat=True)
    )
    assert [name for name, _count in domains.most_common(2)] == ["qq.com", "163.com"]
    ages = Message.objects.order_by("created_at").values_list("created_at", flat=True)
    assert NOW - timedelta(days=180) <= ages[0] < NOW - timedelta(days=178)
    assert NOW - timedelta(days=1) < ages[999] <= NOW


def test_a_row_agrees_with_its_attempts() -> None:
    make(600)
    assert set(Attempt.objects.values_list("catalog_entry", flat=True)) <= CATALOG.keys() | {""}
    for message in Message.objects.prefetch_related("attempts", "recipients"):
        attempts = sorted(message.attempts.all(), key=lambda attempt: attempt.number)
        assert message.attempt_count == len(attempts)
        assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
        if attempts:
            assert message.last_reply_code == attempts[-1].reply_code
            assert message.last_verdict == attempts[-1].verdict
        if message.status == "sent":
            assert attempts[-1].outcome == "accepted"
            assert message.sent_at == message.finished_at is not None
        if message.status == "failed":
            assert attempts[-1].outcome == "rejected"
        if message.status == "uncertain":
            assert message.finished_at is None


def test_links_are_opened_after_the_mail_was_accepted_and_lead_on() -> None:
    make(2000)
    shares = dict[str, tuple[float, float]]()
    for kind in sorted(kinds.get(slug).slug for slug in KINDS if kinds.get(slug).secrets):
        sent = Message.objects.filter(kind=kind, status="sent")
        opened = sent.filter(opened_at__gte=F("sent_at"), opened_at__lte=NOW)
        done = opened.filter(done_at__gte=F("opened_at"), done_at__lte=NOW)
        shares[kind] = (opened.count() / sent.count(), done.count() / sent.count())
    assert shares == {
        kind: (pytest.approx(opened, abs=0.1), pytest.approx(done, abs=0.1))
        for kind, (opened, done) in FOLLOWED.items()
    }
    others = Message.objects.exclude(kind__in=FOLLOWED, status="sent")
    assert not others.filter(Q(opened_at__isnull=False) | Q(done_at__isnull=False)).exists()
    assert not Message.objects.filter(opened_at=None, done_at__isnull=False).exists()


def test_nothing_that_waits_and_no_secret_has_bytes_or_a_copy() -> None:
    make(600)
    kept = Message.objects.filter(content__sealed__isnull=False)
    assert kept.exists()
    assert not kept.filter(content__secret=True).exists()
    assert not kept.filter(finished_at=None).exists()
    assert not Recipient.objects.exclude(address__contains="-seed-").exists()
    assert Recipient.objects.filter(role="cc").exists()
    assert not Recipient.objects.filter(role="cc", message__content__secret=True).exists()


def test_mail_of_the_last_minutes_waits() -> None:
    site = seeding.Site(200_000, 1, [], NOW)
    newest = [site.mail(199_980 + n, n) for n in range(20)]
    waiting = [mail for mail in newest if mail.message["status"] == "queued"]
    assert waiting
    assert all(mail.message["next_attempt_at"] > NOW for mail in waiting)
    assert all(mail.content["sealed"] is None for mail in waiting)


def test_the_same_seed_makes_the_same_mail() -> None:
    make(50)
    first = shown()
    sum(seeding.remove())
    make(50)
    assert shown() == first
    sum(seeding.remove())
    make(50, number=2)
    assert shown() != first


def test_more_comes_beside_what_is_there() -> None:
    make(30, users=3)
    make(30, users=3)
    assert Message.objects.count() == 60
    assert User.objects.count() == 6


def test_the_database_goes_on_counting() -> None:
    make(3)
    newest = Message.objects.latest("pk")
    assert MessageFactory().pk > newest.pk


def test_it_removes_exactly_what_it_made() -> None:
    theirs = UserFactory()
    real = MessageFactory(user=theirs)
    AttemptFactory(message=real)
    make(40)
    MessageFactory(supersedes=Message.objects.exclude(pk=real.pk).first())
    assert "Removed: 60" in seedmail("--remove")
    assert Message.objects.count() == 2
    assert User.objects.get() == theirs
    everything: list[type[Model]] = [Content, Recipient]
    assert all(model._default_manager.count() == 2 for model in everything)
    assert Attempt.objects.get().message == real


def test_what_was_made_up_is_counted_and_what_is_gone_is_not() -> None:
    queued = Tally.objects.filter(subject="kind", event="queued")
    real = MessageFactory(kind="system")
    seedmail("--rows", "2000", "--yes")
    counted = CountedHour.objects.order_by("begins_at")
    within = Message.objects.filter(created_at__gte=counted[0].begins_at)
    assert within.count() > 50
    assert queued.aggregate(all=Sum("count")) == {"all": within.count()}
    seedmail("--remove")
    assert [(row.hour.begins_at, row.name, row.count) for row in queued] == [
        (real.created_at.replace(minute=0, second=0, microsecond=0), "system", 1)
    ]


def test_nobody_logs_in_as_a_made_up_user() -> None:
    make(1, users=1)
    user: Any = User.objects.get()
    assert not user.has_usable_password()
    assert authenticate(username=user.get_username(), password=seeding.USER_MARK) is None


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_admin_shows_it(client: Client, language: str) -> None:
    make(60)
    client.force_login(SuperuserFactory())
    for message in [None, *Message.objects.all()[:10]]:
        name = "change" if message else "changelist"
        args = [message.pk] if message else []
        url = reverse(f"admin:mailcenter_message_{name}", args=args)
        assert client.get(url, headers={"accept-language": language}).status_code == 200


@pytest.mark.parametrize("debug", [True, False])
def test_a_site_that_people_use_is_left_alone(settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    if debug:
        account = {"PROVIDER": "qq", "ADDRESS": "1@qq.com", "PASSWORD": "abcdefghijklmnop"}
        settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": account}
    with pytest.raises(CommandError, match="1@qq.com sends real mail" if debug else "DEBUG is off"):
        seedmail("--rows", "5")
    assert not Message.objects.exists()
    assert "Made up: 5 messages" in seedmail("--rows", "5", "--yes")


def test_a_trial_site_needs_no_yes(settings: Any) -> None:
    settings.DEBUG = True
    assert "Made up: 5 messages and 2 users." in seedmail("--rows", "5", "--users", "2")
    assert Message.objects.filter(account=Account.ENVIRONMENT).count() == 5


def test_it_has_to_be_told_how_many() -> None:
    with pytest.raises(CommandError) as refusal:
        seedmail("--yes")
    assert refusal.value.returncode == 2
