"""What each page of the admin asks the database for, with few mails and with many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from mailcenter import tallying
from mailcenter.management import seeding
from mailcenter.models import Account, Message, OperatorAction
from tests.factories import AttemptFactory, MessageFactory, TemplateVersionFactory
from tests.test_permissions import ADMIN, admin_address

FEW, MANY = 60, 600
MOST_QUERIES = 12
pytestmark = pytest.mark.django_db

LISTS = {
    "message": [
        {"p": "99"},
        {"o": "6"},
        {"_live": "1"},
        {"status__exact": "sent"},
        {"status__exact": "sending"},
        {"kind": "system"},
        {"last_verdict__exact": "auth"},
        {"account__slug__exact": "environment"},
        {"created_at__gte": "2026-01-01 00:00:00+00:00"},
        {"status__exact": "sent", "kind": "email_verification"},
        {
            "status__exact": "failed",
            "kind": "password_reset",
            "last_verdict__exact": "auth",
            "account__slug__exact": "environment",
        },
        {"q": "to:guest-seed"},
        {"q": "to:nobody@nowhere.test"},
        {"q": "nobody@nowhere.test"},
        {"q": "msgid:nobody@nowhere.test"},
        {"q": "status:sent code:250 kind:email_verification after:2026-01-01"},
        {"q": "nowhere"},
    ],
    "attempt": [
        {"p": "99"},
        {"outcome__exact": "accepted"},
        {"reply_code": "250"},
        {"verdict__exact": "rate-limited"},
        {"started_at__gte": "2026-01-01 00:00:00+00:00"},
        {"outcome__exact": "deferred", "reply_code": "550"},
        {"q": "queued"},
    ],
}
# Where the list had been narrowed before one of its messages was opened.
NARROWED = [
    "status__exact=failed",
    "status__exact=failed&kind=password_reset",
    "q=to:reader@",
    "q=Words",
]


def addresses() -> Iterator[str]:
    """Of every page that a superuser gets, with rows of its own."""
    yield reverse("mailcenter_dashboard")
    yield reverse("mailcenter_dashboard", query={"days": "7"})
    yield reverse("mailcenter_dashboard", query={"_live": "1"})
    for name, page in ADMIN.items():
        if page.get == 200:
            yield admin_address(name)
    for name, queries in LISTS.items():
        for query in queries:
            yield reverse(f"admin:mailcenter_{name}_changelist", query=query)
    message = with_everything()
    for filters in NARROWED:
        page = reverse("admin:mailcenter_message_change", args=[message.pk])
        yield f"{page}?{urlencode({'_changelist_filters': filters})}"


def with_everything() -> Message:
    """The message whose page asks for most."""
    version = TemplateVersionFactory()
    message = MessageFactory(
        status="failed",
        kind="password_reset",
        subject="Words",
        last_verdict="auth",
        template_version=version,
        layout_version=version,
    )
    AttemptFactory(message=message, outcome="rejected", catalog_entry="qq-login-fail")
    MessageFactory(supersedes=message)
    OperatorAction.objects.create(message=message, verb="resend", user_name="Wang Fang")
    return message


def fill(rows: int) -> None:
    list(seeding.seed(rows, 5, 1, timezone.now()))
    list(tallying.count_anew())


def test_no_page_asks_for_more_with_more_mail(superuser: Client) -> None:
    Account.objects.create(slug="second")
    pages = list(dict.fromkeys(addresses()))

    def asked() -> dict[str, int]:
        queries = {}
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                assert superuser.get(page).status_code == 200, page
            queries[page] = len(captured)
        return queries

    fill(FEW)
    few = asked()
    fill(MANY - FEW)
    many = asked()
    # The first page of a process may ask for more.
    assert not {page: (few[page], many[page]) for page in pages if many[page] > few[page]}
    assert not {page: count for page, count in many.items() if count > MOST_QUERIES}
