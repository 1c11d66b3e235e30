"""The kinds of mail that sign-up, log-in and reset send. Importing this module registers them."""

from __future__ import annotations

from datetime import timedelta

from allauth.account import app_settings
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from mailcenter.flows import fresh
from mailcenter.kinds import Kind, register

# A person sits in front of the page and waits for these.
AWAITED = 1


def verification_lifetime() -> timedelta:
    if app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED:
        return timedelta(seconds=app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT)
    return timedelta(days=app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)


def reset_lifetime() -> timedelta:
    if app_settings.PASSWORD_RESET_BY_CODE_ENABLED:
        return timedelta(seconds=app_settings.PASSWORD_RESET_BY_CODE_TIMEOUT)
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def login_code_lifetime() -> timedelta:
    return timedelta(seconds=app_settings.LOGIN_BY_CODE_TIMEOUT)


register(
    Kind(
        "email_verification",
        _("address verification"),
        secrets=frozenset({"key", "activate_url", "code"}),
        lifetime=verification_lifetime,
        check_fresh=fresh.check_verification,
        send_fresh=fresh.send_verification,
        once_more=True,
        priority=AWAITED,
    )
)
register(
    Kind(
        "password_reset",
        _("password reset"),
        secrets=frozenset({"key", "password_reset_url", "code"}),
        lifetime=reset_lifetime,
        check_fresh=fresh.check_reset,
        send_fresh=fresh.send_reset,
        once_more=True,
        priority=AWAITED,
    )
)
register(
    Kind(
        "login_code",
        _("log-in code"),
        secrets=frozenset({"code"}),
        lifetime=login_code_lifetime,
        check_fresh=fresh.refuse_code,
        send_fresh=fresh.refuse_code,
        once_more=True,
        priority=AWAITED,
    )
)
register(Kind("account_exists", _("account exists already")))
register(
    Kind(
        "unknown_account",
        _("no such account"),
        check_fresh=fresh.refuse_stranger,
        send_fresh=fresh.refuse_stranger,
    )
)
register(Kind("security_notice", _("security notice")))
