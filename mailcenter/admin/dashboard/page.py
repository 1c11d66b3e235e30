from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mailcenter.admin import account_display, detail, display
from mailcenter.admin.dashboard import listed
from mailcenter.admin.dashboard.counted import Counted
from mailcenter.admin.dashboard.period import PERIODS, Period
from mailcenter.admin.dashboard.present import Present
from mailcenter.admin.dashboard.troubles import troubles
from mailcenter.delivery.accounts import limits_of
from mailcenter.delivery.budget import sent_today
from mailcenter.models import Account, Message, WorkerHeartbeat

# Asks for what changes alone, to take the place of what is on the page.
LIVE = "_live"
Status = Message.Status


@dataclass(frozen=True)
class ShownAccount:
    """today, minute: what the limits leave. used: percent of the day's; None: it has none."""

    row: Account
    chip: SafeString
    today: str
    minute: str
    used: int | None


@dataclass(frozen=True)
class ShownWorker:
    row: WorkerHeartbeat
    chip: SafeString


@require_safe
def view(request: HttpRequest) -> HttpResponse:
    """Whoever may not see messages gets the list of the app's models that Django shows."""
    if not _may(request, "view_message"):
        return admin.site.app_index(request, "mailcenter")
    period = Period.asked_for(request)
    context: dict[str, Any] = {**_figures(request, period), "period": period}
    if LIVE in request.GET:
        return TemplateResponse(request, "admin/mailcenter/dashboard_live.html", context)
    context |= {
        **admin.site.each_context(request),
        "title": _("Overview"),
        "periods": PERIODS.items(),
        "app_list": admin.site.get_app_list(request, "mailcenter"),
    }
    return TemplateResponse(request, "admin/mailcenter/dashboard.html", context)


def _figures(request: HttpRequest, period: Period) -> dict[str, Any]:
    present = Present()
    counted = Counted(period, present.counted_at)
    since = period.begins_at
    return {
        "present": present,
        "counted": counted,
        "age": display.age(present.oldest.created_at) if present.oldest else "",
        "why": _why(present),
        "troubles": troubles(present, counted, lambda codename: _may(request, codename)),
        "accounts": [_account(row) for row in present.accounts],
        "workers": [_worker(row) for row in present.workers],
        "waiting_list": listed.messages(status__exact=Status.QUEUED),
        "sending_list": listed.messages(status__exact=Status.SENDING),
        "undecided_list": listed.messages(status__exact=Status.UNCERTAIN),
        "sent_list": listed.accepted(since),
        "failed_list": listed.failed(since),
        "may_see_accounts": _may(request, "view_account"),
        "may_see_attempts": _may(request, "view_attempt"),
    }


def _why(present: Present) -> str:
    """The oldest mail waits; "" where nothing hinders it."""
    hindrance = present.hindrances.of(present.oldest) if present.oldest else None
    return " ".join(detail.hindrance_words(hindrance)) if hindrance else ""


def _account(row: Account) -> ShownAccount:
    limit = limits_of(row).per_day
    used = min(100, round(100 * sent_today(row, timezone.now()) / limit)) if limit else None
    return ShownAccount(
        row,
        account_display.state(row),
        account_display.budget(row),
        account_display.budget_minute(row),
        used,
    )


def _worker(row: WorkerHeartbeat) -> ShownWorker:
    chip = ("accepted", _("alive")) if row.is_alive else ("failed", _("silent"))
    return ShownWorker(row, display.chip(*chip))


def _may(request: HttpRequest, codename: str) -> bool:
    return request.user.has_perm(f"mailcenter.{codename}")
