"""What an operator may do to a mail. Each act leaves an OperatorAction, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import make_msgid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mailcenter import freezing, kinds, sealing
from mailcenter.engines import doorbell
from mailcenter.exceptions import ResendRefused
from mailcenter.models import Attempt, Content, Message, OperatorAction, Recipient
from mailcenter.outbox import replacing
from mailcenter.replies import Reply

Status = Message.Status
Verb = OperatorAction.Verb
ON_THE_WAY = frozenset({Status.QUEUED, Status.SENDING})
ACCEPTED = frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED})


def resend(
    message: Message, operator: AbstractBaseUser, *, duplicate_confirmed: bool = False
) -> Message:
    """Send it again, and return the row that will carry it.

    A mail with a secret is replaced by one with a fresh secret. Any other leaves with the same
    bytes: in the same row where somebody has not accepted it yet, else in a row of its own
    with another Message-ID.

    duplicate_confirmed: the operator was told that the reader may get it twice; asked for
    where nobody can tell whether the mail arrived.

    Raises ResendRefused.
    """
    with transaction.atomic():
        # Locked and read again: of two operators, or two clicks, one is told what happened.
        current = Message.objects.select_for_update().get(pk=message.pk)
        if current.status != message.status:
            raise ResendRefused(_("Something has just happened to this mail. Look at it again."))
        if sentence := obstacle(current):
            raise ResendRefused(sentence)
        if may_have_arrived(current) and not duplicate_confirmed:
            raise ResendRefused(
                _("The reader may have this mail already. Confirm that a second copy does no harm.")
            )
        carrier = _send_again(current, operator)
        _record(current, operator, Verb.RESEND)
        transaction.on_commit(doorbell.ring, robust=True)
    return carrier


def may_have_arrived(message: Message) -> bool:
    """Nobody can tell, so a resend needs a second confirmation."""
    return message.status == Status.UNCERTAIN or (
        message.possible_duplicate and message.status not in ACCEPTED
    )


def obstacle(message: Message) -> str:
    """Why it can't be resent, in a sentence for the operator; "" where it can."""
    if message.status in ON_THE_WAY:
        return _("This mail is still on its way. Use “retry now” instead.")
    if any(newer.status in ON_THE_WAY for newer in message.superseded_by.all()):
        return _("The mail that replaces this one is on its way already.")
    kind = kinds.get(message.kind)
    try:
        if kind.check_fresh:
            kind.check_fresh(message)
    except ResendRefused as refusal:
        return str(refusal)
    if not kind.send_fresh and not message.content.sealed:
        return _("The bytes of this mail have been erased: it is too old.")
    return ""


def retry_now(message: Message, operator: AbstractBaseUser) -> None:
    """Raises ResendRefused where it isn't waiting."""
    with transaction.atomic():
        if not Message.objects.filter(pk=message.pk).hurry(timezone.now()):
            raise ResendRefused(_("Only a waiting mail can be tried at once."))
        _record(message, operator, Verb.RETRY)
        transaction.on_commit(doorbell.ring, robust=True)


def cancel(message: Message, operator: AbstractBaseUser) -> Message:
    """Returns the row as it ended: "sent" or "uncertain" where somebody has or may have the mail.

    Raises ResendRefused where it isn't waiting.
    """
    with transaction.atomic():
        if not Message.objects.filter(pk=message.pk).cancel(timezone.now()):
            raise ResendRefused(_("Only a waiting mail can be cancelled."))
        _record(message, operator, Verb.CANCEL)
    return Message.objects.get(pk=message.pk)


def arrived(message: Message, operator: AbstractBaseUser) -> None:
    """Take the operator's word for a mail that nobody can tell about: nothing more is tried.

    Whom the server refused by name had no part in it, and stays refused.

    Raises ResendRefused where nobody needs to be asked.
    """
    with transaction.atomic():
        # Locked: a look in the Sent folder, or a late reply, may be about to decide it too.
        current = Message.objects.select_for_update().get(pk=message.pk)
        if current.status != Status.UNCERTAIN:
            raise ResendRefused(
                _("Nobody needs to decide about this mail any more. Look at it again.")
            )
        # Their replies stay as they are: no server has said anything new.
        replies = {r.address: Reply(r.reply_code, r.reply_text) for r in may_have_it(current)}
        current.recipients.settle(replies, Recipient.Status.ACCEPTED)
        current.recipients.give_up()
        Message.objects.filter(pk=current.pk).mark_sent(
            timezone.now(), look_at=None, last_reply_code=None, last_verdict=""
        )
        _record(current, operator, Verb.ARRIVED)


