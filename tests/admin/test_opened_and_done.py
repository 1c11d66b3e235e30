"""The page of one message says how far its reader came with it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from mailcenter.models import Message
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
OPENED = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
DONE = datetime(2026, 1, 2, 5, 6, tzinfo=UTC)
SCANNERS = "Mail scanners open links too"


@pytest.fixture(autouse=True)
def _utc(settings) -> None:
    settings.TIME_ZONE = "UTC"


def page(client: Client, message: Message) -> str:
    url = reverse("admin:mailcenter_message_change", args=[message.pk])
    return client.get(url).content.decode()


def test_nothing_is_said_of_a_mail_that_nobody_used(superuser: Client) -> None:
    html = page(superuser, MessageFactory(status="sent"))
    assert "link opened or code entered" not in html
    assert "<dt>done" not in html


def test_what_was_opened_may_have_been_opened_by_a_scanner(superuser: Client) -> None:
    html = page(superuser, MessageFactory(status="sent", opened_at=OPENED))
    assert "<dt>link opened or code entered</dt><dd>Jan. 2, 2026, 3:04 a.m.<br>" in html
    assert SCANNERS in html
    assert "<dt>done" not in html


def test_what_is_done_was_done_by_somebody(superuser: Client) -> None:
    html = page(superuser, MessageFactory(status="sent", opened_at=OPENED, done_at=DONE))
    assert "<dt>link opened or code entered</dt><dd>Jan. 2, 2026, 3:04 a.m.</dd>" in html
    assert "<dt>done</dt><dd>Jan. 2, 2026, 5:06 a.m.</dd>" in html
    assert SCANNERS not in html
