"""The messages beside one, in the list that the operator came from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.http import urlencode

from mailcenter.admin.message_neighbours import neighbours
from mailcenter.models import Message
from tests.factories import MessageFactory, SuperuserFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def opened(message: Message, query: str = "") -> HttpRequest:
    """The request for its page, from the list with this query."""
    address = reverse("admin:mailcenter_message_change", args=[message.pk])
    request = RequestFactory().get(address, {"_changelist_filters": query} if query else {})
    request.user = SuperuserFactory()
    request.resolver_match = resolve(address)
    return request


def beside(message: Message, query: str = "") -> tuple[int | None, int | None]:
    newer, older, _query = neighbours(opened(message, query), message)
    return newer, older


@pytest.fixture
def rows() -> list[Message]:
    """Newest first; two of them are of the same moment."""
    now = timezone.now()
    made = [
        MessageFactory(
            created_at=now - timedelta(days=days),
            status=status,
            to=[f"{name}@qq.com"],
        )
        for days, status, name in (
            (3, Status.FAILED, "ann"),
            (2, Status.SENT, "ann"),
            (2, Status.FAILED, "bob"),
            (1, Status.FAILED, "ann"),
        )
    ]
    return made[::-1]


def test_in_the_whole_list(rows: list[Message]) -> None:
    keys = [row.pk for row in rows]
    assert [beside(row) for row in rows] == [
        (None, keys[1]),
        (keys[0], keys[2]),
        (keys[1], keys[3]),
        (keys[2], None),
    ]


@pytest.mark.parametrize("query", ["status__exact=failed", "q=status:failed", "q=状态：失败&p=2"])
def test_within_a_filter(rows: list[Message], query: str) -> None:
    first, second, sent, last = rows
    assert beside(second, query) == (first.pk, last.pk)
    # It has left the filter since, and still leads back.
    assert beside(sent, query) == (second.pk, last.pk)


def test_within_a_search_by_recipient(rows: list[Message]) -> None:
    first, _bob, second, last = rows
    assert beside(second, "q=to:ann") == (first.pk, last.pk)


def test_in_a_list_that_is_ordered_the_other_way(rows: list[Message]) -> None:
    first, second, third, _last = rows
    for column in ("6", "7"):
        if beside(second, f"o={column}") == (third.pk, first.pk):
            return
    pytest.fail("the order of the list was not kept")


def test_the_query_goes_with_the_links(rows: list[Message]) -> None:
    query = "q=to:ann status:failed&status__exact=failed"
    kept = neighbours(opened(rows[0], query), rows[0])[2]
    assert kept == urlencode({"_changelist_filters": query})
    assert neighbours(opened(rows[0]), rows[0])[2] == ""


@pytest.mark.parametrize(
    "query",
    [
        "q=status:lost",
        "created_at__gte=never",
        "nothing=1",
        "user__password__startswith=a",
        "q=a%00",
    ],
)
def test_a_list_that_does_not_exist_counts_as_the_whole_one(
    rows: list[Message], query: str
) -> None:
    assert neighbours(opened(rows[1], query), rows[1]) == (rows[0].pk, rows[2].pk, "")


def test_it_takes_few_queries(rows: list[Message], django_assert_num_queries: object) -> None:
    plain, found = opened(rows[1]), opened(rows[1], "status__exact=failed&q=to:ann")
    with django_assert_num_queries(1):  # type: ignore[operator]
        neighbours(plain, rows[1])
    with django_assert_num_queries(2):  # type: ignore[operator]
        neighbours(found, rows[1])
