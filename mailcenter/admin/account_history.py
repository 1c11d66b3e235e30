"""What became of one account: the last replies, its pauses and codes, the last check-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter.admin import display
from mailcenter.delivery.accounts import is_environment
from mailcenter.models import Account, AccountEvent, Attempt, Checkup
from mailcenter.replies import CATALOG

REPLIES = 20
EVENTS = 50


@dataclass(frozen=True)
class Answer:
    """meaning: the catalogue's words for the reply, else what its class says."""

    attempt: Attempt
    chip: SafeString
    meaning: str


class History:
    """For the template: it asks the database only for what the reader may see."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def answers(self) -> Iterator[Answer]:
        """Newest first, of the attempts that are over."""
        attempts = self._account.attempts.exclude(outcome=Attempt.Outcome.OPEN)
        for attempt in attempts.select_related("message").defer("dialogue")[:REPLIES]:
            chip = display.chip(attempt.outcome, display.label(attempt, "outcome"))
            yield Answer(attempt, chip, _meaning(attempt))

    def events(self) -> list[AccountEvent]:
        """Newest first."""
        return list(self._account.events.all()[:EVENTS])

    def checkup(self) -> Checkup | None:
        return self._account.checkups.defer("steps").first()

    def code(self) -> str | SafeString:
        """How old the stored code is; the code itself is never read."""
        account = self._account
        if is_environment(account.pk):
            return _("in the environment, which doesn't say since when")
        if account.sealed_secret is not None:
            return _stored(account.secret_set_at)
        return _("none; it logs in with OAuth2") if account.sealed_oauth else _("none")

    def next_code(self) -> str | SafeString:
        """The one that takes over when the first is refused."""
        if self._account.sealed_next_secret is None:
            return _("none")
        return _stored(self._account.next_secret_set_at)


def _stored(at: datetime | None) -> str | SafeString:
    if at is None:
        return _("stored, before dates were kept")
    return format_html(_("stored {age} ago"), age=display.age(at))


def _meaning(attempt: Attempt) -> str:
    # An entry may have been removed from the catalogue since.
    entry = CATALOG.get(attempt.catalog_entry)
    return str(entry.cause) if entry else display.label(attempt, "verdict")
