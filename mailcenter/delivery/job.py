"""A leased mail in a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses, freezing, sealing
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Attempt, Message
from mailcenter.transports import Envelope, SendingAccount


@dataclass(eq=False)
class Job:
    """recipients: those that have not accepted it yet.

    own: the addresses of all accounts; a mail that changes its account leaves their names behind.
    probe: the account is paused no more, and this mail finds out whether it works again.
    attempt: once it has been opened.
    """

    message: Message
    account: SendingAccount
    recipients: tuple[str, ...]
    own: frozenset[str] = frozenset()
    probe: bool = False
    attempt: Attempt | None = None

    @cached_property
    def sender(self) -> str:
        """The frozen From, unless the account allows only its own, or it is another account's."""
        name, address = addresses.split(self.message.from_email)
        mine = addresses.split(self.account.address)[1]
        if address.lower() == mine.lower():
            return self.message.from_email
        if address.lower() in self.own:
            return addresses.display(self.account.from_name or name, mine)
        if self.account.preset.sender_must_match:
            return addresses.display(name, mine)
        return self.message.from_email

    @cached_property
    def envelope(self) -> Envelope:
        return Envelope(addresses.split(self.sender)[1], self.recipients)

    @cached_property
    @sensitive_variables()
    def raw(self) -> bytes:
        """Raises MailcenterError where the bytes are gone or no key opens them."""
        sealed = self.message.content.sealed
        if sealed is None:
            raise MailcenterError("The bytes of this mail have been erased.")
        raw = sealing.unseal(bytes(sealed))
        if self.sender == self.message.from_email:
            return raw
        return freezing.with_sender(raw, self.sender)

    @property
    def urgency(self) -> tuple[object, ...]:
        """Sorts as the queue does."""
        message = self.message
        return (message.priority, message.next_attempt_at, message.pk)
