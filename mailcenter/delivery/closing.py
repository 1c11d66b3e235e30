"""The reply becomes rows: the Attempt is closed, recipients and message follow from it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailcenter import kinds
from mailcenter.delivery import rotation
from mailcenter.delivery.accounts import secret_digest
from mailcenter.delivery.job import Job
from mailcenter.delivery.waiting import back_off, first_look, longer, pause_after, wait_after
from mailcenter.exceptions import TransportError
from mailcenter.models import Account, Attempt, Content, Message, Recipient
from mailcenter.models.each import update_each
from mailcenter.models.message import MessageQuerySet
from mailcenter.replies import Reply, Stage, Verdict, VerdictClass, classify
from mailcenter.transports import SendingAccount
from mailcenter.transports.base import Receipt, Transcript

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome
RecipientStatus = Recipient.Status


def close_all_accepted(results: Sequence[tuple[Job, Receipt]], now: datetime) -> set[Job]:
    """The plain cases at once: accepted for every recipient, while the lease still holds.

    Returns those that are closed; the others want a look of their own. LeaseLost is raised where
    a lease is gone, at the end of the caller's ``together``.
    """
    plain = {
        job: receipt
        for job, receipt in results
        if all(reply.positive for reply in receipt.recipients.values())
    }
    leased: dict[tuple[str, int | None], list[int]] = {}
    taken: list[tuple[int, Reply]] = []
    rows = []
    for job, receipt in plain.items():
        leased.setdefault((job.owner, receipt.reply.code), []).append(job.key)
        taken += [(job.recipients[address], receipt.reply) for address in receipt.recipients]
        result = _result(job, Outcome.ACCEPTED, Stage.DONE, receipt.reply, receipt.transcript)
        rows.append((*result, receipt.remote_id, job.attempt_key))
    # Rows are locked in one order everywhere: message, attempt, recipients.
    for (owner, code), keys in leased.items():
        Message.objects.mark_all_sent(owner, keys, now, code)
    update_each(Attempt, ("id",), RESULT, rows)
    Recipient.objects.accept(taken)
    Content.objects.erase_all([job.key for job in plain if job.secret])
    return set(plain)


def close_accepted(job: Job, receipt: Receipt) -> Outcome:
    now = timezone.now()
    attempt, message = job.attempt, job.attempt.message
    taken = [a for a, reply in receipt.recipients.items() if reply.positive]
    refused = {a: reply for a, reply in receipt.recipients.items() if not reply.positive}
    columns: dict[str, Any] = {"last_reply_code": receipt.reply.code, "last_verdict": ""}
    _pause_where_meant(job, refused.values(), now)
    with transaction.atomic():
        # Rows are locked in one order everywhere: message, attempt, recipients.
        mine = Message.objects.answered_by(attempt)
        mine.end(attempt)
        result = _result(job, Outcome.ACCEPTED, Stage.DONE, receipt.reply, receipt.transcript)
        _save(job, result, receipt.remote_id)
        # A fact, whichever attempt decides by now.
        message.recipients.settle(dict.fromkeys(taken, receipt.reply), RecipientStatus.ACCEPTED)
        if mine:
            wait = _settle_refused(job, refused)
            if wait is None:
                mine.mark_sent(now, **columns)
            else:
                mine.requeue(now + wait, accepted_at=now, **columns)
    return Outcome.ACCEPTED


def close_failed(job: Job, error: TransportError) -> Outcome:
    now = timezone.now()
    attempt, message = job.attempt, job.attempt.message
    verdict = _verdict(job, error.reply, error.stage, error.maybe_accepted)
    columns: dict[str, Any] = {
        "last_reply_code": error.reply.code,
        "last_verdict": verdict.verdict_class,
    }
    # First, and not inside the transaction: every worker writes the account's row, none may wait
    # for another there, and until it is written the mail must not be tried again.
    if not _other_code(job, error, verdict):
        _pause(job, pause_after(verdict, error.stage), error.reply, verdict, now)
    _pause_where_meant(job, [r for r in error.refused.values() if r != error.reply], now)
    with transaction.atomic():
        mine = Message.objects.answered_by(attempt)
        wait = _settle_failed(job, error, verdict, settle=bool(mine))
        if verdict.uncertain:
            outcome = Outcome.UNCERTAIN
        else:
            outcome = Outcome.REJECTED if wait is None else Outcome.DEFERRED
        mine.end(attempt)
        _save(job, _result(job, outcome, error.stage, error.reply, error.transcript, verdict))
        if verdict.uncertain:
            leave_uncertain(mine, message, job.account, now, **columns)
        elif wait is not None:
            mine.requeue(now + wait, **columns)
        elif message.recipients.accepted().exists():
            mine.mark_sent(now, **columns)
        else:
            mine.mark_failed(now, **columns)
    return outcome


def pauses_account(job: Job, error: TransportError) -> bool:
    """Whether no mail of this account should be tried for a while."""
    verdict = _verdict(job, error.reply, error.stage, error.maybe_accepted)
    return pause_after(verdict, error.stage) is not None


def leave_uncertain(
    mine: MessageQuerySet,
    message: Message,
    account: SendingAccount | None,
    now: datetime,
    **columns: Any,
) -> None:
    """The Sent folder is asked first, where there is one to look into; then the kind's policy."""
    look_at = first_look(account, now)
    if mine.mark_uncertain(look_at=look_at, **columns) and look_at is None:
        once_more(message, now)


