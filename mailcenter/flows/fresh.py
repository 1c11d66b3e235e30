"""An operator resends a verification or reset mail: a new link, to the same address only."""

from __future__ import annotations

from typing import NoReturn

from allauth.account import app_settings
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.models import EmailAddress
from allauth.account.utils import filter_users_by_email, user_email
from django.contrib.auth.models import AbstractBaseUser
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses
from mailcenter.exceptions import ResendRefused
from mailcenter.models import Message


def check_verification(message: Message) -> EmailAddress:
    """The address that still waits to be verified. Raises ResendRefused."""
    if app_settings.EMAIL_VERIFICATION_BY_CODE_ENABLED:
        refuse_code(message)
    user = _active_user(message)
    theirs = list(EmailAddress.objects.filter(user_id=user.pk).order_by("pk"))
    email = _own_address(user, [known.email for known in theirs], message)
    address = next((known for known in theirs if known.email == email), None)
    if address is None:
        raise ResendRefused(_("This address no longer belongs to the account."))
    if address.verified:
        raise ResendRefused(_("This address is verified already."))
    return address


@sensitive_variables()
def send_verification(message: Message) -> None:
    """Raises ResendRefused."""
    address = check_verification(message)
    with translation.override(message.language):
        address.send_confirmation(request=None)


def check_reset(message: Message) -> tuple[AbstractBaseUser, str]:
    """Whose password the mail resets, and the address it goes to. Raises ResendRefused."""
    if app_settings.PASSWORD_RESET_BY_CODE_ENABLED:
        refuse_code(message)
    user = _active_user(message)
    emails = EmailAddress.objects.filter(user_id=user.pk).values_list("email", flat=True)
    email = _own_address(user, list(emails), message)
    if user not in filter_users_by_email(email, is_active=True, prefer_verified=True):
        raise ResendRefused(_("This address no longer belongs to the account."))
    return user, email


@sensitive_variables()
def send_reset(message: Message) -> None:
    """Raises ResendRefused."""
    user, email = check_reset(message)
    with translation.override(message.language):
        request_password_reset(None, email, [user], None)


def refuse_code(message: Message) -> NoReturn:
    """Raises ResendRefused: a code works only in the browser session that asked for it."""
    raise ResendRefused(
        _(
            "This mail held a code, which works only in the visitor's own browser. "
            "Ask the visitor to request a new one on the site."
        )
    )


def refuse_stranger(message: Message) -> NoReturn:
    """Raises ResendRefused: this mail is on record to make both answers alike, not to be sent."""
    raise ResendRefused(_("Nobody has an account with this address, so it gets no mail."))


def _active_user(message: Message) -> AbstractBaseUser:
    if message.user is None:
        raise ResendRefused(_("The account this mail was about no longer exists."))
    if not message.user.is_active:
        raise ResendRefused(_("The account is deactivated."))
    return message.user


def _own_address(user: AbstractBaseUser, emails: list[str], message: Message) -> str:
    """The mail's address as the account has it now; the envelope holds its ASCII form."""
    # All of them: whoever has fetched them already is not made to ask again.
    recipients = [recipient.address.lower() for recipient in message.recipients.all()]
    if len(recipients) != 1:
        raise ResendRefused(
            _("The mail went to several addresses. A link that opens an account goes to one alone.")
        )
    for email in [*emails, user_email(user)]:
        if email and addresses.split(email)[1].lower() in recipients:
            return email
    raise ResendRefused(_("This address no longer belongs to the account."))
