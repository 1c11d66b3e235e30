"""A leased mail in a worker's hands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses, freezing, sealing
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Attempt
from mailcenter.transports import Envelope, SendingAccount


@dataclass(eq=False)
class Job:
    """No Message: to make one costs more than anything else that a worker does for a mail.

    key: of the Message; owner: the name of its lease. urgency: sorts as the queue does.
    sealed: the bytes, or None where they have been erased; secret: whether they go once sent.
    recipients: those that have not accepted it yet, and the keys of their rows.
    own: the addresses of all accounts; a mail that changes its account leaves their names behind.
    probe: the account is paused no more, and this mail finds out whether it works again.
    attempt_key: of its Attempt; 0 until that has been opened.
    duration_ms: how long the attempt took, once it has ended.
    """

    key: int
    owner: str
    urgency: tuple[int, datetime, int]
    from_email: str
    sealed: bytes | None = field(repr=False)
    secret: bool
    account: SendingAccount
    recipients: dict[str, int]
    own: frozenset[str] = frozenset()
    probe: bool = False
    attempt_key: int = 0
    duration_ms: int | None = None

    @cached_property
    def attempt(self) -> Attempt:
        """Read back from its row, with its message. Raises Attempt.DoesNotExist."""
        return Attempt.objects.select_related("message").get(pk=self.attempt_key)

    @cached_property
    def sender(self) -> str:
        """The frozen From, unless the account allows only its own, or it is another account's."""
        name, address = addresses.split(self.from_email)
        mine = addresses.split(self.account.address)[1]
        if address.lower() == mine.lower():
            return self.from_email
        if address.lower() in self.own:
            return addresses.display(self.account.from_name or name, mine)
        if self.account.preset.sender_must_match:
            return addresses.display(name, mine)
        return self.from_email

    @cached_property
    def envelope(self) -> Envelope:
        return Envelope(addresses.split(self.sender)[1], tuple(self.recipients))

    @cached_property
    @sensitive_variables()
    def raw(self) -> bytes:
        """Raises MailcenterError where the bytes are gone or no key opens them."""
        if self.sealed is None:
            raise MailcenterError("The bytes of this mail have been erased.")
        raw = sealing.unseal(self.sealed)
        if self.sender == self.from_email:
            return raw
        return freezing.with_sender(raw, self.sender)
