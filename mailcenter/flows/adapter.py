"""Where allauth meets Mailcenter: each mail it sends is rendered twice and tagged."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds
from mailcenter.exceptions import RefusedMessage
from mailcenter.flows.canonical import canonical
from mailcenter.flows.links import absolute
from mailcenter.outbox import Tag
from mailcenter.rendering import FALLBACK_LANGUAGE, render, render_redacted

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
# What a template may use of allauth's context: no request, no model, no client address.
VARIABLES = {
    "email_verification": ("key", "activate_url", "code"),
    "password_reset": ("key", "password_reset_url", "code"),
    "login_code": ("code",),
    "security_notice": ("timestamp", "from_email", "to_email", "deleted_email"),
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
        self.render_mail(template_prefix, email, context).send()

    @sensitive_variables()
    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        event = template_prefix.rpartition("/")[2]
        slug = KINDS.get(event, "security_notice")
        kind = kinds.get(slug)
        language = get_language() or FALLBACK_LANGUAGE
        now = timezone.now()
        expires_at = now + kind.lifetime() if kind.lifetime else None

        variables = {name: context[name] for name in VARIABLES.get(slug, ()) if name in context}
        variables["event"] = event
        if expires_at:
            variables["valid_for"] = timesince(now, expires_at)
        if "to_email" in variables:
            # The old mailbox may be somebody else's by now.
            variables["to_email"] = masked(variables["to_email"])
        if slug in ("account_exists", "unknown_account", "security_notice"):
            variables["login_url"] = absolute("account_login")
            variables["signup_url"] = absolute("account_signup")
            variables["password_reset_url"] = absolute("account_reset_password")

        rendered = render(slug, language, variables)
        message = EmailMultiAlternatives(
            rendered.subject,
            rendered.text,
            self.get_from_email(),
            [email] if isinstance(email, str) else email,
            # RFC 3834 section 5: no vacation notice comes back.
            headers={"Auto-Submitted": "auto-generated", **(headers or {})},
        )
        message.attach_alternative(rendered.html, "text/html")
        message.mailcenter = Tag(  # type: ignore[attr-defined]
            kind=slug,
            user=context.get("user"),
            language=language,
            expires_at=expires_at,
            redacted=render_redacted(slug, language, variables),
            # Kept but never sent: a stranger's address costs the site a row, not a mail,
            # and the answer takes as long as for an account.
            cancelled=slug == "unknown_account",
        )
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


def masked(email: str) -> str:
    """``a***@example.com``."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
