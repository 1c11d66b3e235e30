"""Lists of tables with millions of rows: a page never counts or reads all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from mailcenter.admin import several_filters

# Beyond that the number of rows is only said to be more; to count a million takes a second.
COUNTED = 1_000
SHORTCUTS = (
    (_("Today"), 0),
    (_("Past 7 days"), 7),
    (_("Past 30 days"), 30),
    (_("Past 90 days"), 90),
)


class CappedPaginator(Paginator):
    """Its pages have numbers as far as it counts; ``more``: there are rows beyond."""

    object_list: QuerySet[Any] | list[int]

    @cached_property
    def _found(self) -> int:
        if isinstance(self.object_list, list):
            return len(self.object_list)
        return self.object_list.order_by()[: COUNTED + 1].count()

    @property
    def count(self) -> int:
        return min(self._found, COUNTED)

    @property
    def more(self) -> bool:
        return self._found > COUNTED


class LongList(ChangeList):
    """Ordered by a moment, which leads on where the numbers of the pages end."""

    ordered_by = "created_at"
    # Where several filters have looked at enough rows; None: at all of them.
    ended_at: datetime | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # To put it into the link of a row, Django would resolve the address of each.
        self._query_of_links, self.preserved_filters = self.preserved_filters, ""
        # By key: several columns of a row lead to its page.
        self._addresses: dict[Any, str] = {}

    def url_for_result(self, result: Any) -> str:
        if result.pk not in self._addresses:
            address = super().url_for_result(result)
            query = self._query_of_links
            self._addresses[result.pk] = f"{address}?{query}" if query else address
        return self._addresses[result.pk]

    def get_results(self, request: HttpRequest) -> None:
        paginator = CappedPaginator(self.rows_or_keys(), self.list_per_page)
        self.paginator = paginator
        self.result_count = paginator.count
        self.more = paginator.more
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.multi_page = paginator.count > self.list_per_page
        self.can_show_all = paginator.count <= self.list_max_show_all
        # A filter may have fewer rows by now than when the link to this page was made.
        self.page_num = min(max(self.page_num, 1), paginator.num_pages)
        found: Any
        if self.show_all and self.can_show_all:
            found = paginator.object_list[: self.list_max_show_all]
        else:
            found = paginator.page(self.page_num).object_list
        if isinstance(found, list):
            rows = self.apply_select_related(self.model._default_manager.all()).in_bulk(found)
            self.result_list = [rows[key] for key in found if key in rows]
        else:
            self.result_list = list(found)

    def rows_or_keys(self) -> QuerySet[Any] | list[int]:
        """What is paged, in order; keys where they are few."""
        found, self.ended_at = several_filters.nearest(self.queryset, self._order)
        return self.queryset if found is self.queryset else list(found.values_list("pk", flat=True))

    @property
    def _order(self) -> str:
        ascending = self.queryset.query.order_by[0] == self.ordered_by
        return self.ordered_by if ascending else f"-{self.ordered_by}"

    @property
    def capped(self) -> str:
        """For "more than …"; "" where all are counted."""
        return f"{COUNTED:,}" if self.more else ""

    @property
    def rest(self) -> str:
        """The query of the list that goes on where the last page ends, or ""."""
        at = self.ended_at
        if at is None and self.more and self.result_list:
            at = getattr(self.result_list[-1], self.ordered_by)
        if at is None or self.page_num != self.paginator.num_pages:
            return ""
        if self._order == self.ordered_by:
            return self.get_query_string({f"{self.ordered_by}__gte": at.isoformat()})
        # With the row itself: others may be of the same moment.
        until = at + timedelta(microseconds=1)
        return self.get_query_string({f"{self.ordered_by}__lt": until.isoformat()})


class Since(admin.DateFieldListFilter):
    """Today, or the last so many days."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        self.links = (self.links[0], *self._shortcuts(today))

    def _shortcuts(self, today: datetime) -> Iterator[tuple[Any, dict[str, Any]]]:
        for label, days in SHORTCUTS:
            yield label, {self.lookup_kwarg_since: today - timedelta(days=days)}
