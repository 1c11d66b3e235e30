"""Send a user another mail that lets them in, whatever became of the ones before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from mailcenter import kinds, resend
from mailcenter.engines import doorbell
from mailcenter.exceptions import ResendRefused
from mailcenter.kinds import Kind
from mailcenter.models import Attempt, Message, OperatorAction
from mailcenter.outbox import replacing

# What is asked for first: who has verified the address gets a link that sets a password instead.
SLUGS = ("email_verification", "password_reset")
# So many mails of a user are looked through.
RECENT = 200


@dataclass(frozen=True)
class Invitation:
    """kind: of the new mail. message: the older one that says where it goes, of any of SLUGS.

    send: the kind's own verb.
    """

    kind: Kind
    message: Message
    send: Callable[[Message], None]


def prepare(user: AbstractBaseUser) -> Invitation:
    """What would be sent. Raises ResendRefused with the reason why nothing can be."""
    theirs = _mails_with_a_link(user)
    if not theirs:
        raise ResendRefused(
            _(
                "No mail with a link has gone to this user yet, or it was deleted. Ask the user "
                "to use “Forgot your password?” on the site."
            )
        )
    if any(message.status in resend.ON_THE_WAY for message in theirs):
        raise ResendRefused(_("A mail with a link is on its way to this user already."))
    refusal = ""
    for slug in SLUGS:
        kind = kinds.get(slug)
        message = next((mail for mail in theirs if mail.kind == slug), theirs[0])
        if not (kind.send_fresh and kind.check_fresh):
            continue
        try:
            kind.check_fresh(message)
        except ResendRefused as reason:
            refusal = str(reason)
        else:
            return Invitation(kind, message, kind.send_fresh)
    raise ResendRefused(refusal or _("This site has no mail with a link to send."))


def invite(
    user: AbstractBaseUser, operator: AbstractBaseUser, *, duplicate_confirmed: bool = False
) -> Message:
    """The row that carries the new mail, which replaces the older one.

    duplicate_confirmed: as for ``resend.resend``. Raises ResendRefused.
    """
    with transaction.atomic():
        # Locked: of two operators, or two clicks, one is told that a mail is on its way.
        _lock(user)
        found = prepare(user)
        if found.message.kind == found.kind.slug:
            return resend.resend(found.message, operator, duplicate_confirmed=duplicate_confirmed)
        return _send_another(found, operator)


def _mails_with_a_link(user: AbstractBaseUser) -> list[Message]:
    """Newest first. The kind is looked at here: a database might begin at its index."""
    recent = Message.objects.filter(user_id=user.pk).order_by("-created_at", "-pk")[:RECENT]
    return [message for message in recent if message.kind in SLUGS]


def _lock(user: AbstractBaseUser) -> None:
    keys = [message.pk for message in _mails_with_a_link(user)]
    rows = Message.objects.filter(pk__in=keys).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))


def _send_another(found: Invitation, operator: AbstractBaseUser) -> Message:
    """Of another kind than the older one: a reset for who has verified the address."""
    cause: dict[str, Any] = {
        "next_trigger": Attempt.Trigger.RESEND,
        "triggered_by": operator,
        "triggered_by_name": operator.get_username(),
    }
    with replacing(found.message, **cause) as queued:
        found.send(found.message)
    if not queued:
        raise ResendRefused(_("The site sent no new mail: its account needs none now."))
    OperatorAction.objects.create(
        message=found.message,
        verb=OperatorAction.Verb.RESEND,
        user_id=operator.pk,
        user_name=operator.get_username(),
    )
    transaction.on_commit(doorbell.ring, robust=True)
    return queued[-1]
