"""Where allauth meets Mailcenter: each mail it sends is rendered twice and tagged."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds, mail, outbox
from mailcenter.exceptions import RefusedMessage
from mailcenter.flows import following
from mailcenter.flows.canonical import canonical
from mailcenter.flows.links import absolute

# The last part of allauth's template prefix -> our kind; all else is a notice of a change.
KINDS = {
    "email_confirmation": "email_verification",
    "email_confirmation_signup": "email_verification",
    "password_reset_key": "password_reset",
    "password_reset_code": "password_reset",
    "account_already_exists": "account_exists",
    "unknown_account": "unknown_account",
    "login_code": "login_code",
}


class AccountAdapter(DefaultAccountAdapter):
    """Works without a request too: an operator's resend has none of the visitor's."""

    def clean_email(self, email: str) -> str:
        """Its one spelling. Raises ValidationError where no mail can go to it."""
        try:
            return canonical(email)
        except RefusedMessage as refusal:
            raise ValidationError(str(refusal)) from None

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, context)
        if not following.is_followed(self.request, kind_of(template_prefix)):
            message.send()
            return
        # Replaces no mail: what counts is that it yields the rows.
        with outbox.replacing(None) as queued:
            message.send()
        following.follow(self.request, email, queued)

    @sensitive_variables()
    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        event = template_prefix.rpartition("/")[2]
        slug = kind_of(template_prefix)
        # Of allauth's context what the kind declares: no request, no model, no client address.
        declared = kinds.get(slug).contract.names
        given = {**context, "event": event, **_pages(slug)}
        variables = {name: value for name, value in given.items() if name in declared}
        if "to_email" in variables:
            # The old mailbox may be somebody else's by now.
            variables["to_email"] = masked(variables["to_email"])
        message = mail.compose(
            slug,
            email,
            variables,
            user=context.get("user"),
            from_email=self.get_from_email(),
            headers=headers,
        )
        if slug == "unknown_account":
            # Kept but never sent: a stranger's address costs the site a row, not a mail, and the
            # answer takes as long as for an account.
            tag = message.mailcenter  # type: ignore[attr-defined]
            message.mailcenter = replace(tag, cancelled=True)  # type: ignore[attr-defined]
        return message

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        # allauth keeps the user to itself, and the old address no longer leads to them.
        super().send_notification_mail(
            template_prefix, user, {**(context or {}), "user": user}, email
        )

    def send_confirmation_mail(
        self, request: HttpRequest | None, emailconfirmation: Any, signup: bool
    ) -> None:
        if app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED:
            # allauth dates a renewed code from the first one; its mail promises a whole life.
            emailconfirmation.state["at"] = time.time()
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def get_email_confirmation_url(
        self, request: HttpRequest | None, emailconfirmation: Any
    ) -> str:
        return absolute("account_confirm_email", key=emailconfirmation.key)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """key: the user's id in base 36, a hyphen, the token."""
        uid, _, token = key.partition("-")
        return absolute("account_reset_password_from_key", uidb36=uid, key=token)

    def respond_email_verification_sent(
        self, request: HttpRequest, user: AbstractBaseUser | None
    ) -> HttpResponseBase:
        if user is None:
            # A new account hashes its password; without this the time would tell it from a
            # taken address.
            make_password("")
        return super().respond_email_verification_sent(request, user)


def kind_of(template_prefix: str) -> str:
    return KINDS.get(template_prefix.rpartition("/")[2], "security_notice")


def _pages(slug: str) -> dict[str, str]:
    """Public pages, in mails that hold no secret: there allauth's names mean another link."""
    if kinds.get(slug).secrets:
        return {}
    return {
        "login_url": absolute("account_login"),
        "signup_url": absolute("account_signup"),
        "password_reset_url": absolute("account_reset_password"),
    }


def masked(email: str) -> str:
    """``a***@example.com``."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