def note_accepted(jobs: Collection[Job]) -> None:
    """For the accounts' own rows, after the commit: they work, or work again."""
    slugs = {job.account.slug for job in jobs}
    Account.objects.filter(slug__in=slugs).update(last_accepted_at=timezone.now())
    for job in jobs:
        if job.probe:
            Account.objects.recover(job.account.slug, job.attempt.started_at)


def close_abandoned(attempt: Attempt, outcome: Outcome, reply: Reply, verdict: Verdict) -> None:
    """What a worker left open that has given no sign of life; ``reply`` holds our words for it."""
    attempt.outcome = outcome
    attempt.reply_text = reply.text
    attempt.verdict = verdict.verdict_class
    attempt.catalog_entry = verdict.slug
    attempt.save(update_fields=["outcome", "reply_text", "verdict", "catalog_entry"])
    logger.warning("Attempt %s was left behind by %s: %s", attempt, attempt.worker, outcome)


def close_without_attempt(owner: str, key: int) -> None:
    """Nobody is left to send it to."""
    now = timezone.now()
    held = Message.objects.leased({owner: [key]}).alive(now)
    if Recipient.objects.accepted().filter(message=key).exists():
        held.mark_sent(now)
    else:
        held.mark_failed(now)


def once_more(message: Message, now: datetime) -> None:
    """A mail that somebody is waiting for is sent once more, marked as a possible duplicate."""
    if kinds.get(message.kind).once_more and not message.possible_duplicate:
        Message.objects.uncertain().filter(pk=message.pk).requeue(now, possible_duplicate=True)


# What a reply writes into its attempt.
RESULT = (
    "outcome",
    "stage",
    "reply_code",
    "enhanced_code",
    "reply_text",
    "verdict",
    "catalog_entry",
    "duration_ms",
    "peer",
    "dialogue",
    "remote_id",
)


def _result(
    job: Job,
    outcome: Outcome,
    stage: Stage,
    reply: Reply,
    transcript: Transcript,
    verdict: Verdict | None = None,
) -> tuple[Any, ...]:
    """In the order of RESULT, but for the queue id."""
    return (
        outcome.value,
        stage.value,
        reply.code,
        reply.enhanced,
        reply.text or str(reply.failure.label if reply.failure else ""),
        verdict.verdict_class if verdict else "",
        verdict.slug if verdict else "",
        job.duration_ms,
        transcript.peer,
        transcript.dialogue,
    )


def _save(job: Job, result: tuple[Any, ...], remote_id: str = "") -> None:
    update_each(Attempt, ("id",), RESULT, [(*result, remote_id, job.attempt_key)])


def _settle_failed(
    job: Job, error: TransportError, verdict: Verdict, *, settle: bool
) -> timedelta | None:
    """Those refused by name by their own replies, all others by the mail's.

    Returns the wait until the next attempt, None where there is none. settle: write it down;
    not where another attempt decides.
    """
    shared = _wait(job, verdict, error.stage)
    if not settle:
        return shared
    wait = _settle_refused(job, error.refused)
    if verdict.uncertain:
        return None
    if pause_after(verdict, error.stage):
        return shared
    rest = job.attempt.message.recipients.pending().exclude(address__in=error.refused)
    left = list(rest.values_list("address", flat=True))
    if not left:
        return wait
    _settle(job.attempt.message, dict.fromkeys(left, error.reply), shared)
    return _shorter((wait, shared))