def may_have_it(message: Message) -> list[Recipient]:
    """Of an uncertain mail: all but those who have it, and those who were refused by name."""
    uncertain = message.attempts.filter(outcome=Attempt.Outcome.UNCERTAIN)
    replies = [
        {(step["code"], step["text"]) for step in attempt.dialogue if step["verb"] == "RCPT"}
        for attempt in uncertain
    ]
    # An earlier one may have reached whom only the last one was refused.
    refused = set.intersection(*replies) if replies else set()
    return [
        recipient
        for recipient in message.recipients.order_by("pk")
        if recipient.status != Recipient.Status.ACCEPTED
        and (recipient.reply_code, recipient.reply_text) not in refused
        # Those given up with the mail have no such reply.
        and (recipient.status != Recipient.Status.REJECTED or (recipient.reply_code or 0) < 500)
    ]


def reveal(message: Message, operator: AbstractBaseUser) -> bytes:
    """The bytes that were or will be sent. Raises ResendRefused, CannotUnseal."""
    if message.content.secret:
        raise ResendRefused(
            _("This mail opens somebody's account, so nobody but its reader may see it whole.")
        )
    raw = _unsealed(message)
    _record(message, operator, Verb.REVEAL)
    return raw


def _send_again(message: Message, operator: AbstractBaseUser) -> Message:
    cause = {
        "next_trigger": Attempt.Trigger.RESEND,
        "triggered_by": operator,
        "triggered_by_name": operator.get_username(),
    }
    kind = kinds.get(message.kind)
    if kind.send_fresh:
        return _send_fresh(message, kind.send_fresh, cause)
    if message.status in ACCEPTED and not message.recipients.refused().exists():
        return _send_copy(message, cause)
    return _send_same(message, cause)


def _send_fresh(
    message: Message, send_fresh: Callable[[Message], None], cause: dict[str, Any]
) -> Message:
    with replacing(message, **cause) as queued:
        send_fresh(message)
    if not queued:
        raise ResendRefused(_("The site sent no new mail: its account needs none now."))
    # The old secret has no use any more, whatever became of its mail. Nor has a look in the Sent
    # folder, after which the old mail might be sent once more.
    Content.objects.filter(message=message, secret=True).erase()
    Message.objects.filter(pk=message.pk).look_again(None)
    return queued[-1]


def _send_same(message: Message, cause: dict[str, Any]) -> Message:
    _unsealed(message)
    now = timezone.now()
    here = Message.objects.filter(pk=message.pk)
    here.requeue_for_operator(
        now,
        **cause,
        possible_duplicate=may_have_arrived(message),
        # Else the next sweep would end at once what the operator has just begun.
        expires_at=None,
    )
    message.recipients.give_another_chance()
    return here.get()


def _send_copy(message: Message, cause: dict[str, Any]) -> Message:
    message_id = make_msgid(domain=message.message_id.rpartition("@")[2].rstrip(">"))
    raw = freezing.with_message_id(_unsealed(message), message_id)
    now = timezone.now()
    kept = (
        "kind",
        "subject",
        "from_email",
        "requested_from",
        "language",
        "user_id",
        "account_id",
        "template_version_id",
        "layout_version_id",
    )
    return Message.objects.queue(
        Content(sealed=sealing.seal(raw), redacted=message.content.redacted, secret=False),
        [Recipient(address=r.address, role=r.role) for r in message.recipients.order_by("pk")],
        **{name: getattr(message, name) for name in kept},
        message_id=message_id,
        priority=message.priority,
        created_at=now,
        next_attempt_at=now,
        size_bytes=len(raw),
        supersedes=message,
        **cause,
    )


def _unsealed(message: Message) -> bytes:
    sealed = message.content.sealed
    if sealed is None:
        raise ResendRefused(_("The bytes of this mail have been erased: it is too old."))
    return sealing.unseal(bytes(sealed))


def _record(message: Message, operator: AbstractBaseUser, verb: Verb) -> None:
    OperatorAction.objects.create(
        message=message, verb=verb, user_id=operator.pk, user_name=operator.get_username()
    )
