"""How much mail one visitor may cause, however many addresses and sessions it takes."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse


def too_many(request: HttpRequest) -> HttpResponse | None:
    """The answer 429 once this network address has had its share of sign-ups.

    allauth limits the button by mailbox alone: whoever signs up with many mailboxes could have
    mail sent to all of them again and again.
    """
    answer: HttpResponse | None = ratelimit.consume_or_429(
        request, app="allauth.account", action="signup"
    )
    return answer
