"""Which messages the list shows, and what it knows of each."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, QueryDict

from mailcenter.admin.long_lists import LongList
from mailcenter.admin.message_search import Search, examples, parse
from mailcenter.delivery.hindrance import Hindrances
from mailcenter.models import Message, Recipient


class MessageList(LongList):
    """Its rows know whom they go to and why they wait, for one query each."""

    search: Search
    examples = staticmethod(examples)

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Message]:
        self.search = parse(self.query)
        # Not what the page of one needs.
        self.root_queryset = Message.objects.all()
        return self.search.narrow(super().get_queryset(request, exclude_parameters))

    def rows_or_keys(self) -> QuerySet[Message] | list[int]:
        # With a limit, PostgreSQL would rather walk through all messages by date until it has met
        # enough of the few.
        if self.search.few:
            return list(self.queryset.values_list("pk", flat=True))
        return super().rows_or_keys()

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        recipients = _recipients([message.pk for message in self.result_list])
        hindrances = Hindrances()
        for message in self.result_list:
            message.hindrance = hindrances.of(message)
            message.first_recipient, message.recipient_count = recipients[message.pk]


class _Unread(MessageList):
    def get_results(self, request: HttpRequest) -> None:
        """Nothing is counted or read."""


class _NoChoices(admin.RelatedFieldListFilter):
    """Narrows as its parent does, without a query for what nobody sees."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        return []

    def has_output(self) -> bool:
        return True


def filtered(request: HttpRequest, query: QueryDict) -> _Unread | None:
    """The list for this query; its ``queryset`` is in order, and nothing of it has been read yet.

    None: there is no such list.
    """
    if any("\0" in value for _key, values in query.lists() for value in values):
        return None
    asked = copy.copy(request)
    asked.GET = query  # type: ignore[assignment]
    model_admin: Any = copy.copy(admin.site.get_model_admin(Message))
    model_admin.get_changelist = lambda request: _Unread
    model_admin.list_filter = [
        (name, _NoChoices) if name == "account" else name for name in model_admin.list_filter
    ]
    try:
        listed: _Unread = model_admin.get_changelist_instance(asked)
    except (IncorrectLookupParameters, SuspiciousOperation):
        return None
    return listed


def _recipients(keys: list[int]) -> dict[int, tuple[str | None, int]]:
    """Key of the message -> the first address and how many there are."""
    of_it = Recipient.objects.filter(message=OuterRef("pk"))
    how_many = of_it.order_by().values("message").annotate(n=Count("pk")).values("n")
    first = of_it.order_by("pk").values("address")[:1]
    rows = Message.objects.filter(pk__in=keys).order_by()
    found = rows.values_list("pk", Subquery(first), Subquery(how_many))
    return {key: (address, count or 0) for key, address, count in found}
