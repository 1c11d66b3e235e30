"""The sign-up page, and the way back to it with an address that needs correcting."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.email_verification_by_code import (
    EMAIL_VERIFICATION_CODE_SESSION_KEY,
)
from allauth.account.internal.stagekit import clear_login, unstash_login
from allauth.account.views import SignupView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from mailcenter.flows import slips
from mailcenter.flows.canonical import LONGEST
from mailcenter.flows.forms import SignUpForm
from mailcenter.flows.limits import too_many
from mailcenter.flows.waiting import pending_address

# Never in the URL: logs, and whoever looks over a shoulder, read those.
ADDRESS_KEY = "mailcenter_address_to_correct"


class SignUpView(SignupView):
    form_class = SignUpForm

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        if address := self.request.session.get(ADDRESS_KEY):
            initial["email"] = address
        return initial

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(slips=slips.table(), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.session.pop(ADDRESS_KEY, None)
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class CorrectAddressView(View):
    """Leave the sign-up that waits, whatever its address; back to the form with this one in it.

    ``address``: what was probably meant; without it the address that was typed.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        # It sends nothing, but keeps a session for whoever comes without one.
        if refused := too_many(request):
            return refused
        if request.user.is_anonymous:
            waiting = pending_address(unstash_login(request, peek=True))
            address = request.POST.get("address") or (waiting.email if waiting else "")
            clear_login(request)
            request.session.pop(EMAIL_VERIFICATION_CODE_SESSION_KEY, None)
            request.session[ADDRESS_KEY] = address[:LONGEST]
        return redirect("account_signup")
