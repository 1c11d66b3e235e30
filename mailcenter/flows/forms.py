"""allauth's forms, where they judge a code or take an address that the adapter doesn't see."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings, forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification_by_code import (
    EMAIL_VERIFICATION_CODE_SESSION_KEY,
)
from allauth.account.internal.flows.password_reset_by_code import (
    PASSWORD_RESET_VERIFICATION_SESSION_KEY,
)
from allauth.core import context
from allauth.core.internal import ratelimit
from django import forms as django_forms
from django.utils.translation import gettext as _

from mailcenter.exceptions import RefusedMessage
from mailcenter.flows import slips
from mailcenter.flows.canonical import canonical


class SignUpForm(forms.SignupForm):
    """An address that looks mistyped is asked about once; sent again, it is taken as it is."""

    data: Any
    # The address that the visitor has been asked about.
    kept_address = django_forms.CharField(required=False, widget=django_forms.HiddenInput)

    def clean_email(self) -> str:
        typed = self.cleaned_data["email"]
        if slips.meant(typed) and self.data.get("kept_address") != typed:
            self.data = self.data.copy()
            self.data["kept_address"] = typed
            raise django_forms.ValidationError(
                _("This looks mistyped. If it is right, send the form once more."), code="slip"
            )
        return super().clean_email()

    @property
    def meant(self) -> str:
        """What stands below a refused address; "" where there is nothing to say."""
        return slips.meant(self.data.get("email", "")) if "email" in self.errors else ""


class LoginForm(forms.LoginForm):
    def clean_login(self) -> str:
        login = super().clean_login()
        try:
            return canonical(login)
        except RefusedMessage:
            return login


class ResetPasswordForm(forms.ResetPasswordForm):
    def clean_email(self) -> str:
        # allauth has the adapter clean the address, then goes on with what was typed.
        self.cleaned_data["email"] = get_adapter().clean_email(self.cleaned_data["email"])
        return super().clean_email()


class ConfirmEmailVerificationCodeForm(forms.ConfirmEmailVerificationCodeForm):
    def clean_code(self) -> str:
        count_guess(
            EMAIL_VERIFICATION_CODE_SESSION_KEY,
            app_settings.EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS,
            app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
        )
        return super().clean_code()


class ConfirmPasswordResetCodeForm(forms.ConfirmPasswordResetCodeForm):
    def clean_code(self) -> str:
        count_guess(
            PASSWORD_RESET_VERIFICATION_SESSION_KEY,
            app_settings.PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS,
            app_settings.PASSWORD_RESET_BY_CODE_TIMEOUT,
        )
        return super().clean_code()


def count_guess(session_key: str, most: int, seconds: int) -> None:
    """Raises ValidationError from the guess after ``most`` on, for each code that was sent.

    allauth counts in the session, where requests that arrive together all read the same count;
    the cache counts under a lock.
    """
    session = context.request.session
    allowed = ratelimit.consume(
        context.request,
        app="mailcenter",
        action="guess_code",
        config={"guess_code": f"{most}/{seconds}s/key"},
        key=f"{session.session_key} {session_key} {session[session_key]['at']}",
    )
    if not allowed:
        raise get_adapter().validation_error("too_many_login_attempts")
