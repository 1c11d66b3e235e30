"""The messages before and after one, in the list that the operator came from."""

from __future__ import annotations

from django.db.models import Q, QuerySet, Subquery
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode

from mailcenter.admin.message_list import filtered
from mailcenter.admin.several_filters import nearest
from mailcenter.models import Message

# Where Django's own links keep the query of the list.
FILTERS = "_changelist_filters"


def neighbours(request: HttpRequest, message: Message) -> tuple[int | None, int | None, str]:
    """Key of the message above it in the list, key of the one below, and the query to link with."""
    query = request.GET.get(FILTERS, "")
    listed = filtered(request, QueryDict(query)) if query else None
    if listed is None or listed.search.problem:
        query, rows = "", Message.objects.order_by("-created_at", "-pk")
    else:
        rows = listed.queryset
    if listed and listed.search.few:
        newer, older = _among_few(rows, message)
    else:
        newer, older = _by_date(rows, message)
    kept = urlencode({FILTERS: query}) if query else ""
    if rows.query.order_by[0] == "created_at":
        return older, newer, kept
    return newer, older, kept


def _among_few(rows: QuerySet[Message], message: Message) -> tuple[int | None, int | None]:
    """The keys of the next newer one and of the next older one."""
    here = (message.created_at, message.pk)
    places = list(rows.values_list("created_at", "pk"))
    newer = min((place for place in places if place > here), default=(None, None))
    older = max((place for place in places if place < here), default=(None, None))
    return newer[1], older[1]


def _by_date(rows: QuerySet[Message], message: Message) -> tuple[int | None, int | None]:
    """The same, in one query that reads no more than the two; see nearest() for several filters."""
    beside = Message.objects.filter(pk=message.pk).values_list(
        Subquery(_next_to(rows, message, newer=True)),
        Subquery(_next_to(rows, message, newer=False)),
    )
    newer, older = beside.get()
    return newer, older


def _next_to(rows: QuerySet[Message], message: Message, *, newer: bool) -> QuerySet[Message, int]:
    sign, way = ("", "gt") if newer else ("-", "lt")
    at = message.created_at
    beyond = Q(**{f"created_at__{way}": at}) | Q(**{"created_at": at, f"pk__{way}": message.pk})
    # The second condition tells the database where in its index to begin.
    near, _end = nearest(rows.filter(beyond, **{f"created_at__{way}e": at}), f"{sign}created_at")
    return near.order_by(f"{sign}created_at", f"{sign}pk").values_list("pk", flat=True)[:1]
