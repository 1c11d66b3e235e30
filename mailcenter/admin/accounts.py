"""Accounts: which ones there are, open or paused, and why.

An operator may end a pause, and keep accounts of the site's own beside those of the environment.
"""

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
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailcenter.admin import account_display, display
from mailcenter.admin.account_form import AccountForm, fieldsets
from mailcenter.admin.account_secrets import SECRETS
from mailcenter.admin.doctor import ExaminedAdmin
from mailcenter.admin.record import operator, record
from mailcenter.delivery.accounts import is_environment
from mailcenter.engines import doorbell
from mailcenter.models import Account, AccountEvent
from mailcenter.replies import CATALOG, Entry

PAUSING = [entry.slug for entry in CATALOG.values() if entry.account_wide]


@admin.register(Account)
class AccountAdmin(ExaminedAdmin):
    list_display = [
        "order",
        "__str__",
        "provider",
        "state",
        "kind_names",
        "budget",
        "last_accepted",
    ]
    list_display_links = ["__str__"]

    @admin.display(description=_("provider"))
    def provider(self, account: Account) -> Any:
        return account_display.provider(account)

    @admin.display(description=_("status"))
    def state(self, account: Account) -> SafeString:
        return account_display.state(account)

    @admin.display(description=_("kinds"))
    def kind_names(self, account: Account) -> str:
        return account_display.kind_names(account)

    @admin.display(description=_("sent today"))
    def budget(self, account: Account) -> str:
        return account_display.budget(account)

    @admin.display(description=_("last accepted mail"), ordering="last_accepted_at")
    def last_accepted(self, account: Account) -> str | SafeString:
        accepted_at = account.last_accepted_at
        return display.age(accepted_at) if accepted_at else display.NOTHING

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and self.may(request, "manage_account")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The environment's accounts are changed there."""
        if obj is None or is_environment(obj.pk):
            return False
        return self.has_add_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self._may_fill_in(request, obj):
            return super().get_fieldsets(request, obj)
        second_code = obj is not None and bool(obj.sealed_next_secret)
        return fieldsets(self.may(request, "set_custom_host"), second_code)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if not self._may_fill_in(request, obj):
            return super().get_form(request, obj, change=change, **kwargs)
        form: Any = super().get_form(request, obj, change=change, **kwargs, form=AccountForm)
        # A class of its own for each request.
        form.may_set_host = self.may(request, "set_custom_host")
        return form

    def _may_fill_in(self, request: HttpRequest, account: Account | None) -> bool:
        if account is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, account)

    @method_decorator(sensitive_post_parameters(*SECRETS))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        if change:
            # Not the budget and the pause, which workers write at the same time.
            obj.save(update_fields=form.columns)
        else:
            obj.save(force_insert=True)
        if form.stores_secret:
            who = operator(request).get_username()
            Account.objects.note(obj.pk, AccountEvent.Kind.SECRET_CHANGED, reason=who)
        # A new code ends the pause as soon as a worker has read it: sooner, the old one would be
        # refused once more.
        transaction.on_commit(doorbell.ring, robust=True)

    def describe(self, request: HttpRequest, account: Account | None) -> dict[str, Any]:
        if account is None:
            return {"may_fill_in": True}
        return {
            **account_display.page(account),
            "advice": _advice(account) if account.is_paused else None,
            "may_fill_in": self.has_change_permission(request, account),
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
            if Account.objects.filter(pk=account.pk).resume(operator(request).get_username()):
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
