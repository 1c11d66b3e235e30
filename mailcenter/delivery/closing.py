"""The reply becomes rows: the Attempt is closed, recipients and message follow from it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailcenter import kinds, sealing
from mailcenter.delivery.waiting import pause_after, wait_after
from mailcenter.exceptions import TransportError
from mailcenter.models import Account, Attempt, Message, Recipient
from mailcenter.replies import Reply, Stage, Verdict, classify
from mailcenter.transports import SendingAccount
from mailcenter.transports.base import Receipt, Transcript

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome
RecipientStatus = Recipient.Status


def close_accepted(attempt: Attempt, account: SendingAccount, receipt: Receipt) -> Outcome:
    now = timezone.now()
    message = attempt.message
    taken = [a for a, reply in receipt.recipients.items() if reply.positive]
    refused = {a: reply for a, reply in receipt.recipients.items() if not reply.positive}
    columns: dict[str, Any] = {"last_reply_code": receipt.reply.code, "last_verdict": ""}
    with transaction.atomic():
        # Rows are locked in one order everywhere: message, attempt, recipients.
        mine = Message.objects.answered_by(attempt)
        attempt.remote_id = receipt.remote_id
        _write(attempt, Outcome.ACCEPTED, Stage.DONE, receipt.reply, receipt.transcript)
        # A fact, whichever attempt decides by now.
        message.recipients.settle(dict.fromkeys(taken, receipt.reply), RecipientStatus.ACCEPTED)
        if mine:
            wait = _settle_refused(attempt, account, refused)
            if wait is None:
                mine.mark_sent(now, **columns)
            else:
                mine.requeue(now + wait, accepted_at=now, **columns)
    # After the transaction: every worker writes this row, and none may wait for another here.
    Account.objects.filter(pk=attempt.account_id).update(last_accepted_at=now)
    for reply in refused.values():
        _pause_where_meant(attempt, account, _verdict(reply, Stage.RCPT, account), reply, now)
    return Outcome.ACCEPTED


def close_failed(attempt: Attempt, account: SendingAccount, error: TransportError) -> Outcome:
    now = timezone.now()
    verdict = _verdict(error.reply, error.stage, account, error.maybe_accepted)
    columns: dict[str, Any] = {
        "last_reply_code": error.reply.code,
        "last_verdict": verdict.verdict_class,
    }
    with transaction.atomic():
        mine = Message.objects.answered_by(attempt)
        wait = _settle_failed(attempt, account, error, verdict, settle=bool(mine))
        if verdict.uncertain:
            outcome = Outcome.UNCERTAIN
        else:
            outcome = Outcome.REJECTED if wait is None else Outcome.DEFERRED
        _write(attempt, outcome, error.stage, error.reply, error.transcript, verdict)
        if verdict.uncertain:
            if mine.mark_uncertain(**columns):
                once_more(attempt.message, now)
        elif wait is not None:
            mine.requeue(now + wait, **columns)
        elif attempt.message.recipients.accepted().exists():
            mine.mark_sent(now, **columns)
        else:
            mine.mark_failed(now, **columns)
    _pause_where_meant(attempt, account, verdict, error.reply, now)
    for reply in error.refused.values():
        _pause_where_meant(attempt, account, _verdict(reply, Stage.RCPT, account), reply, now)
    return outcome


def close_abandoned(attempt: Attempt, outcome: Outcome, reply: Reply, verdict: Verdict) -> None:
    """What a worker left open that has given no sign of life; ``reply`` holds our words for it."""
    attempt.outcome = outcome
    attempt.reply_text = reply.text
    attempt.verdict = verdict.verdict_class
    attempt.catalog_entry = verdict.slug
    attempt.save(update_fields=["outcome", "reply_text", "verdict", "catalog_entry"])
    logger.warning("Attempt %s was left behind by %s: %s", attempt, attempt.worker, outcome)


def close_without_attempt(message: Message) -> None:
    """Nobody is left to send it to."""
    now = timezone.now()
    held = Message.objects.held(message.lease_owner, now).filter(pk=message.pk)
    if message.recipients.accepted().exists():
        held.mark_sent(now)
    else:
        held.mark_failed(now)


def once_more(message: Message, now: datetime) -> None:
    """A mail that somebody is waiting for is sent once more, marked as a possible duplicate."""
    if kinds.get(message.kind).once_more and not message.possible_duplicate:
        Message.objects.uncertain().filter(pk=message.pk).requeue(now, possible_duplicate=True)


def _write(
    attempt: Attempt,
    outcome: Outcome,
    stage: Stage,
    reply: Reply,
    transcript: Transcript,
    verdict: Verdict | None = None,
) -> None:
    attempt.outcome = outcome
    attempt.stage = stage
    attempt.reply_code = reply.code
    attempt.enhanced_code = reply.enhanced
    attempt.reply_text = reply.text or str(reply.failure.label if reply.failure else "")
    attempt.verdict = verdict.verdict_class if verdict else ""
    attempt.catalog_entry = verdict.slug if verdict else ""
    attempt.peer = transcript.peer
    attempt.dialogue = transcript.dialogue
    attempt.save()


def _settle_failed(
    attempt: Attempt,
    account: SendingAccount,
    error: TransportError,
    verdict: Verdict,
    *,
    settle: bool,
) -> timedelta | None:
    """Those refused by name by their own replies, all others by the mail's.

    Returns the wait until the next attempt, None where there is none. settle: write it down;
    not where another attempt decides.
    """
    if not settle:
        return pause_after(verdict) if verdict.account_wide else wait_after(verdict, attempt)
    wait = _settle_refused(attempt, account, error.refused)
    if verdict.uncertain:
        return None
    if verdict.account_wide:
        return pause_after(verdict)
    rest = attempt.message.recipients.pending().exclude(address__in=error.refused)
    left = list(rest.values_list("address", flat=True))
    if not left:
        return wait
    shared = wait_after(verdict, attempt)
    _settle(attempt.message, dict.fromkeys(left, error.reply), shared)
    return _shorter((wait, shared))


def _settle_refused(
    attempt: Attempt, account: SendingAccount, refused: Mapping[str, Reply]
) -> timedelta | None:
    """Record each refused recipient; the wait until those that may still be tried, if any."""
    waits: list[timedelta | None] = []
    for address, reply in refused.items():
        verdict = _verdict(reply, Stage.RCPT, account)
        wait = pause_after(verdict) if verdict.account_wide else wait_after(verdict, attempt)
        _settle(attempt.message, {address: reply}, wait)
        waits.append(wait)
    return _shorter(waits)


def _settle(message: Message, replies: Mapping[str, Reply], wait: timedelta | None) -> None:
    status = RecipientStatus.REJECTED if wait is None else RecipientStatus.DEFERRED
    message.recipients.settle(replies, status)


def _shorter(waits: Iterable[timedelta | None]) -> timedelta | None:
    return min((wait for wait in waits if wait is not None), default=None)


def _verdict(
    reply: Reply, stage: Stage, account: SendingAccount, maybe_accepted: bool = False
) -> Verdict:
    provider = account.preset.provider
    return classify(reply, stage=stage, provider=provider, maybe_accepted=maybe_accepted)


def _pause_where_meant(
    attempt: Attempt, account: SendingAccount, verdict: Verdict, reply: Reply, now: datetime
) -> None:
    if not verdict.account_wide:
        return
    until = now + pause_after(verdict)
    logger.error("Account %s is paused until %s: %s", account.address, until, reply)
    Account.objects.pause(
        attempt.account_id,
        until=until,
        reason=str(reply),
        secret_digest=sealing.digest(account.password),
    )
