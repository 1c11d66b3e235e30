"""Which mail a visitor's session caused last, and when it may ask for another one.

The session alone remembers: the pages that say where a mail is must tell nobody about a mail, or
an account, that somebody else caused.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from allauth.account.models import Login
from allauth.core.internal import ratelimit
from django.http import HttpRequest

from mailcenter.models import Message

MAIL_KEY = "mailcenter_sign_up_mail"
ASKED_KEY = "mailcenter_asked_again_at"
# The two mails that a sign-up may cause; a taken address must look like a new one.
FOLLOWED = frozenset({"email_verification", "account_exists"})


def is_followed(request: HttpRequest | None, kind: str) -> bool:
    """Whether a mail of this kind is one that somebody without an account waits for.

    An operator, or a member who changes the address, sends such mails too.
    """
    return request is not None and kind in FOLLOWED and request.user.is_anonymous


def follow(request: HttpRequest, address: str, queued: Iterable[Message]) -> None:
    """From now on this session's pages tell of the last of these, if there is one."""
    for message in queued:
        request.session[MAIL_KEY] = {"uuid": str(message.uuid), "address": address}


def followed(request: HttpRequest, address: str) -> Message | None:
    """The latest mail that this session had sent to this address, or what replaced it.

    An operator's resend replaces a mail with a secret, and sends any other in its old row:
    followed or not, both must look alike.
    """
    kept = request.session.get(MAIL_KEY)
    if not kept or kept["address"] != address:
        return None
    messages = Message.objects.select_related("account")
    message = messages.filter(uuid=kept["uuid"]).first()
    while message and (newer := messages.filter(supersedes=message).order_by("-pk").first()):
        message = newer
    return message


def note_that_it_asked(request: HttpRequest) -> None:
    """Whether a mail was sent or not: the wait that is shown must not tell which."""
    request.session[ASKED_KEY] = time.time()


def asked_at(request: HttpRequest, login: Login) -> float:
    """When this session last asked for a mail, in epoch seconds."""
    return max(login.initiated_at, request.session.get(ASKED_KEY, 0.0))


def seconds_to_wait(request: HttpRequest, login: Login) -> int:
    """Until the button would send again, by what this session itself did.

    allauth counts by address, whoever asked; its count would tell that somebody else did.
    """
    rates = ratelimit.get_rates(app="allauth.account", action="confirm_email")
    cool_down = max((rate.duration for rate in rates if rate.amount == 1), default=0)
    return seconds_left(asked_at(request, login) + cool_down, cool_down)


def seconds_left(end: float, most: float) -> int:
    """Until the moment ``end``, in epoch seconds; a clock that was set back adds nothing."""
    return max(0, min(round(end - time.time()), round(most)))
