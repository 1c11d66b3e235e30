"""Why a waiting mail isn't sent yet, and until when: what claiming decides, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailcenter.delivery.accounts import from_row, is_environment, limits_of
from mailcenter.delivery.budget import PROBE_SECONDS, allowance
from mailcenter.exceptions import MailcenterError
from mailcenter.kinds import NORMAL
from mailcenter.models import Account, Message
from mailcenter.transports import Limits

# For each limit: it is used up; what is left of it is kept.
BUDGETS = {
    "per_day": (
        gettext_lazy("The account %(account)s has sent the %(limit)d mails it may send a day."),
        gettext_lazy(
            "The account %(account)s keeps the rest of its %(limit)d mails a day for mail that "
            "somebody is waiting for."
        ),
    ),
    "per_minute": (
        gettext_lazy("The account %(account)s has sent the %(limit)d mails it may send a minute."),
        gettext_lazy(
            "The account %(account)s keeps the rest of its %(limit)d mails a minute for mail that "
            "somebody is waiting for."
        ),
    ),
}


@dataclass(frozen=True)
class Hindrance:
    """why: a sentence for the operator. relief: another one about other accounts, or "".

    until: when it may be tried at the earliest, which may be now; None: nobody can say.
    """

    why: str
    until: datetime | None = None
    relief: str = ""


@dataclass(frozen=True)
class _Obstacle:
    """Why an account can't send. passing: it soon can, and until then no other one steps in."""

    why: str
    until: datetime | None = None
    passing: bool = False


def hindrance(message: Message) -> Hindrance | None:
    """Of one mail."""
    return Hindrances().of(message)


class Hindrances:
    """Of many mails at one moment: the accounts are asked for once, and only if need be."""

    def __init__(self) -> None:
        self._now = timezone.now()

    def of(self, message: Message) -> Hindrance | None:
        """None where a worker should take it at once, or where it isn't waiting."""
        if message.status != Message.Status.QUEUED:
            return None
        if message.expires_at and message.expires_at <= self._now:
            return Hindrance(_("Its link or code has died: the next sweep ends it."))
        account = self.of_account(message)
        due = message.next_attempt_at
        if due <= self._now or (account and (account.until is None or account.until > due)):
            return account
        return Hindrance(_not_yet(message), due)

    def of_account(self, message: Message) -> Hindrance | None:
        """As if it were due: what its account, and those that might step in, have against it."""
        own = self.accounts[message.account_id]
        urgent = message.priority < NORMAL
        obstacle = self._obstacle(own, urgent)
        if obstacle is None:
            return None
        others = [row for row in self._usable if row.pk != own.pk]
        if obstacle.passing or not others:
            return Hindrance(obstacle.why, obstacle.until)
        heirs = [row for row in others if not row.kinds or message.kind in row.kinds]
        until, relief = self._relief(heirs, urgent, obstacle.until)
        return Hindrance(obstacle.why, until, relief)

    def _relief(
        self, heirs: list[Account], urgent: bool, until: datetime | None
    ) -> tuple[datetime | None, str]:
        """until: when the mail's own account can send again."""
        if not heirs:
            return until, _("No other account takes over mail of this kind.")
        untils = {until}
        for row in heirs:
            obstacle = self._obstacle(row, urgent)
            if obstacle is None or obstacle.passing:
                relief = _("%(account)s takes it over.") % {"account": row}
                return obstacle.until if obstacle else self._now, relief
            untils.add(obstacle.until)
        relief = _("Those that may take it over can't send now either: %(accounts)s.") % {
            "accounts": ", ".join(map(str, heirs))
        }
        return min((known for known in untils if known), default=None), relief

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """All there are, by slug."""
        return Account.objects.in_bulk()

    @cached_property
    def _usable(self) -> list[Account]:
        """In the order in which they step in."""
        usable = [row for row in self.accounts.values() if not self._out_of_use[row.pk]]
        return sorted(usable, key=lambda row: (not is_environment(row.pk), row.order, row.pk))

    @cached_property
    def _out_of_use(self) -> dict[str, str]:
        return {slug: _out_of_use(row) for slug, row in self.accounts.items()}

    def _obstacle(self, row: Account, urgent: bool) -> _Obstacle | None:
        if why := self._out_of_use[row.pk]:
            return _Obstacle(why)
        if row.paused_until is not None:
            return self._pause(row, row.paused_until)
        return self._over_budget(row, urgent) or self._gap(row)

    def _pause(self, row: Account, until: datetime) -> _Obstacle:
        said = {"account": row, "reason": row.pause_reason}
        probing = row.last_taken_at and until - row.last_taken_at == timedelta(
            seconds=PROBE_SECONDS
        )
        if until > self._now and not probing:
            return _Obstacle(_("The account %(account)s is paused: %(reason)s") % said, until)
        why = (
            _("One mail finds out whether %(account)s works again; it was paused: %(reason)s")
            % said
        )
        return _Obstacle(why, max(until, self._now), passing=until <= self._now)

    def _over_budget(self, row: Account, urgent: bool) -> _Obstacle | None:
        limits = limits_of(row)
        # Each limit alone: the one means a wait of seconds, the other one of hours.
        for name, (used_up, reserved) in BUDGETS.items():
            limit = getattr(limits, name)
            left = allowance(row, Limits(**{name: limit}), self._now)
            if not (left.urgent if urgent else left.most):
                why = str(reserved if left.urgent else used_up)
                until = self._now + timedelta(seconds=left.wait)
                return _Obstacle(why % {"account": row, "limit": limit}, until)
        return None

    def _gap(self, row: Account) -> _Obstacle | None:
        seconds = limits_of(row).spacing_seconds
        gap = allowance(row, Limits(spacing_seconds=seconds), self._now)
        if not gap.spacing:
            return None
        why = _("The account %(account)s leaves %(seconds)s s between two mails.") % {
            "account": row,
            "seconds": f"{seconds:g}",
        }
        return _Obstacle(why, self._now + timedelta(seconds=gap.wait), passing=True)


def _out_of_use(row: Account) -> str:
    """Why no worker uses this account at all; "" where they do."""
    if not row.enabled:
        return _("The account %(account)s is not in use any more.") % {"account": row}
    if is_environment(row.pk):
        # Its settings are the worker's to read.
        return ""
    try:
        from_row(row)
    except MailcenterError as error:
        said = {"account": row, "reason": error}
        return _("The account %(account)s can't send: %(reason)s") % said
    return ""


def _not_yet(message: Message) -> str:
    if not message.attempt_count:
        return _("It is not due yet.")
    if meaning := message.get_last_verdict_display():
        return _("The last attempt did not work (%(meaning)s).") % {"meaning": meaning}
    return _("The last attempt did not work.")
