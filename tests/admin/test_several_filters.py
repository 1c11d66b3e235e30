"""Several filters at once: what they show, how it goes on, and how little is looked at for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter.admin import several_filters
from mailcenter.admin.several_filters import nearest
from mailcenter.models import Message
from tests.factories import AttemptFactory, MessageFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:mailcenter_message_changelist")


@pytest.fixture(autouse=True)
def look_at_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(several_filters, "LOOKED_AT", 2)


def made(*rows: tuple[str, str]) -> list[Message]:
    """A message for each status and kind, the newest first, a minute apart."""
    now = timezone.now()
    return [
        MessageFactory(status=status, kind=kind, created_at=now - timedelta(minutes=minutes))
        for minutes, (status, kind) in enumerate(rows)
    ]


def filtered(order: str = "-created_at", **more: Any) -> tuple[list[Message], Any]:
    rows: QuerySet[Message] = Message.objects.filter(status="failed", kind="system", **more)
    found, end = nearest(rows, order)
    return list(found.order_by(order)), end


def test_all_rows_of_the_rarest_filter_are_looked_at() -> None:
    _sent, _other, match, _kind = made(
        ("sent", "system"), ("failed", "other"), ("failed", "system"), ("cancelled", "system")
    )
    assert filtered() == ([match], None)


def test_no_more_than_so_many_rows_are_looked_at() -> None:
    rows = made(
        ("failed", "other"),
        ("failed", "system"),
        ("failed", "system"),
        ("sent", "system"),
        ("failed", "system"),
        ("sent", "system"),
    )
    # The filter whose second row lies further on is the rarer one: first the kind, then the status.
    assert filtered() == ([rows[1], rows[2]], rows[3].created_at)
    assert filtered("created_at") == ([rows[4], rows[2]], rows[1].created_at)


def test_the_time_counts_as_well() -> None:
    rows = made(*[("failed", "system")] * 5)
    before = rows[1].created_at
    assert filtered(created_at__lt=before) == ([rows[2], rows[3]], rows[4].created_at)
    assert filtered(created_at__lt=before, created_at__gte=rows[3].created_at) == (
        [rows[2], rows[3]],
        None,
    )


def test_one_filter_needs_no_help() -> None:
    rows = Message.objects.filter(status="failed")
    assert nearest(rows, "-created_at") == (rows, None)


def test_no_row_at_all() -> None:
    assert filtered() == ([], None)


@pytest.mark.parametrize("order", ["", "6"])
def test_the_list_goes_on_until_all_are_found(superuser: Client, order: str) -> None:
    kinds = ["other", "system", "system", "other", "other", "other", "system"] * 2
    failed = made(*[("failed", kind) for kind in kinds])
    made(*[("sent", "system")] * 20)
    wanted = [message for message in failed if message.kind == "system"]
    query = f"?status__exact=failed&kind=system&o={order}"
    seen: list[Message] = []
    first = superuser.get(LIST + query).content.decode()
    assert "messages so far" in first
    while query:
        listed = superuser.get(LIST + query).context["cl"]
        seen += listed.result_list
        query = listed.rest
    # Where it goes on, the last row may come twice.
    assert list(dict.fromkeys(seen)) == (wanted[::-1] if order else wanted)
    assert len(seen) <= len(wanted) + len(failed) // 2


def test_what_attempts_show_of_their_messages_comes_along(
    superuser: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(several_filters, "LOOKED_AT", 100)
    matches = AttemptFactory.create_batch(15, outcome="rejected", reply_code=550)
    AttemptFactory(outcome="rejected", reply_code=535)
    AttemptFactory(outcome="deferred", reply_code=550)
    address = reverse("admin:mailcenter_attempt_changelist")
    with django_assert_max_num_queries(12):
        response = superuser.get(address, {"outcome__exact": "rejected", "reply_code": "550"})
    assert set(response.context["cl"].result_list) == set(matches)


def test_a_search_with_few_matches_narrows_by_them(superuser: Client) -> None:
    """A database without statistics would rather read all that has the status."""
    match = MessageFactory(status="sent", to=["ann@example.com"])
    MessageFactory(status="failed", to=["ann@example.com"])
    MessageFactory(status="sent", to=["bob@example.com"])
    listed = superuser.get(LIST, {"q": "to:ann@example.com status:sent"}).context["cl"]
    assert listed.result_list == [match]
    assert 'COALESCE("mailcenter_message"."status", NULL)' in str(listed.queryset.query)


def test_another_order_makes_no_difference_to_what_is_found(superuser: Client) -> None:
    matches = made(*[("failed", "system")] * 3)
    listed = superuser.get(LIST, {"status__exact": "failed", "kind": "system", "o": "5"})
    assert set(listed.context["cl"].result_list) == set(matches[:2])
    assert listed.context["cl"].rest


def test_the_neighbours_of_a_message_within_them(superuser: Client) -> None:
    newer, between, here, _other, older = made(
        ("failed", "system"),
        ("failed", "other"),
        ("failed", "system"),
        ("sent", "system"),
        ("failed", "system"),
    )
    page = reverse("admin:mailcenter_message_change", args=[here.pk])
    kept = {"_changelist_filters": "status__exact=failed&kind=system"}
    context = superuser.get(page, kept).context
    assert (context["newer"], context["older"]) == (newer.pk, older.pk)
    assert between.pk not in (context["newer"], context["older"])
