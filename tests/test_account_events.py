"""What became of an account is written down once, however many mails it befell."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from mailcenter.models import Account, AccountEvent
from mailcenter.models.account import EVENTS_KEPT
from mailcenter.models.message import MessageQuerySet

pytestmark = pytest.mark.django_db

Kind = AccountEvent.Kind
SHOP = "shop"


@pytest.fixture(autouse=True)
def _shop() -> None:
    Account.objects.create(slug=SHOP, address="shop@qq.com")


def pause(
    minutes: float, reason: str = "535 Login Fail.", begun_at: datetime | None = None
) -> None:
    Account.objects.pause(
        SHOP,
        until=timezone.now() + timedelta(minutes=minutes),
        reason=reason,
        secret_digest="",
        begun_at=begun_at,
    )


def events() -> list[str]:
    """Oldest first."""
    return list(AccountEvent.objects.order_by("at", "pk").values_list("kind", flat=True))


def test_a_pause_is_written_with_its_end_and_its_reason() -> None:
    pause(10)
    event = AccountEvent.objects.get()
    account = Account.objects.get(slug=SHOP)
    assert (event.account, event.kind, event.reason) == (account, Kind.PAUSED, "535 Login Fail.")
    assert event.until == account.paused_until


def test_a_storm_of_refusals_is_one_pause() -> None:
    begun_at = timezone.now()
    for number in range(6):
        pause(10 + number, f"535 Login Fail. {number}", begun_at)
    assert events() == [Kind.PAUSED]
    account = Account.objects.get(slug=SHOP)
    assert (account.pauses, account.pause_reason) == (1, "535 Login Fail. 5")


def test_a_probe_that_is_refused_is_another_pause() -> None:
    pause(10)
    pause(20, begun_at=timezone.now())
    assert events() == [Kind.PAUSED, Kind.PAUSED]
    assert Account.objects.get(slug=SHOP).pauses == 2


def test_a_shorter_pause_changes_nothing() -> None:
    pause(10)
    before = Account.objects.values().get(slug=SHOP)
    pause(5)
    assert Account.objects.values().get(slug=SHOP) == before
    assert events() == [Kind.PAUSED]


def test_an_account_that_is_gone_has_no_events() -> None:
    Account.objects.all().delete()
    pause(10)
    assert events() == []


def test_recovery_is_written_once() -> None:
    pause(10)
    begun_at = timezone.now()
    Account.objects.recover(SHOP, begun_at - timedelta(hours=1))
    assert events() == [Kind.PAUSED]
    Account.objects.recover(SHOP, begun_at)
    Account.objects.recover(SHOP, begun_at)
    assert events() == [Kind.PAUSED, Kind.RECOVERED]


def test_the_end_of_a_pause_names_who_ended_it() -> None:
    pause(10)
    assert Account.objects.all().resume("wang") == 1
    assert Account.objects.all().resume("li") == 0
    assert events() == [Kind.PAUSED, Kind.RESUMED]
    assert AccountEvent.objects.get(kind=Kind.RESUMED).reason == "wang"


def test_two_that_end_a_pause_at_once_write_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    pause(10)
    hurry = MessageQuerySet.hurry

    def meanwhile(self: MessageQuerySet, now: datetime) -> int:
        monkeypatch.setattr(MessageQuerySet, "hurry", hurry)
        assert Account.objects.all().resume("li") == 1
        return hurry(self, now)

    monkeypatch.setattr(MessageQuerySet, "hurry", meanwhile)
    assert Account.objects.all().resume("wang") == 0
    assert AccountEvent.objects.get(kind=Kind.RESUMED).reason == "li"


def test_the_newest_events_of_each_account_stay() -> None:
    Account.objects.create(slug="other", address="other@qq.com")
    Account.objects.note("other", Kind.RECOVERED)
    for number in range(EVENTS_KEPT + 3):
        Account.objects.note(SHOP, Kind.RECOVERED, reason=str(number))
    kept = list(AccountEvent.objects.filter(account_id=SHOP).values_list("reason", flat=True))
    assert len(kept) == EVENTS_KEPT
    assert (kept[0], kept[-1]) == (str(EVENTS_KEPT + 2), "3")
    assert AccountEvent.objects.filter(account_id="other").count() == 1
