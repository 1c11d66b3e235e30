"""Attempts on their own: every try at every mail, by code, outcome, meaning or date."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mailcenter.admin import display, phrasebook, timeline
from mailcenter.admin.long_lists import LongList, Since
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.models import Attempt

REPLY_SHOWN = 80
# Through so many of the newest ones a search looks.
NEWEST = 10_000


class AttemptList(LongList):
    ordered_by = "started_at"


class CodeFilter(admin.SimpleListFilter):
    """The codes that have been met."""

    title = _("reply code")
    parameter_name = "reply_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(code), str(code)) for code in Attempt.objects.codes()]

    def has_output(self) -> bool:
        """Without it, what the address asks for would be ignored."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Attempt]) -> QuerySet[Attempt]:
        code = self.value()
        if code is None:
            return queryset
        if code not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(reply_code=int(code))


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = [
        "state",
        "started_at",
        "message_link",
        "last_reply",
        "text",
        "stage",
        "duration",
        "account",
    ]
    list_display_links = ["started_at"]
    list_select_related = ["message", "account"]
    list_filter = [
        "outcome",
        CodeFilter,
        "verdict",
        ("started_at", Since),
    ]
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ["started_at"]
    search_fields = ["reply_text", "remote_id"]
    search_help_text = _("The server's words, or its queue id, in the newest 10,000 attempts")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AttemptList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Attempt], search_term: str
    ) -> tuple[QuerySet[Attempt], bool]:
        if search_term:
            # No index finds a part of a text.
            newest = Attempt.objects.order_by("-started_at").values_list("started_at", flat=True)
            if oldest := newest[NEWEST : NEWEST + 1].first():
                queryset = queryset.filter(started_at__gt=oldest)
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("outcome"))
    def state(self, attempt: Attempt) -> SafeString:
        return display.chip(attempt.outcome, display.label(attempt, "outcome"))

    @admin.display(description=_("message"))
    def message_link(self, attempt: Attempt) -> SafeString:
        address = reverse("admin:mailcenter_message_change", args=[attempt.message_id])
        return format_html('<a href="{}">{}</a>', address, truncatechars(str(attempt.message), 60))

    @admin.display(description=_("reply code"))
    def last_reply(self, attempt: Attempt) -> SafeString:
        return display.reply(attempt.reply_code, display.label(attempt, "verdict"))

    @admin.display(description=_("reply"))
    def text(self, attempt: Attempt) -> str:
        return truncatechars(attempt.reply_text, REPLY_SHOWN)

    @admin.display(description=_("duration"))
    def duration(self, attempt: Attempt) -> str:
        if attempt.duration_ms is None:
            return display.NOTHING
        return _("%(seconds).1f s") % {"seconds": attempt.duration_ms / 1000}

    def describe(self, request: HttpRequest, attempt: Attempt) -> dict[str, Any]:
        return {"try": timeline.describe(attempt)}

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(partial(phrasebook.view, model_admin=self))
        own = path("phrasebook/", page, name="mailcenter_attempt_phrasebook")
        return [own, *super().get_urls()]
