"""Attempts as somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter.admin import display
from mailcenter.delivery.looking import VERB
from mailcenter.models import Attempt, Message
from mailcenter.replies import CATALOG, Entry

Outcome = Attempt.Outcome


@dataclass(frozen=True)
class Try:
    """reply: code and text. server: host and port. seconds: None: unknown.

    tls: version, or "" before it was agreed on.
    advice: the catalogue's entry for the reply.
    """

    attempt: Attempt
    chip: SafeString
    reply: str
    sentence: str
    cause: str
    server: str
    tls: str
    seconds: float | None
    advice: Entry | None


def tries(message: Message) -> list[Try]:
    """All attempts, newest first."""
    attempts = message.attempts.select_related("account").order_by("-number")
    return [describe(attempt) for attempt in attempts]


def describe(attempt: Attempt) -> Try:
    server, _blank, tls = attempt.peer.partition(" ")
    return Try(
        attempt=attempt,
        chip=display.chip(attempt.outcome, display.label(attempt, "outcome")),
        reply=f"{attempt.reply_code or ''} {attempt.reply_text}".strip(),
        sentence=_sentence(attempt),
        cause=_cause(attempt),
        server=server,
        tls=tls,
        seconds=None if attempt.duration_ms is None else attempt.duration_ms / 1000,
        # An entry may have been removed from the catalogue since.
        advice=CATALOG.get(attempt.catalog_entry),
    )


def _sentence(attempt: Attempt) -> str:
    stage = {"stage": display.label(attempt, "stage")}
    if attempt.outcome == Outcome.OPEN:
        return _("Under way (stage: %(stage)s).") % stage
    if attempt.outcome == Outcome.ACCEPTED and attempt.reply_code is None and _looks(attempt):
        return _("No reply came back, but the Sent folder holds the mail: the server took it over.")
    if attempt.outcome == Outcome.ACCEPTED:
        return _("The server took the mail over.")
    if attempt.outcome == Outcome.DEFERRED:
        return (
            _("It did not work this time (stage: %(stage)s); the mail stays in the queue.") % stage
        )
    if attempt.outcome == Outcome.REJECTED:
        return _("The server refused the mail for good (stage: %(stage)s).") % stage
    if attempt.outcome == Outcome.INTERRUPTED:
        return _("The worker was lost before the content left (stage: %(stage)s).") % stage
    return _("The content had left, and no reply came back: the mail may have arrived.")


def _looks(attempt: Attempt) -> bool:
    """Whether the Sent folder was looked into."""
    return any(step["verb"] == VERB for step in attempt.dialogue)


def _cause(attempt: Attempt) -> str:
    """Why it was made, and by whom."""
    if attempt.trigger == Attempt.Trigger.RESEND and attempt.triggered_by_name:
        return _("resent by %(name)s") % {"name": attempt.triggered_by_name}
    return display.label(attempt, "trigger")
