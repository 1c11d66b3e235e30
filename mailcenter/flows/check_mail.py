"""The "check your mail" page of verification by link, and its "send it again" button."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import (
    consume_email_verification_rate_limit,
)
from allauth.account.internal.stagekit import unstash_login
from allauth.account.views import EmailVerificationSentView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from mailcenter.flows.following import note_that_it_asked
from mailcenter.flows.limits import too_many
from mailcenter.flows.waiting import pending_address, told


@method_decorator(never_cache, name="dispatch")
class CheckMailView(EmailVerificationSentView):
    """The address is the one that this session signed up or logged in with, and no other."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**told(self.request), **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        address = pending_address(unstash_login(request, peek=True))
        if address is None:
            return redirect("account_login")
        if refused := too_many(request):
            return refused
        # One cool-down by address, spent whatever the address is: it must not tell a new
        # address from a taken or a verified one.
        if consume_email_verification_rate_limit(request, address.email):
            note_that_it_asked(request)
            if address.user_id and not address.verified:
                address.send_confirmation(request, signup=True)
            else:
                get_adapter().send_account_already_exists_mail(address.email)
            messages.success(request, _("We have sent the mail again."))
        else:
            messages.warning(request, too_early())
        return redirect("account_email_verification_sent")


def too_early() -> str:
    return _("A mail is on its way already. Give it a few minutes before asking again.")
