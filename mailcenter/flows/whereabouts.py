"""Where a mail is, in words for the person who waits for it.

Nothing here tells of accounts, providers' own words or what an operator should do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailcenter.models import Message
from mailcenter.replies import VerdictClass

Status = Message.Status

OWN_TROUBLE = _("Our mail service has a problem of its own.")
AWAY = _("The mail server can't be reached or is busy.")
UNWANTED = _("The mail server didn't take the mail.")
CAUSES: dict[str, str | Promise] = {
    VerdictClass.AUTH: OWN_TROUBLE,
    VerdictClass.SENDER_IDENTITY: OWN_TROUBLE,
    VerdictClass.RECIPIENT_UNKNOWN: _("The mail server says that this address doesn't exist."),
    VerdictClass.RECIPIENT_FULL: _("The mailbox is full."),
    VerdictClass.RATE_LIMITED: _("Very many mails are being sent just now."),
    VerdictClass.CONTENT_REJECTED: UNWANTED,
    VerdictClass.POLICY: UNWANTED,
    VerdictClass.TLS: AWAY,
    VerdictClass.NETWORK: AWAY,
    VerdictClass.PROTOCOL: AWAY,
    VerdictClass.TEMPORARY: AWAY,
}
PAUSED = _("Our mail service is taking a break.")
# What decides the sentence: templates/account/mail_status.html.
UNKNOWN = "unknown"
WAITING = "waiting"
DELAYED = "delayed"
ACCEPTED = "accepted"
ARRIVED = "arrived"
UNSURE = "unsure"
REFUSED = "refused"
FULL = "full"
FAILED = "failed"
LATE = "late"
STOPPED = "stopped"
OPEN = frozenset({WAITING, DELAYED, UNSURE})
TONES = {
    ACCEPTED: "good",
    ARRIVED: "good",
    DELAYED: "warm",
    UNSURE: "warm",
    REFUSED: "bad",
    FULL: "bad",
    FAILED: "bad",
    LATE: "bad",
    STOPPED: "bad",
}


@dataclass(frozen=True)
class Whereabouts:
    """state: one of the words above. cause: a sentence, or "". at: when it was accepted, or when
    it is tried again."""

    state: str
    cause: str | Promise = ""
    at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Nothing changes any more unless somebody asks for another mail."""
        return self.state not in OPEN

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "plain")


def whereabouts(message: Message | None) -> Whereabouts:
    """None: this session caused no mail to the address, because one went there a moment ago."""
    if message is None:
        return Whereabouts(UNKNOWN)
    cause = CAUSES.get(message.last_verdict, AWAY)
    match message.status:
        case Status.QUEUED | Status.SENDING:
            return _on_its_way(message)
        case Status.SENT:
            return Whereabouts(ACCEPTED, at=message.sent_at)
        case Status.DELIVERED:
            return Whereabouts(ARRIVED)
        case Status.UNCERTAIN:
            return Whereabouts(UNSURE)
        case Status.EXPIRED:
            return Whereabouts(LATE)
        case Status.CANCELLED | Status.SUPPRESSED:
            return Whereabouts(STOPPED)
        case _:
            state = {
                VerdictClass.RECIPIENT_UNKNOWN.value: REFUSED,
                VerdictClass.RECIPIENT_FULL.value: FULL,
            }.get(message.last_verdict, FAILED)
            return Whereabouts(state, cause)


def _on_its_way(message: Message) -> Whereabouts:
    again = message.next_attempt_at if message.next_attempt_at > timezone.now() else None
    if message.last_verdict:
        return Whereabouts(DELAYED, CAUSES.get(message.last_verdict, AWAY), again)
    if message.status == Status.QUEUED and message.account.is_paused:
        return Whereabouts(DELAYED, PAUSED)
    return Whereabouts(WAITING)
