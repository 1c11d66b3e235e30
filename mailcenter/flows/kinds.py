"""The kinds of mail that sign-up, log-in and reset send. Importing this module registers them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account import app_settings
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcenter.flows import fresh
from mailcenter.flows.links import absolute
from mailcenter.kinds import Kind, in_words, register
from mailcenter.templating import Case, Variable

# A person sits in front of the page and waits for these.
AWAITED = 1
CODE = Variable("code", _("the code"), "BCDF-GHJK", required=True, secret=True)
BY_CODE = Case(
    "code",
    _("with a code"),
    frozenset({"code"}),
    {"valid_for": lambda: in_words(timedelta(minutes=10))},
)


def by_link(url: str) -> Case:
    return Case(
        "link",
        _("with a link"),
        frozenset({"key", url}),
        {"valid_for": lambda: in_words(timedelta(hours=1))},
    )


def page(name: str, description: str | Promise) -> Variable:
    """The variable ``<name>_url``, which opens no account."""
    views = {
        "login": "account_login",
        "signup": "account_signup",
        "password_reset": "account_reset_password",
    }
    return Variable(f"{name}_url", description, lambda: absolute(views[name]))


LOGIN_PAGE = page("login", _("page to log in"))
SIGNUP_PAGE = page("signup", _("page to sign up"))
RESET_PAGE = page("password_reset", _("page to ask for a new password"))


def sample_link(view: str, tail: str) -> Callable[[], str]:
    """view: a page that is there with codes too, while that of the link itself is not."""
    return lambda: absolute(view) + tail


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


def own_addresses(user: AbstractBaseUser) -> dict[str, Any]:
    address = getattr(user, user.get_email_field_name())
    return {"from_email": address, "deleted_email": address}


def notice(event: str, label: str | Promise, *variables: str) -> Case:
    always = {"event", "timestamp", "login_url", "password_reset_url"}
    return Case(event, label, frozenset({*always, *variables}), {"event": event})


register(
    Kind(
        "email_verification",
        _("address verification"),
        variables=(
            Variable(
                "activate_url",
                _("link that verifies the address"),
                sample_link("account_email_verification_sent", "SAMPLE-LINK/"),
                required=True,
                secret=True,
            ),
            CODE,
            Variable("key", _("the key in the link, alone"), "SAMPLE-KEY", secret=True),
        ),
        cases=(by_link("activate_url"), BY_CODE),
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
        variables=(
            Variable(
                "password_reset_url",
                _("link that sets a new password"),
                sample_link("account_reset_password", "key/1-SAMPLE-LINK/"),
                required=True,
                secret=True,
            ),
            CODE,
            Variable("key", _("the key in the link, alone"), "SAMPLE-KEY", secret=True),
        ),
        cases=(by_link("password_reset_url"), BY_CODE),
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
        variables=(CODE,),
        lifetime=login_code_lifetime,
        check_fresh=fresh.refuse_code,
        send_fresh=fresh.refuse_code,
        once_more=True,
        priority=AWAITED,
    )
)
register(
    Kind(
        "account_exists",
        _("account exists already"),
        variables=(LOGIN_PAGE, RESET_PAGE),
        # As the verification's: the page after sign-up tells where either mail is.
        lifetime=verification_lifetime,
        once_more=True,
        priority=AWAITED,
    )
)
register(
    Kind(
        "unknown_account",
        _("no such account"),
        variables=(SIGNUP_PAGE,),
        check_fresh=fresh.refuse_stranger,
        send_fresh=fresh.refuse_stranger,
    )
)
register(
    Kind(
        "security_notice",
        _("security notice"),
        variables=(
            Variable("event", _("what happened: one of the cases below"), "password_changed"),
            Variable("timestamp", _("when"), datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
            Variable("from_email", _("the old address"), "old@example.com"),
            Variable("to_email", _("the new address, masked"), "n***@example.com"),
            Variable("deleted_email", _("the address that was removed"), "old@example.com"),
            LOGIN_PAGE,
            RESET_PAGE,
        ),
        cases=(
            notice("password_changed", _("password changed")),
            notice("password_reset", _("password reset by mail")),
            notice("password_set", _("password set")),
            notice("email_changed", _("address changed"), "from_email", "to_email"),
            notice("email_deleted", _("address removed"), "deleted_email"),
            notice("other", _("any other change")),
        ),
        for_user=own_addresses,
    )
)
