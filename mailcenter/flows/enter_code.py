"""The pages on which a visitor enters a code."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import (
    consume_email_verification_rate_limit,
)
from allauth.account.views import (
    ConfirmEmailVerificationCodeView,
    ConfirmLoginCodeView,
    ConfirmPasswordResetCodeView,
)
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from mailcenter.flows.check_mail import too_early
from mailcenter.flows.following import note_that_it_asked
from mailcenter.flows.limits import too_many
from mailcenter.flows.progress import note_done, note_opened
from mailcenter.flows.waiting import told


@method_decorator(never_cache, name="dispatch")
class EnterCodeView(ConfirmEmailVerificationCodeView):
    """It verifies the address."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), **told(self.request)}

    def _verify_form_valid(self, form: Any) -> HttpResponse:
        response = super()._verify_form_valid(form)
        address = self._process.email_address
        if address.verified:
            note_done("email_verification", address=address.email)
        return response

    def _resend_form_valid(self, form: Any) -> HttpResponse:
        """A taken address gets another mail too, and as much time: it must look like a new one."""
        if refused := too_many(self.request):
            return refused
        process = self._process
        if not consume_email_verification_rate_limit(self.request, process.email, dry_run=True):
            messages.warning(self.request, too_early())
            return redirect("account_email_verification_sent")
        note_that_it_asked(self.request)
        if self.request.user.is_anonymous and not process.email_address.user_id:
            process.state["at"] = time.time()
            get_adapter().send_account_already_exists_mail(process.email)
        return super()._resend_form_valid(form)


class EnterResetCodeView(ConfirmPasswordResetCodeView):
    """It leads to the page that sets a new password."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        note_opened("password_reset", address=self._process.state["email"])
        return response


class EnterLoginCodeView(ConfirmLoginCodeView):
    """It logs the visitor in, unless more is asked for."""

    def _verify_form_valid(self, form: Any) -> HttpResponse:
        response = super()._verify_form_valid(form)
        # Empty where the code went to a telephone.
        if address := self._process.state.get("email"):
            note = note_done if self.request.user.is_authenticated else note_opened
            note("login_code", address=address)
        return response
