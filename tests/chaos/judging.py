"""What the site says of its mails, held against what the servers have seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields

from tests.chaos.counting_server import name_of


@dataclass(frozen=True)
class Attempt:
    outcome: str
    possible_duplicate: bool = False


@dataclass(frozen=True)
class Mail:
    message_id: str
    status: str
    recipients: Sequence[str]
    attempts: Sequence[Attempt]

    @property
    def name(self) -> str:
        return name_of(self.recipients[0])


@dataclass
class Judgement:
    """Names of mails; those under a heading that isn't harmless break the promise."""

    # No copy for one of its recipients, although nobody was told to look into it.
    lost: list[str] = field(default_factory=list)
    doubled_unmarked: list[str] = field(default_factory=list)
    left_sending: list[str] = field(default_factory=list)
    # Neither sent nor uncertain, although nothing keeps it from being sent.
    unfinished: list[str] = field(default_factory=list)
    open_attempts: list[str] = field(default_factory=list)
    # Called uncertain, or a possible duplicate, although no body was cut off.
    unfounded_doubt: list[str] = field(default_factory=list)
    # Arrived, and the Sent folder could have told so.
    unreconciled: list[str] = field(default_factory=list)
    doubled_marked: list[str] = field(default_factory=list, metadata={"harmless": True})
    uncertain: list[str] = field(default_factory=list, metadata={"harmless": True})

    @property
    def violations(self) -> dict[str, list[str]]:
        found = {f.name: getattr(self, f.name) for f in fields(self) if not f.metadata}
        return {heading: names for heading, names in found.items() if names}


# (Message-ID, recipient) -> copies.
Arrivals = Counter[tuple[str, str]]


def judge(
    mails: Collection[Mail],
    arrivals: Mapping[tuple[str, str], int],
    cut: Collection[str],
    *,
    queued: Collection[str] = (),
    looks: bool = False,
) -> Judgement:
    """cut: names of mails whose body a killed worker had been asked for.

    queued: names of all that were committed. looks: the site can look into the Sent folder.
    """
    known = {mail.name for mail in mails}
    judgement = Judgement(lost=[name for name in queued if name not in known])
    for mail in mails:
        copies = [arrivals.get((mail.message_id, address), 0) for address in mail.recipients]
        announced = sum(attempt.possible_duplicate for attempt in mail.attempts)
        doubted = announced or any(a.outcome == "uncertain" for a in mail.attempts)
        least, most = min(copies, default=0), max(copies, default=0)
        facts = {
            "lost": least < 1 and mail.status != "uncertain",
            "doubled_unmarked": most > 1 + announced,
            "left_sending": mail.status == "sending",
            "unfinished": mail.status not in ("sent", "uncertain", "sending"),
            "open_attempts": any(attempt.outcome == "open" for attempt in mail.attempts),
            "unfounded_doubt": (doubted or mail.status == "uncertain") and mail.name not in cut,
            "unreconciled": looks and (most > 1 or (most and mail.status == "uncertain")),
            "doubled_marked": 1 < most <= 1 + announced,
            "uncertain": mail.status == "uncertain",
        }
        for heading, fact in facts.items():
            if fact:
                getattr(judgement, heading).append(mail.name)
    return judgement
