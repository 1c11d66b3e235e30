"""What the pages on which somebody waits for the first mail have in common."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.email_verification import get_address_for_login
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress, Login
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from mailcenter.flows import slips
from mailcenter.flows.following import asked_at, followed, seconds_left, seconds_to_wait
from mailcenter.flows.webmail import webmail_of
from mailcenter.flows.whereabouts import whereabouts

# A mail that is not in the inbox by then may lie in the junk folder.
JUNK_SECONDS = 60


def pending_address(login: Login | None) -> EmailAddress | None:
    """Whom a pending log-in waits for; without a user where the sign-up met a taken address."""
    if login is None:
        return None
    if login.user:
        return get_address_for_login(login)
    if not login.email:
        return None
    for _user_or_address in range(2):
        # For nothing: a new address costs these, and whoever asks often enough can time them.
        EmailAddress.objects.filter(email=login.email).first()
    return EmailAddress(email=login.email)


def told(request: HttpRequest) -> dict[str, Any]:
    """For the templates: all that this session may know of its mail; {} where it waits for none."""
    login = unstash_login(request, peek=True) if request.user.is_anonymous else None
    address = pending_address(login)
    if login is None or address is None:
        return {}
    email = address.email
    wait = seconds_to_wait(request, login)
    return {
        "email": email,
        "mail": whereabouts(followed(request, email)),
        "webmail": webmail_of(email),
        "meant": slips.meant(email),
        "wait": wait,
        "wait_in_words": in_words(wait),
        # The script counts down with the same sentences.
        "wait_minutes": _("You can have another one sent in %(number)s min."),
        "wait_seconds": _("You can have another one sent in %(number)s s."),
        "junk_in": seconds_left(asked_at(request, login) + JUNK_SECONDS, JUNK_SECONDS),
    }


def in_words(seconds: int) -> str:
    """Of the wait; "" where there is none."""
    if not seconds:
        return ""
    if seconds < 60:
        return _("You can have another one sent in %(number)s s.") % {"number": seconds}
    return _("You can have another one sent in %(number)s min.") % {"number": -(-seconds // 60)}


@method_decorator(never_cache, name="dispatch")
class MailStatusView(TemplateView):
    """The sentence alone, for the script; nothing at all for a session that waits for no mail."""

    template_name = "account/mail_status.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = told(request)
        if not context:
            return HttpResponse()
        return self.render_to_response(context)
