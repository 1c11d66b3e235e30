"""Attempts on their own: every try at every mail, by code, outcome, meaning or date."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mailcenter.admin import display, timeline
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.models import Attempt

REPLY_SHOWN = 80


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
        ("reply_code", admin.AllValuesFieldListFilter),
        "verdict",
        "started_at",
    ]
    sortable_by = ["started_at"]
    search_fields = ["reply_text", "remote_id"]
    search_help_text = _("The server's words, or its queue id")

    @admin.display(description=_("outcome"))
    def state(self, attempt: Attempt) -> SafeString:
        return display.chip(attempt.outcome, attempt.get_outcome_display())

    @admin.display(description=_("message"))
    def message_link(self, attempt: Attempt) -> SafeString:
        address = reverse("admin:mailcenter_message_change", args=[attempt.message_id])
        return format_html('<a href="{}">{}</a>', address, truncatechars(str(attempt.message), 60))

    @admin.display(description=_("reply code"))
    def last_reply(self, attempt: Attempt) -> SafeString:
        return display.reply(attempt.reply_code, attempt.get_verdict_display())

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
