"""The list of messages: what it shows, how it is searched, what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter.models import Account, Message
from tests.factories import AttemptFactory, MessageFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def shown(superuser: Client, **filters: Any) -> list[Message]:
    response = superuser.get(reverse("admin:mailcenter_message_changelist"), filters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def page(superuser: Client, name: str = "message") -> str:
    return superuser.get(reverse(f"admin:mailcenter_{name}_changelist")).content.decode()


def test_a_row_says_what_became_of_the_mail(superuser: Client) -> None:
    MessageFactory(
        status=Status.FAILED,
        subject="Welcome aboard",
        to=["one@example.com", "two@example.com", "three@example.com"],
        kind="system",
        last_reply_code=550,
        last_verdict="recipient-unknown",
        attempt_count=3,
        created_at=timezone.now() - timedelta(hours=5),
    )
    html = page(superuser)
    assert "failed" in html
    assert "chip-bad" in html
    assert "one@example.com and 2 more" in html
    assert "Welcome aboard" in html
    assert "system" in html
    assert '<span class="code">550</span> no such recipient' in html
    assert '<td class="field-attempt_count">3</td>' in html
    assert "5\N{NO-BREAK SPACE}hours" in html
    assert "<time datetime=" in html


def test_a_waiting_mail_says_why(superuser: Client) -> None:
    Account.objects.update(
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=15),
        pause_reason='535 <b>"Login"</b> ' + "Fail. " * 30,
    )
    MessageFactory(status=Status.SENT)
    assert "is paused" not in page(superuser)
    MessageFactory()
    html = page(superuser)
    assert html.count("The account site@qq.com is paused: 535 &lt;b&gt;") == 2
    # What is cut off stands in the title, and the time is never cut off.
    assert html.count("Fail. " * 29) == 1
    assert html.count("at the earliest") == 1


@pytest.mark.parametrize(
    ("parameter", "value", "wanted", "other"),
    [
        ("status__exact", "failed", {"status": "failed"}, {"status": "sent"}),
        ("kind", "system", {"kind": "system"}, {"kind": "other"}),
        ("last_verdict__exact", "auth", {"last_verdict": "auth"}, {"last_verdict": "tls"}),
        ("account__slug__exact", "second", {"account_id": "second"}, {}),
    ],
)
def test_filters(
    superuser: Client, parameter: str, value: str, wanted: dict[str, Any], other: dict[str, Any]
) -> None:
    Account.objects.create(slug="second")
    match = MessageFactory(**wanted)
    MessageFactory(**other)
    assert shown(superuser, **{parameter: value}) == [match]


def test_the_filters_on_offer(superuser: Client) -> None:
    Account.objects.create(slug="second")
    response = superuser.get(reverse("admin:mailcenter_message_changelist"))
    titles = [str(each.title) for each in response.context["cl"].filter_specs]
    assert titles == ["status", "kind", "meaning", "queued", "account"]
    response = superuser.get(reverse("admin:mailcenter_attempt_changelist"))
    titles = [str(each.title) for each in response.context["cl"].filter_specs]
    assert titles == ["outcome", "reply code", "meaning", "started"]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("message", "kind"),
        ("message", "status__exact"),
        ("message", "last_verdict__exact"),
        ("message", "message_id__startswith"),
        ("message", "q"),
        ("attempt", "outcome"),
        ("account", "q"),
    ],
)
def test_a_nul_in_a_filter_is_refused(superuser: Client, name: str, parameter: str) -> None:
    page = reverse(f"admin:mailcenter_{name}_changelist")
    assert superuser.get(page, {parameter: "a\0"}).status_code == 400


@pytest.mark.parametrize("page", ["change", "history"])
def test_a_nul_in_the_address_of_a_row_is_refused(superuser: Client, page: str) -> None:
    for name in ("message", "attempt", "account"):
        address = reverse(f"admin:mailcenter_{name}_{page}", args=["a\0"])
        assert superuser.get(address).status_code == 400


def test_filter_by_date(superuser: Client) -> None:
    new = MessageFactory()
    MessageFactory(created_at=timezone.now() - timedelta(days=40))
    since = (timezone.now() - timedelta(days=7)).isoformat()
    assert shown(superuser, created_at__gte=since) == [new]


@pytest.mark.parametrize(
    "words", ["someone@example.org", "Peculiar", "unlike-others@practice.test"]
)
def test_search_by_recipient_subject_and_message_id(superuser: Client, words: str) -> None:
    match = MessageFactory(
        to=["someone@example.org", "someone.else@example.org"],
        subject="A peculiar subject",
        message_id="<unlike-others@practice.test>",
    )
    MessageFactory()
    assert shown(superuser, q=words) == [match]


def test_newest_first(superuser: Client) -> None:
    older = MessageFactory(created_at=timezone.now() - timedelta(days=1))
    newer = MessageFactory()
    assert shown(superuser) == [newer, older]


@pytest.mark.parametrize("name", ["message", "attempt"])
def test_the_number_of_queries_does_not_grow_with_the_rows(superuser: Client, name: str) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, name)
        return [query["sql"] for query in captured]

    def fill(count: int) -> None:
        for message in MessageFactory.create_batch(count, to=["a@example.com", "b@example.com"]):
            AttemptFactory(message=message)

    fill(2)
    few = queries()
    fill(20)
    many = queries()
    assert len(many) == len(few)
    assert len(many) < 12
    assert not [sql for sql in many if "mailcenter_content" in sql]


def test_what_strangers_wrote_stays_text(superuser: Client) -> None:
    attack = "<script>alert(1)</script>"
    message = MessageFactory(subject=attack, to=[f'"{attack}"@example.com'])
    AttemptFactory(message=message, outcome="rejected", reply_text=attack)
    for name in ("message", "attempt"):
        html = page(superuser, name)
        assert attack not in html
        assert "&lt;script&gt;" in html


def test_attempts_are_listed_by_code_outcome_verdict_and_date(superuser: Client) -> None:
    match = AttemptFactory(outcome="rejected", reply_code=550, verdict="recipient-unknown")
    AttemptFactory(started_at=timezone.now() - timedelta(days=40))
    url = reverse("admin:mailcenter_attempt_changelist")
    since = (timezone.now() - timedelta(days=7)).isoformat()
    for filters in (
        {"reply_code": "550"},
        {"outcome__exact": "rejected"},
        {"verdict__exact": "recipient-unknown"},
        {"started_at__gte": since},
    ):
        response = superuser.get(url, filters)
        assert list(response.context["cl"].result_list) == [match], filters
    link = reverse("admin:mailcenter_message_change", args=[match.message_id])
    assert link in response.content.decode()
