"""What a reply means and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from mailcenter.replies.catalog import CATALOG
from mailcenter.replies.entry import VerdictClass


@dataclass(frozen=True)
class Verdict:
    """slug: the catalogue's entry; rows keep it, so that advice can be read later.

    retry: the mail is tried again without anybody's help.
    after_seconds: wait at least so long; None: the ordinary back-off.
    account_wide: pause the account for ``after_seconds`` and keep the mail queued.
    uncertain: the mail may have been accepted, so it is never sent again unasked.
    max_attempts: the retries end here; None: the ordinary limit.
    """

    slug: str
    verdict_class: VerdictClass
    retry: bool
    after_seconds: int | None
    account_wide: bool
    uncertain: bool
    max_attempts: int | None

    def cause(self, language: str | None = None) -> str:
        """What happened; ``language`` None: the active one."""
        return CATALOG[self.slug].cause.within(language)

    def cure(self, language: str | None = None) -> str:
        """What to do next; ``language`` None: the active one."""
        return CATALOG[self.slug].cure.within(language)
