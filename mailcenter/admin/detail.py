"""One message explained: what state it is in, what happens next, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin import display
from mailcenter.admin.timeline import tries
from mailcenter.models import Attempt, Content, Message, Recipient
from mailcenter.replies import CATALOG, Entry, Reply, Stage, classify
from mailcenter.transports.presets import PRESETS

Status = Message.Status


@dataclass(frozen=True)
class Addressee:
    """advice: what the reply means, where nothing else on the page says so."""

    recipient: Recipient
    chip: SafeString
    advice: Entry | None


def describe(message: Message) -> dict[str, Any]:
    """What the page shows beside the columns of the row."""
    attempts = tries(message)
    last = next((a for a in attempts if a.attempt.outcome != Attempt.Outcome.OPEN), None)
    advice = last.advice if last else None
    content = (
        Content.objects.filter(message=message)
        .defer("sealed")
        .annotate(kept=Q(sealed__isnull=False))
        .first()
    )
    return {
        "chip": display.chip(message.status, message.get_status_display()),
        "kind": kinds.get(message.kind).label,
        "next_steps": list(next_steps(message)),
        "advice": advice,
        "reply": last.reply if last else "",
        "addressees": list(_addressees(message, explained=advice is not None)),
        "tries": attempts,
        "operator_actions": list(message.actions.all()),
        "replaced_by": list(message.superseded_by.order_by("pk")),
        "content": content,
        "body_closed": content is not None
        and not (content.redacted["text"] or content.redacted["html"]),
    }


def next_steps(message: Message) -> Iterator[str]:
    """What becomes of it, in sentences."""
    now = timezone.now()
    if message.status == Status.QUEUED:
        yield from _while_waiting(message)
    elif message.status == Status.SENDING:
        if message.lease_expires_at and message.lease_expires_at > now:
            yield _("A worker has it in hand.")
        else:
            yield _("Its worker has fallen silent. The next sweep decides what became of the mail.")
    elif message.status == Status.SENT:
        yield _("The provider took it over. Whether it reached the inbox is up to the provider.")
    elif message.status == Status.FAILED:
        yield _("It is not tried again unless somebody resends it.")
    elif message.status == Status.UNCERTAIN:
        yield _(
            "The connection or the worker was lost after the content had left and before the "
            "reply came: the reader may have the mail or not. It waits for somebody to decide."
        )
    elif message.status == Status.EXPIRED:
        yield _("Its link or code died before it could be sent.")
    elif message.status == Status.CANCELLED:
        yield _("It was stopped before it was sent.")


def _while_waiting(message: Message) -> Iterator[str]:
    now = timezone.now()
    if message.account.is_paused and message.account.paused_until:
        yield _("The account %(account)s is paused until %(time)s: %(reason)s") % {
            "account": message.account,
            "time": display.moment(message.account.paused_until),
            "reason": message.account.pause_reason,
        }
    elif message.next_attempt_at > now:
        yield _("Next attempt at %(time)s.") % {"time": display.moment(message.next_attempt_at)}
    else:
        yield _("It is due: the next free worker takes it.")
    if message.expires_at:
        yield _("It is given up at %(time)s, when its link or code dies.") % {
            "time": display.moment(message.expires_at)
        }


def _addressees(message: Message, *, explained: bool) -> Iterator[Addressee]:
    refused = (Recipient.Status.REJECTED, Recipient.Status.DEFERRED)
    for recipient in message.recipients.order_by("pk"):
        advice = None
        if recipient.status in refused and recipient.reply_code and not explained:
            advice = _meaning(recipient, message)
        chip = display.chip(recipient.status, recipient.get_status_display())
        yield Addressee(recipient, chip, advice)


def _meaning(recipient: Recipient, message: Message) -> Entry:
    """For one refused while the others were accepted, which is done at RCPT."""
    preset = PRESETS.get(message.account.preset)
    verdict = classify(
        Reply.parse(recipient.reply_code or 0, recipient.reply_text.encode()),
        stage=Stage.RCPT,
        provider=preset.provider if preset else "",
    )
    return CATALOG[verdict.slug]
