"""One line of the catalogue: how a reply is recognised, and what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from mailcenter.replies.reply import Failure, Reply, Stage


class VerdictClass(TextChoices):
    """What kind of trouble a reply means; the labels stand beside the code in lists."""

    AUTH = "auth", _("log-in refused")
    SENDER_IDENTITY = "sender-identity", _("sender not allowed")
    RECIPIENT_UNKNOWN = "recipient-unknown", _("no such recipient")
    RECIPIENT_FULL = "recipient-full", _("recipient's mailbox is full")
    RATE_LIMITED = "rate-limited", _("sending limit reached")
    CONTENT_REJECTED = "content-rejected", _("content refused")
    POLICY = "policy", _("refused by the server's rules")
    TLS = "tls", _("no secure connection")
    NETWORK = "network", _("connection trouble")
    PROTOCOL = "protocol", _("misunderstanding with the server")
    TEMPORARY = "temporary", _("temporary trouble")


@dataclass(frozen=True, kw_only=True)
class Words:
    """The same advice, written once for each language."""

    zh: str
    en: str

    def within(self, language: str | None = None) -> str:
        """Chinese for every "zh…" tag, else English; None: the active language."""
        return self.zh if (language or get_language() or "").startswith("zh") else self.en

    def __str__(self) -> str:
        return self.within()


@dataclass(frozen=True)
class Entry:
    """Recognised when the text or the enhanced code fits and every other condition holds.

    text: regex, searched in the joined lines without regard to case.
    enhanced: regex for the whole parsed status code; an alternative to ``text``.
    code: regex for the whole reply code, such as "4.." or "535|534".
    stages, failures, providers: one of them; empty: any.
    uncertain: for a mail that may have been accepted, and for no other.

    retry: the mail is tried again without anybody's help.
    after: seconds to wait at least; until_tomorrow: until the day ends in China instead.
    account_wide: the account is paused (for ``after``) and the mail stays queued.
    max_attempts: the retries end here.
    url: the provider's own page about it, or "".
    source: where the reply is described or was seen.
    seen_at: the families that say it, for display alone; ``providers`` narrows the match too.
    """

    slug: str
    verdict_class: VerdictClass
    cause: Words
    cure: Words
    source: str
    text: str = ""
    enhanced: str = ""
    code: str = ""
    stages: tuple[Stage, ...] = ()
    failures: tuple[Failure, ...] = ()
    providers: tuple[str, ...] = ()
    uncertain: bool = False
    retry: bool = False
    after: int | None = None
    until_tomorrow: bool = False
    account_wide: bool = False
    max_attempts: int | None = None
    url: str = ""
    seen_at: tuple[str, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """The families whose words these are; empty: any server's, by the standards."""
        return self.seen_at or self.providers

    def fits(self, reply: Reply, stage: Stage, provider: str, maybe_accepted: bool) -> bool:
        return (
            self.uncertain == maybe_accepted
            and (not self.stages or stage in self.stages)
            and (not self.failures or reply.failure in self.failures)
            and (not self.providers or provider in self.providers)
            and (not self.code or re.fullmatch(self.code, str(reply.code)) is not None)
            and self._says(reply)
        )

    def knows_words(self, reply: Reply) -> bool:
        """Whether it has words of its own, and they stand in the text."""
        return bool(self.text) and bool(re.search(self.text, reply.text, re.IGNORECASE | re.DOTALL))

    def _says(self, reply: Reply) -> bool:
        if not self.text and not self.enhanced:
            return True
        # Enhanced codes are compared as parsed: "5.1.1" also stands in "[115.1.1.9]".
        if self.enhanced and re.fullmatch(self.enhanced, reply.enhanced):
            return True
        return self.knows_words(reply)
