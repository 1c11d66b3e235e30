"""Accounts: open or paused, why, and how the pause ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter.models import Account
from mailcenter.replies import CATALOG
from tests.factories import AttemptFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def paused() -> Account:
    Account.objects.filter(pk=Account.ENVIRONMENT).update(
        preset="qq",
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=30),
        pause_reason="535 Login Fail.",
    )
    return Account.objects.get()


def page(client: Client, name: str, *row: str) -> str:
    return client.get(reverse(f"admin:mailcenter_account_{name}", args=row)).content.decode()


def test_the_list_tells_open_from_paused(superuser: Client, paused: Account) -> None:
    Account.objects.create(slug="second", address="second@qq.com")
    html = page(superuser, "changelist")
    assert "site@qq.com" in html
    assert "QQ Mail" in html
    assert "paused until" in html
    assert "</span> open</span>" in html


def test_the_page_says_why_and_what_to_do(superuser: Client, paused: Account) -> None:
    AttemptFactory(
        message=MessageFactory(), outcome="deferred", catalog_entry="qq-authorization-code"
    )
    html = page(superuser, "change", paused.pk)
    assert "535 Login Fail." in html
    assert CATALOG["qq-authorization-code"].cure.en in html


def test_resuming_asks_first_then_sends_what_waited(superuser: Client, paused: Account) -> None:
    waiting = MessageFactory(next_attempt_at=paused.paused_until)
    url = reverse("admin:mailcenter_account_resume", args=[paused.pk])
    assert url in page(superuser, "change", paused.pk)
    assert "535 Login Fail." in superuser.get(url).content.decode()
    assert Account.objects.get().is_paused
    assert "The account sends again." in superuser.post(url, follow=True).content.decode()
    assert not Account.objects.get().is_paused
    waiting.refresh_from_db()
    assert waiting.next_attempt_at <= timezone.now()
    assert LogEntry.objects.get().object_id == paused.pk


def test_an_open_account_has_nothing_to_resume(superuser: Client) -> None:
    assert "Resume sending" not in page(superuser, "change", Account.ENVIRONMENT)
    url = reverse("admin:mailcenter_account_resume", args=[Account.ENVIRONMENT])
    assert "was not paused" in superuser.post(url, follow=True).content.decode()
    assert not LogEntry.objects.exists()
