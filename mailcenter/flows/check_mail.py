"""The "check your mail" page of verification by link, and its "send it again" button."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import (
    consume_email_verification_rate_limit,
    get_address_for_login,
)
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress, Login
from allauth.account.views import EmailVerificationSentView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache


@method_decorator(never_cache, name="dispatch")
class CheckMailView(EmailVerificationSentView):
    """The address is the one that this session signed up or logged in with, and no other."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        address = pending_address(unstash_login(self.request, peek=True))
        return super().get_context_data(email=address and address.email, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        address = pending_address(unstash_login(request, peek=True))
        if address is None:
            return redirect("account_login")
        # One cool-down by address, spent whatever the address is: it must not tell a new
        # address from a taken or a verified one.
        if consume_email_verification_rate_limit(request, address.email):
            if address.user_id and not address.verified:
                address.send_confirmation(request, signup=True)
            else:
                get_adapter().send_account_already_exists_mail(address.email)
            messages.success(request, _("We have sent the mail again."))
        else:
            messages.warning(
                request,
                _("A mail is on its way already. Give it a few minutes before asking again."),
            )
        return redirect("account_email_verification_sent")


def pending_address(login: Login | None) -> EmailAddress | None:
    """Whom a pending log-in waits for; without a user where the sign-up met a taken address."""
    if login is None:
        return None
    if login.user:
        return get_address_for_login(login)
    return EmailAddress(email=login.email) if login.email else None
