"""allauth's pages; those that may send a mail store it together with what it is about."""

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


urlpatterns: list[URLPattern] = []

if not app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED:
    urlpatterns.append(
        path(
            "confirm-email/",
            unreported(atomic_post(CheckMailView.as_view())),
            name="account_email_verification_sent",
        )
    )

for pattern in allauth_patterns:
    view = pattern.callback if pattern.name in OUTSIDE else atomic_post(pattern.callback)
    urlpatterns.append(
        URLPattern(pattern.pattern, unreported(view), pattern.default_args, pattern.name)
    )