def _settle_refused(job: Job, refused: Mapping[str, Reply]) -> timedelta | None:
    """Record each refused recipient; the wait until those that may still be tried, if any."""
    waits: list[timedelta | None] = []
    for address, reply in refused.items():
        wait = _wait(job, _verdict(job, reply, Stage.RCPT), Stage.RCPT)
        _settle(job.attempt.message, {address: reply}, wait)
        waits.append(wait)
    return _shorter(waits)


def _wait(job: Job, verdict: Verdict, stage: Stage) -> timedelta | None:
    """A paused account holds its mail by itself; meanwhile another account may take it."""
    return timedelta(0) if pause_after(verdict, stage) else wait_after(verdict, job.attempt)


def _settle(message: Message, replies: Mapping[str, Reply], wait: timedelta | None) -> None:
    status = RecipientStatus.REJECTED if wait is None else RecipientStatus.DEFERRED
    message.recipients.settle(replies, status)


def _shorter(waits: Iterable[timedelta | None]) -> timedelta | None:
    return min((wait for wait in waits if wait is not None), default=None)


def _verdict(job: Job, reply: Reply, stage: Stage, maybe_accepted: bool = False) -> Verdict:
    provider = job.account.preset.provider
    return classify(reply, stage=stage, provider=provider, maybe_accepted=maybe_accepted)


def _pause_where_meant(job: Job, refusals: Iterable[Reply], now: datetime) -> None:
    # The same words to several recipients are one refusal.
    for reply in dict.fromkeys(refusals):
        verdict = _verdict(job, reply, Stage.RCPT)
        _pause(job, pause_after(verdict, Stage.RCPT), reply, verdict, now)


def _pause(
    job: Job, pause: timedelta | None, reply: Reply, verdict: Verdict, now: datetime
) -> None:
    if pause is None:
        return
    slug = job.account.slug
    before = Account.objects.filter(slug=slug).values_list("pauses", flat=True).first()
    until = now + longer(pause, verdict, before or 0)
    logger.error("Account %s is paused until %s: %s", job.account.address, until, reply)
    Account.objects.pause(
        slug,
        until=until,
        reason=str(reply),
        secret_digest=secret_digest(job.account),
        begun_at=job.attempt.started_at,
    )


def _other_code(job: Job, error: TransportError, verdict: Verdict) -> bool:
    """Whether the log-in was refused, and another code than the refused one is there."""
    refused = error.stage == Stage.AUTH and error.reply.code is not None
    auth = verdict.account_wide and verdict.verdict_class == VerdictClass.AUTH
    return refused and auth and rotation.gives_way(job.account, error.reply)


def close_found(attempt: Attempt, reply: Reply) -> None:
    """Its copy lies in the Sent folder; ``reply`` holds our words for that.

    To be called inside a transaction that has locked the uncertain message.
    """
    now = timezone.now()
    attempt.outcome = Outcome.ACCEPTED
    attempt.stage = Stage.DONE
    attempt.reply_code = None
    attempt.enhanced_code = ""
    attempt.reply_text = reply.text
    attempt.verdict = attempt.catalog_entry = ""
    attempt.save(update_fields=RESULT)
    # Those it was refused for by name, for now, are not among the copy's recipients.
    refused = {(step["code"], step["text"]) for step in attempt.dialogue if step["verb"] == "RCPT"}
    pending = attempt.message.recipients.pending()
    taken = [r.address for r in pending if (r.reply_code, r.reply_text) not in refused]
    attempt.message.recipients.settle(dict.fromkeys(taken, reply), RecipientStatus.ACCEPTED)
    mine = Message.objects.uncertain().filter(pk=attempt.message_id)
    columns: dict[str, Any] = {"last_reply_code": None, "last_verdict": "", "look_at": None}
    if attempt.message.recipients.pending().exists():
        mine.requeue(now + back_off(attempt.number), accepted_at=now, **columns)
    else:
        mine.mark_sent(now, **columns)
