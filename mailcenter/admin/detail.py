"""One message explained: what state it is in, what happens next, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin import display
from mailcenter.admin.timeline import Try, tries
from mailcenter.delivery.hindrance import Hindrance, hindrance
from mailcenter.models import Attempt, Content, Message, OperatorAction, Recipient
from mailcenter.replies import CATALOG, Entry, Reply, Stage, classify
from mailcenter.transports.presets import PRESETS

Status = Message.Status
Outcome = Attempt.Outcome


@dataclass(frozen=True)
class Addressee:
    """advice: what the reply means, where nothing else on the page says so."""

    recipient: Recipient
    chip: SafeString
    advice: Entry | None


def describe(message: Message) -> dict[str, Any]:
    """What the page shows beside the columns of the row."""
    attempts = tries(message)
    actions = list(message.actions.all())
    replaced_by = list(message.superseded_by.order_by("pk"))
    last = next((a for a in attempts if a.attempt.outcome != Outcome.OPEN), None)
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
        "next_steps": [
            *next_steps(message, attempts, actions, replaced=bool(replaced_by)),
            *_moves(message, attempts),
        ],
        "advice": advice,
        "reply": last.reply if last else "",
        "addressees": list(_addressees(message, explained=advice is not None)),
        "tries": attempts,
        "operator_actions": actions,
        "replaced_by": replaced_by,
        "content": content,
        "body_closed": content is not None
        and not (content.redacted["text"] or content.redacted["html"]),
    }


def next_steps(
    message: Message,
    attempts: Sequence[Try],
    actions: Sequence[OperatorAction],
    *,
    replaced: bool,
) -> Iterator[str]:
    """What becomes of it, in sentences. attempts, actions: newest first."""
    now = timezone.now()
    if message.status == Status.QUEUED:
        yield from _while_waiting(message)
    elif message.status == Status.SENDING:
        if message.lease_expires_at and message.lease_expires_at > now:
            yield _("A worker has it in hand.")
        else:
            yield _("Its worker has fallen silent. The next sweep decides what became of the mail.")
    elif message.status == Status.SENT:
        yield _taken_over(actions)
    elif message.status == Status.FAILED:
        yield _("It is not tried again unless somebody resends it.")
    elif message.status == Status.UNCERTAIN:
        yield _(
            "The connection or the worker was lost after the content had left and before the "
            "reply came: the reader may have the mail or not."
        )
        yield from _while_uncertain(message, attempts, replaced=replaced)
    elif message.status == Status.EXPIRED:
        yield _("Its link or code died before it could be sent.")
    elif message.status == Status.CANCELLED:
        yield _("It was stopped before it was sent.")


def _while_waiting(message: Message) -> Iterator[str]:
    if obstacle := hindrance(message):
        yield from hindrance_words(obstacle)
    else:
        yield _("It is due: the next free worker takes it.")
    if message.expires_at:
        yield _("It is given up at %(time)s, when its link or code dies.") % {
            "time": display.moment(message.expires_at)
        }


def hindrance_words(obstacle: Hindrance) -> Iterator[str]:
    yield obstacle.why
    if obstacle.relief:
        yield obstacle.relief
    if obstacle.until and obstacle.until > timezone.now():
        yield _("Next attempt at %(time)s at the earliest.") % {
            "time": display.moment(obstacle.until)
        }


def _while_uncertain(message: Message, attempts: Sequence[Try], *, replaced: bool) -> Iterator[str]:
    lost = next((a.attempt for a in attempts if a.attempt.outcome == Outcome.UNCERTAIN), None)
    if message.look_at and lost:
        yield _("At %(time)s the Sent folder of %(account)s is looked into.") % {
            "account": lost.account,
            "time": display.moment(message.look_at),
        }
        if kinds.get(message.kind).once_more and not message.possible_duplicate:
            yield _("If it is not there, it is sent once more, marked as a possible duplicate.")
        else:
            yield _("If it is not there, somebody has to decide whether it arrived.")
    elif not replaced:
        yield _("It waits for somebody to decide: either it has arrived, or it is sent again.")


def _taken_over(actions: Sequence[OperatorAction]) -> str:
    verbs = OperatorAction.Verb
    decided = next((action for action in actions if action.verb != verbs.REVEAL), None)
    if decided and decided.verb == verbs.ARRIVED:
        return _("%(name)s said that it arrived, although no reply came back.") % {
            "name": decided.user_name
        }
    return _("The provider took it over. Whether it reached the inbox is up to the provider.")


def _moves(message: Message, attempts: Sequence[Try]) -> Iterator[str]:
    """To another account, and to another sender."""
    if not attempts:
        return
    newest, first = attempts[0].attempt, attempts[-1].attempt
    if message.account_id != first.account_id:
        yield _("It moved from the account %(old)s to %(new)s.") % {
            "old": first.account,
            "new": message.account,
        }
    if newest.from_email != message.from_email:
        yield _("Its sender was replaced: %(new)s instead of %(old)s.") % {
            "old": message.from_email,
            "new": newest.from_email,
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
