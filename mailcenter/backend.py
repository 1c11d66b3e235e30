"""The door: ``EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from mailcenter import outbox
from mailcenter.exceptions import MailcenterError

logger = logging.getLogger(__name__)


class OutboxBackend(BaseEmailBackend):
    """Keeps each mail in the caller's transaction; a worker sends it after the commit."""

    def __init__(
        self, fail_silently: bool = False, *, alias: str | None = None, **kwargs: Any
    ) -> None:
        if alias is None:
            # The hosts, users and passwords of get_connection() don't count: the account decides.
            super().__init__(fail_silently=fail_silently)
        else:
            # From MAILERS of Django 6.1, which reports OPTIONS that nobody knows.
            super().__init__(alias=alias, **kwargs)
        self.alias = alias
        self.fail_silently = fail_silently

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Return how many were kept: all of them, or none when one is refused.

        Raises RefusedMessage or BadHeaderError (both ValueErrors) and ConfigurationError,
        unless fail_silently: then what can be kept is, and the rest is logged.
        """
        if not self.fail_silently:
            return len(outbox.enqueue(list(email_messages or [])))
        return sum(map(self._try, email_messages or []))

    def _try(self, message: EmailMessage) -> int:
        try:
            return len(outbox.enqueue([message]))
        except (MailcenterError, ValueError) as error:
            logger.error("A mail was refused and, as its sender asked, dropped: %s", error)
            return 0
