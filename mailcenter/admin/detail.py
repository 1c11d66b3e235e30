"""One message explained: what state it is in, what happens next, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from mailcenter import harmless, kinds
from mailcenter.admin import display
from mailcenter.admin.message_neighbours import neighbours
from mailcenter.admin.timeline import Try, tries
from mailcenter.delivery.hindrance import Hindrance, hindrance
from mailcenter.models import (
    Attempt,
    Message,
    OperatorAction,
    Recipient,
    TemplateVersion,
)
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


@dataclass(frozen=True)
class WrittenFrom:
    """label: of the body or of the layout. version: None: the built-in words."""

    label: str
    version: TemplateVersion | None


def describe(request: HttpRequest, message: Message) -> dict[str, Any]:
    """What the page shows beside the columns of the row."""
    fetch(message)
    obstacle = hindrance(message)
    newer, older, query = neighbours(request, message)
    attempts = tries(message)
    actions = list(message.actions.all())
    replaced_by = sorted(message.superseded_by.all(), key=lambda newer: newer.pk)
    last = next((a for a in attempts if a.attempt.outcome != Outcome.OPEN), None)
    advice = last.advice if last else None
    content = getattr(message, "content", None)
    return {
        "chip": display.chip(message.status, display.label(message, "status")),
        "due": due(message, obstacle),
        "newer": newer,
        "older": older,
        "list_query": query,
        "kind": kinds.get(message.kind).label,
        "written_from": list(_written_from(message)),
        "next_steps": [
            *next_steps(message, attempts, actions, obstacle, replaced=bool(replaced_by)),
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


def whole(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Each with what its page shows of other tables, as far as one query tells; see fetch()."""
    versions = [
        f"{version}__{column}"
        for version in ("template_version", "layout_version")
        for column in ("subject", "text", "html", "logo")
    ]
    of_it: dict[str, Any] = {
        "bytes_kept": Q(content__sealed__isnull=False),
        "is_replaced": Exists(Message.objects.filter(supersedes=OuterRef("pk"))),
        "is_acted_on": Exists(OperatorAction.objects.filter(message=OuterRef("pk"))),
    }
    joined = ["content", "template_version__template", "layout_version__template"]
    rows = messages.select_related("account", "user", *joined).annotate(**of_it)
    return rows.defer("content__sealed", *versions)


def fetch(message: Any) -> None:
    """The rest of one from whole(), each once: most mails need but a query for the recipients."""
    content = getattr(message, "content", None)
    if content is not None:
        content.kept = message.bytes_kept
    newer, actions = Message.objects.all(), OperatorAction.objects.all()
    prefetch_related_objects(
        [message],
        "recipients",
        Prefetch("superseded_by", newer if message.is_replaced else newer.none()),
        Prefetch("actions", actions if message.is_acted_on else actions.none()),
    )


def images(message: Message) -> dict[str, str]:
    """Content-ID -> data URL of what its HTML shows: the logo of the layout that it stands in."""
    layout = message.layout_version
    if layout is None or not layout.logo:
        return {}
    return {"logo": harmless.data_url(bytes(layout.logo), layout.logo_type)}


def _written_from(message: Message) -> Iterator[WrittenFrom]:
    """Nothing of a mail that no template was used for."""
    versions = (message.template_version, message.layout_version)
    if any(versions) or kinds.get(message.kind).variables:
        for label, version in zip((_("template"), _("layout")), versions, strict=True):
            yield WrittenFrom(label, version)


def next_steps(
    message: Message,
    attempts: Sequence[Try],
    actions: Sequence[OperatorAction],
    obstacle: Hindrance | None,
    *,
    replaced: bool,
) -> Iterator[str]:
    """What becomes of it, in sentences. attempts, actions: newest first."""
    now = timezone.now()
    if message.status == Status.QUEUED:
        yield from _while_waiting(message, obstacle)
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


def due(message: Message, obstacle: Hindrance | None) -> SafeString | str:
    """When a waiting mail is tried, in a few words; "" where nobody can say, or need not."""
    if message.status != Status.QUEUED:
        return ""
    until = obstacle.until if obstacle else timezone.now()
    if until is None:
        return ""
    if until <= timezone.now():
        return _("Due now")
    when = format_html(
        '<time datetime="{}" title="{}">{}</time>',
        until.isoformat(),
        display.moment(until),
        timeuntil(until, depth=1),
    )
    if message.attempt_count:
        return format_html(_("Retries in {time}"), time=when)
    return format_html(_("Is sent in {time}"), time=when)


def _while_waiting(message: Message, obstacle: Hindrance | None) -> Iterator[str]:
    if obstacle:
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
    for recipient in sorted(message.recipients.all(), key=lambda one: one.pk):
        advice = None
        if recipient.status in refused and recipient.reply_code and not explained:
            advice = _meaning(recipient, message)
        chip = display.chip(recipient.status, display.label(recipient, "status"))
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
