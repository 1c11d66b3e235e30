"""allauth's pages and ours; those that may send a mail store it together with what it is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.urls import urlpatterns as allauth_patterns
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_variables

from mailcenter.flows.check_mail import CheckMailView
from mailcenter.flows.confirm_address import ConfirmAddressView
from mailcenter.flows.enter_code import EnterCodeView, EnterLoginCodeView, EnterResetCodeView
from mailcenter.flows.mail_language import MailLanguageView
from mailcenter.flows.new_password import NewPasswordByCodeView, NewPasswordByLinkView
from mailcenter.flows.sign_up import CorrectAddressView, SignUpView
from mailcenter.flows.waiting import MailStatusView

View = Callable[..., HttpResponseBase]

# Passwords, links and codes are local variables all the way down; an error report prints them.
unreported = sensitive_variables()

# These hash a password at each guess, and on SQLite every other writer would wait for it.
OUTSIDE = {"account_login", "account_logout", "account_reauthenticate"}


def atomic_post(view: View) -> View:
    """Run a POST in a transaction: no account without its mail, no mail without its account."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return wrapped


by_code = app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED
# In the place of allauth's, by the name of its URL.
OURS = {
    "account_signup": SignUpView,
    "account_email_verification_sent": EnterCodeView if by_code else CheckMailView,
    "account_confirm_email": ConfirmAddressView,
    "account_reset_password_from_key": NewPasswordByLinkView,
    "account_confirm_password_reset_code": EnterResetCodeView,
    "account_complete_password_reset": NewPasswordByCodeView,
    "account_confirm_login_code": EnterLoginCodeView,
}
urlpatterns: list[URLPattern] = [
    path("mail-language/", MailLanguageView.as_view(), name="account_mail_language"),
    path("mail-status/", MailStatusView.as_view(), name="account_mail_status"),
    path("correct-address/", CorrectAddressView.as_view(), name="account_correct_address"),
]

for pattern in allauth_patterns:
    ours = OURS.get(pattern.name)
    view = ours.as_view() if ours else pattern.callback
    view = view if pattern.name in OUTSIDE else atomic_post(view)
    urlpatterns.append(
        URLPattern(pattern.pattern, unreported(view), pattern.default_args, pattern.name)
    )
