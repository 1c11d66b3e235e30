"""Accounts: open or paused, and why; an operator may end a pause."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from mailcenter.admin import display
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.admin.record import record
from mailcenter.engines import doorbell
from mailcenter.models import Account
from mailcenter.replies import CATALOG, Entry
from mailcenter.transports.presets import PRESETS

PAUSING = [entry.slug for entry in CATALOG.values() if entry.account_wide]


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "provider", "state", "last_accepted_at"]

    @admin.display(description=_("provider"))
    def provider(self, account: Account) -> Any:
        return PRESETS[account.preset].label if account.preset in PRESETS else account.preset

    @admin.display(description=_("status"))
    def state(self, account: Account) -> SafeString:
        if account.is_paused and account.paused_until:
            until = _("paused until %(time)s") % {"time": display.moment(account.paused_until)}
            return display.chip("paused", until)
        return display.chip("accepted", _("open"))

    def describe(self, request: HttpRequest, account: Account) -> dict[str, Any]:
        return {
            "chip": self.state(account),
            "provider": self.provider(account),
            "advice": _advice(account) if account.is_paused else None,
            "may_resume": account.is_paused and self.may(request, "resume_account"),
        }

    def get_urls(self) -> list[URLPattern]:
        resume = self.admin_site.admin_view(self.resume_view)
        own = path("<slug:pk>/resume/", resume, name="mailcenter_account_resume")
        return [own, *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def resume_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """GET asks, POST ends the pause."""
        account: Account = self.row_or_refuse(request, pk)
        if not self.may(request, "resume_account"):
            raise PermissionDenied
        if request.method != "POST":
            context = self.page_context(
                request, account, title=_("Resume sending"), advice=_advice(account)
            )
            return TemplateResponse(request, "admin/mailcenter/account/resume.html", context)
        with transaction.atomic():
            if Account.objects.filter(pk=account.pk).resume():
                record(request, account, _("ended the pause"))
                self.message_user(request, _("The account sends again."), messages.SUCCESS)
                transaction.on_commit(doorbell.ring, robust=True)
            else:
                self.message_user(request, _("The account was not paused."), messages.WARNING)
        return redirect("admin:mailcenter_account_change", account.pk)


def _advice(account: Account) -> Entry | None:
    """The catalogue's words about the last reply that paused it."""
    attempt = account.attempts.filter(catalog_entry__in=PAUSING).first()
    return CATALOG[attempt.catalog_entry] if attempt else None
