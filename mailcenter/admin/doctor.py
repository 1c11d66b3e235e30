"""Examining an account in the admin: as it is stored, or as somebody has only typed it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from mailcenter import addresses
from mailcenter.admin import doctor_page
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.admin.record import operator, own_address, record
from mailcenter.delivery.accounts import from_row, is_environment
from mailcenter.doctor import Step, examine, keep, trial_mail
from mailcenter.engines import doorbell
from mailcenter.exceptions import ConfigurationError, MailcenterError
from mailcenter.models import Account, Checkup
from mailcenter.transports import SendingAccount
from mailcenter.transports.account import each_environment_account
from mailcenter.transports.variables import TLS_OF_PORT

# Not collected by nginx before it passes it on.
UNBUFFERED = {"X-Accel-Buffering": "no"}


class ExaminedAdmin(ReadOnlyAdmin):
    """The part of AccountAdmin that belongs to the doctor."""

    def may_examine(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and self.may(request, "manage_account")

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, Callable[..., HttpResponseBase], str]] = [
            ("doctor/", self.doctor_new_view, "doctor_new"),
            ("<slug:pk>/doctor/", self.doctor_view, "doctor"),
            ("<slug:pk>/doctor/typed/", self.doctor_typed_view, "doctor_typed"),
            ("<slug:pk>/port/", self.port_view, "port"),
            ("<slug:pk>/test-mail/", self.test_mail_view, "test_mail"),
            ("checkup/<int:pk>/", self.checkup_view, "checkup"),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"mailcenter_account_{name}")
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        if self.may_examine(request):
            context["may_examine"] = True
            context["typed_url"] = _typed_url(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    @method_decorator(require_POST)
    def doctor_view(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """The account as it is stored, with the code that is stored."""
        row = self._row(request, pk)
        try:
            recipient = _recipient(request)
            account = stored(row)
        except MailcenterError as error:
            return self._back(request, row, str(error), messages.ERROR)
        return self._examine(request, row, account, recipient)

    @method_decorator([require_POST, sensitive_post_parameters()])
    def doctor_new_view(self, request: HttpRequest) -> HttpResponseBase:
        """What stands in the form for a new account; nothing of it is saved."""
        if not self.may_examine(request):
            raise PermissionDenied
        return self._examine_typed(request, None)

    @method_decorator([require_POST, sensitive_post_parameters()])
    def doctor_typed_view(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """What stands in the form of an account; an empty code means the stored one."""
        row = self._row(request, pk)
        if is_environment(row.pk):
            raise PermissionDenied
        return self._examine_typed(request, row)

    @method_decorator(require_safe)
    def checkup_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the doctor found then, in the words of who reads it now."""
        if not self.may_examine(request):
            raise PermissionDenied
        checkup = get_object_or_404(Checkup.objects.select_related("account"), pk=pk)
        row = checkup.account
        context = self._frame(request, row, title=_("Check-up"))
        context |= self._result(request, checkup)
        context["steps"] = [doctor_page.shown(Step.from_json(step)) for step in checkup.steps]
        return TemplateResponse(request, "admin/mailcenter/account/checkup.html", context)

    @method_decorator(require_POST)
    def port_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Take the port that the doctor found to work, and the kind of TLS that belongs to it."""
        row = self._row(request, pk)
        if not self._may_choose_port(request, row):
            raise PermissionDenied
        given = request.POST.get("port", "")
        port = next((port for port in TLS_OF_PORT if str(port) == given), None)
        if port is None:
            return self._back(request, row, _("There is no such port to choose."), messages.ERROR)
        with transaction.atomic():
            columns = {"port": port, "security": TLS_OF_PORT[port]}
            Account.objects.filter(pk=row.pk).update(**columns)
            record(request, row, _("chose port %(port)d") % {"port": port})
            transaction.on_commit(doorbell.ring, robust=True)
        said = _("The account uses port %(port)d now. Examine it once more.") % {"port": port}
        return self._back(request, row, said, messages.SUCCESS)

    @method_decorator(require_POST)
    def test_mail_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """To nobody but who asks for it."""
        row = self._row(request, pk)
        to = own_address(request)
        if not row.enabled:
            said = _("The account is not in use: nothing would be sent.")
            return self._back(request, row, said, messages.ERROR)
        if not to:
            said = _("Your own user has no e-mail address that a test mail could go to.")
            return self._back(request, row, said, messages.ERROR)
        try:
            with transaction.atomic():
                message = trial_mail.queue(stored(row), to, operator(request))
                record(request, row, _("sent a test mail"))
                transaction.on_commit(doorbell.ring, robust=True)
        except (MailcenterError, ValueError) as error:
            return self._back(request, row, str(error), messages.ERROR)
        said = _("The test mail is in the queue. What becomes of it is seen in the log.")
        if not self.may(request, "view_message"):
            return self._back(request, row, said, messages.SUCCESS)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:mailcenter_message_change", message.pk)

    def _row(self, request: HttpRequest, pk: str) -> Account:
        """Raises PermissionDenied before it looks, then Http404."""
        if not self.may_examine(request):
            raise PermissionDenied
        row: Account = self.row_or_refuse(request, pk)
        return row

    def _back(self, request: HttpRequest, row: Account, said: str, level: int) -> HttpResponse:
        self.message_user(request, said, level)
        return redirect("admin:mailcenter_account_change", row.pk)

    @sensitive_variables()
    def _examine_typed(self, request: HttpRequest, row: Account | None) -> HttpResponseBase:
        form_class: Any = self.get_form(request, row, change=row is not None)
        # The form writes into its instance, and the page shows what is stored.
        form = form_class(request.POST, request.FILES, instance=copy(row))
        if form.is_valid():
            try:
                recipient = _recipient(request)
                return self._examine(request, row, form.sending_account(), recipient, typed=True)
            except MailcenterError as error:
                form.add_error(None, str(error))
        return self._form_again(request, row, form)

    def _form_again(self, request: HttpRequest, row: Account | None, form: Any) -> HttpResponse:
        """Django's own page for a form with errors; its buttons save as ever."""
        fieldsets: Any = self.get_fieldsets(request, row)
        context = self._frame(
            request,
            row,
            title=_("Check-up"),
            adminform=AdminForm(form, fieldsets, {}, (), model_admin=self),
            errors=AdminErrorList(form, []),
            inline_admin_formsets=[],
            object_id=row and row.pk,
            is_popup=False,
            to_field=None,
            preserved_filters=self.get_preserved_filters(request),
            recipient=request.POST.get("recipient", ""),
        )
        context["media"] = self.media + context["adminform"].media
        form_url = reverse("admin:mailcenter_account_add")
        if row:
            form_url = reverse("admin:mailcenter_account_change", args=[row.pk])
        page: HttpResponse = self.render_change_form(
            request, context, add=row is None, change=row is not None, form_url=form_url, obj=row
        )
        return page

    @sensitive_variables("account")
    def _examine(
        self,
        request: HttpRequest,
        row: Account | None,
        account: SendingAccount,
        recipient: str,
        *,
        typed: bool = False,
    ) -> StreamingHttpResponse:
        """typed: the settings are in no row, and the result belongs to none."""
        who = operator(request)
        context = self._frame(request, row, title=_("Check-up"), account=account, typed=typed)

        def conclude(steps: list[Step]) -> str:
            checkup = keep(None if typed else account.slug, account, steps, user=who)
            result = self._result(request, checkup) | {"typed": typed}
            return self._render("result", {**context, **result}, request)

        steps: Iterator[Step] = examine(account, recipient=recipient)
        page = doctor_page.stream(self._render("doctor", context, request), steps, conclude)
        return StreamingHttpResponse(page, headers=UNBUFFERED)

    def _render(self, name: str, context: dict[str, Any], request: HttpRequest) -> str:
        return render_to_string(f"admin/mailcenter/account/{name}.html", context, request)

    def _result(self, request: HttpRequest, checkup: Checkup) -> dict[str, Any]:
        row = checkup.account
        may_choose = row is not None and self._may_choose_port(request, row)
        to = own_address(request)
        return {
            **doctor_page.result(checkup, may_choose=may_choose),
            "test_mail_to": to if row and row.enabled else "",
        }

    def _may_choose_port(self, request: HttpRequest, row: Account) -> bool:
        """On a host that somebody typed, the port says where to connect, as the host does."""
        if is_environment(row.pk):
            return False
        return not row.host or self.may(request, "set_custom_host")

    def _frame(self, request: HttpRequest, row: Account | None, **more: Any) -> dict[str, Any]:
        """row: None where the account is not stored."""
        return {**self.page_context(request, row or Account(), **more), "original": row}


@sensitive_variables()
def stored(row: Account) -> SendingAccount:
    """Raises CannotUnseal, or ConfigurationError where its settings can't work."""
    if not is_environment(row.pk):
        return from_row(row)
    trouble = ConfigurationError(_("The environment does not give this account any more."))
    for account in each_environment_account():
        if isinstance(account, ConfigurationError):
            trouble = account
        elif account.slug == row.pk:
            return account
    raise trouble


def _recipient(request: HttpRequest) -> str:
    """The address to ask the server about, or "". Raises RefusedMessage."""
    given = request.POST.get("recipient", "").strip()
    return addresses.split(given)[1] if given else ""


def _typed_url(row: Account | None) -> str:
    """Where the form is examined; "" for an account that has none."""
    if row is None:
        return reverse("admin:mailcenter_account_doctor_new")
    if is_environment(row.pk):
        return ""
    return reverse("admin:mailcenter_account_doctor_typed", args=[row.pk])
