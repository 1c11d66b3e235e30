"""Claim -> open an Attempt -> send -> close the Attempt -> decide what is next.

Each step is committed before the next begins, and no transaction is open while the wire is in
use: whatever kills the worker, a true row stays behind.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from mailcenter import addresses, conf, freezing, kinds, sealing
from mailcenter.exceptions import LeaseLost, MailcenterError, TransportError
from mailcenter.models import Account, Attempt, Message, Recipient
from mailcenter.replies import Failure, Reply, Stage, Verdict, classify
from mailcenter.transports import SmtpAccount
from mailcenter.transports.base import Envelope, Receipt, Transcript, Transport

logger = logging.getLogger(__name__)

# Where the catalogue names no window for an account's trouble.
PAUSE_SECONDS = 900

Outcome = Attempt.Outcome


def lease() -> timedelta:
    return timedelta(seconds=conf.get("LEASE_SECONDS"))


def claim(worker: str, limit: int = 1) -> list[Message]:
    """Lease due messages to ``worker``; they are its own until the lease ends unrenewed."""
    now = timezone.now()
    if not Message.objects.claim(worker, now, lease(), limit):
        return []
    return list(Message.objects.held(worker, now).order_by("priority", "next_attempt_at", "pk"))


def renew(worker: str) -> None:
    """The heartbeat."""
    Message.objects.renew(worker, timezone.now(), lease())


def deliver(
    message: Message, worker: str, account: SmtpAccount, transport: Transport
) -> Outcome | None:
    """One attempt; None where the lease was lost on the way."""
    attempt = _open(message, worker, account)
    if attempt is None:
        return None
    clock = time.monotonic()
    try:
        envelope = _envelope(message, account)
        raw = _bytes(message, account)
        receipt = transport.send(envelope, raw, _stage_keeper(attempt, worker))
    except LeaseLost:
        # Whoever judged the lease has written what became of this attempt.
        logger.warning("Attempt %s lost its lease; nothing was sent.", attempt)
        return None
    except TransportError as error:
        failed = error
    except Exception as error:
        logger.exception("Attempt %s failed in a way nobody foresaw.", attempt)
        failed = _unforeseen(error, attempt)
    else:
        return _close_accepted(attempt, worker, account, receipt, _elapsed(clock))
    return _close_failed(attempt, worker, account, failed, _elapsed(clock))


def sweep() -> None:
    """Judge the leases of dead workers and let go of what has died or served its time."""
    now = timezone.now()
    for message in Message.objects.abandoned(now):
        _judge_abandoned(message, now)
    Message.objects.expire(now)
    Message.objects.forget(now, before=now - timedelta(days=conf.get("BODY_RETENTION_DAYS")))


# Opening


def _open(message: Message, worker: str, account: SmtpAccount) -> Attempt | None:
    now = timezone.now()
    with transaction.atomic():
        number = message.count_attempt(worker, now)
        if not number:
            return None
        return Attempt.objects.create(
            message=message,
            number=number,
            account_id=message.account_id,
            from_email=_from(message, account),
            trigger=message.next_trigger,
            triggered_by_id=message.triggered_by_id,
            triggered_by_name=message.triggered_by_name,
            possible_duplicate=message.possible_duplicate,
            worker=worker,
            started_at=now,
        )


def _from(message: Message, account: SmtpAccount) -> str:
    """The frozen From, unless the account has changed since and allows only its own."""
    name, address = addresses.split(message.from_email)
    own = addresses.split(account.address)[1]
    if account.preset.sender_must_match and address.lower() != own.lower():
        return addresses.display(name, own)
    return message.from_email


def _envelope(message: Message, account: SmtpAccount) -> Envelope:
    pending = message.recipients.pending().order_by("pk").values_list("address", flat=True)
    return Envelope(addresses.split(_from(message, account))[1], tuple(pending))


def _bytes(message: Message, account: SmtpAccount) -> bytes:
    sealed = message.content.sealed
    if sealed is None:
        raise MailcenterError("The bytes of this mail have been erased.")
    raw = sealing.unseal(bytes(sealed))
    sender = _from(message, account)
    return raw if sender == message.from_email else freezing.with_sender(raw, sender)


def _stage_keeper(attempt: Attempt, worker: str) -> Callable[[Stage], None]:
    def on_stage(stage: Stage) -> None:
        attempt.stage = stage
        if stage is Stage.BODY:
            held = Message.objects.held(worker, timezone.now()).filter(pk=attempt.message_id)
            mine = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.OPEN, message__in=held)
            if not mine.update(stage=stage):
                raise LeaseLost

    return on_stage


def _unforeseen(error: Exception, attempt: Attempt) -> TransportError:
    # A stranger's exception may quote anything, ours says only what may be read.
    text = str(error) if isinstance(error, MailcenterError) else type(error).__name__
    stage = Stage(attempt.stage)
    return TransportError(
        Reply(None, text, failure=Failure.INTERNAL),
        stage,
        transcript=Transcript(),
        maybe_accepted=stage is Stage.BODY,
    )


# Closing


def _close_accepted(
    attempt: Attempt, worker: str, account: SmtpAccount, receipt: Receipt, duration_ms: int
) -> Outcome:
    now = timezone.now()
    message = attempt.message
    taken = {a: receipt.reply for a, reply in receipt.recipients.items() if reply.positive}
    refused = {a: reply for a, reply in receipt.recipients.items() if not reply.positive}
    with transaction.atomic():
        _write(
            attempt,
            Outcome.ACCEPTED,
            Stage.DONE,
            receipt.reply,
            receipt.transcript,
            duration_ms=duration_ms,
            remote_id=receipt.remote_id,
        )
        message.recipients.settle(taken, Recipient.Status.ACCEPTED)
        wait = _settle_refused(attempt, account, refused)
        Account.objects.filter(pk=attempt.account_id).update(last_accepted_at=now)
        held = Message.objects.held(worker, now).filter(pk=message.pk)
        columns = {"last_reply_code": receipt.reply.code, "last_verdict": ""}
        if wait is not None:
            changed = held.requeue(now + wait, **columns)
        else:
            changed = held.mark_sent(now, **columns)
        if not changed:
            # The lease ended while the reply was on its way. It is known now, so unless
            # somebody is already sending again, the judgement is put right.
            Message.objects.filter(pk=message.pk, attempt_count=attempt.number).mark_sent_late(
                now, **columns
            )
    return Outcome.ACCEPTED


def _close_failed(
    attempt: Attempt, worker: str, account: SmtpAccount, error: TransportError, duration_ms: int
) -> Outcome:
    now = timezone.now()
    message = attempt.message
    verdict = classify(
        error.reply,
        stage=error.stage,
        provider=account.preset.provider,
        maybe_accepted=error.maybe_accepted,
    )
    columns = {"last_reply_code": error.reply.code, "last_verdict": verdict.verdict_class}
    with transaction.atomic():
        held = Message.objects.held(worker, now).filter(pk=message.pk)
        if verdict.uncertain:
            outcome = Outcome.UNCERTAIN
            if held.mark_uncertain(**columns):
                _once_more(message, now)
        elif verdict.account_wide:
            outcome = Outcome.DEFERRED
            until = now + timedelta(seconds=verdict.after_seconds or PAUSE_SECONDS)
            if held.requeue(until, **columns):
                _pause(attempt, account, until, error.reply)
        else:
            wait = _settle_refused(attempt, account, error.refused)
            if error.stage is not Stage.RCPT or not error.refused:
                # This reply stands for everybody who was not refused by name.
                shared = _wait(attempt, verdict)
                _settle_rest(message, error, shared)
                wait = min(filter(None, (wait, shared)), default=None)
            outcome = Outcome.REJECTED if wait is None else Outcome.DEFERRED
            if wait is not None:
                held.requeue(now + wait, **columns)
            elif message.recipients.accepted().exists():
                held.mark_sent(now, **columns)
            else:
                held.mark_failed(now, **columns)
        _write(
            attempt,
            outcome,
            error.stage,
            error.reply,
            error.transcript,
            duration_ms=duration_ms,
            verdict=verdict,
        )
    return outcome


def _write(
    attempt: Attempt,
    outcome: Outcome,
    stage: Stage,
    reply: Reply,
    transcript: Transcript,
    *,
    duration_ms: int,
    verdict: Verdict | None = None,
    remote_id: str = "",
) -> None:
    attempt.outcome = outcome
    attempt.stage = stage
    attempt.reply_code = reply.code
    attempt.enhanced_code = reply.enhanced
    attempt.reply_text = reply.text or str(reply.failure.label if reply.failure else "")
    attempt.remote_id = remote_id
    attempt.verdict = verdict.verdict_class if verdict else ""
    attempt.catalog_entry = verdict.slug if verdict else ""
    attempt.duration_ms = duration_ms
    attempt.peer = transcript.peer
    attempt.dialogue = transcript.dialogue
    attempt.save()


def _settle_refused(
    attempt: Attempt, account: SmtpAccount, refused: dict[str, Reply]
) -> timedelta | None:
    """Record each refused recipient; the wait until those that may still be tried, if any."""
    waits = []
    for address, reply in refused.items():
        verdict = classify(reply, stage=Stage.RCPT, provider=account.preset.provider)
        wait: timedelta | None
        if verdict.account_wide:
            wait = timedelta(seconds=verdict.after_seconds or PAUSE_SECONDS)
        else:
            wait = _wait(attempt, verdict)
        status = Recipient.Status.REJECTED if wait is None else Recipient.Status.DEFERRED
        attempt.message.recipients.settle({address: reply}, status)
        if wait is not None:
            waits.append(wait)
    return min(waits, default=None)


def _settle_rest(message: Message, error: TransportError, wait: timedelta | None) -> None:
    status = Recipient.Status.REJECTED if wait is None else Recipient.Status.DEFERRED
    rest = message.recipients.pending().exclude(address__in=error.refused)
    addresses_left = list(rest.values_list("address", flat=True))
    message.recipients.settle(dict.fromkeys(addresses_left, error.reply), status)


def _wait(attempt: Attempt, verdict: Verdict) -> timedelta | None:
    """How long until the next attempt; None where there shall be none."""
    limit = min(conf.get("RETRY_MAX_ATTEMPTS"), verdict.max_attempts or math.inf)
    # Only those that ended alike: a pause of the account uses up none of the mail's.
    alike = attempt.message.attempts.filter(catalog_entry=verdict.slug).count() + 1
    if not verdict.retry or alike >= limit:
        return None
    return max(_back_off(attempt.number), timedelta(seconds=verdict.after_seconds or 0))


def _back_off(number: int) -> timedelta:
    """Doubles from attempt to attempt; up to a fifth less, so that mails don't march in step."""
    base, most = conf.get("RETRY_BASE_SECONDS"), conf.get("RETRY_MAX_SECONDS")
    seconds = min(most, base * 2 ** min(number - 1, 30))
    return timedelta(seconds=seconds * random.uniform(0.8, 1))  # noqa: S311


def _pause(attempt: Attempt, account: SmtpAccount, until: datetime, reply: Reply) -> None:
    logger.error("Account %s is paused until %s: %s", account.address, until, reply)
    Account.objects.pause(
        attempt.account_id,
        until=until,
        reason=str(reply),
        secret_digest=sealing.digest(account.password),
    )


# Judging what a dead worker left behind


def _judge_abandoned(message: Message, now: datetime) -> None:
    with transaction.atomic():
        mine = Message.objects.abandoned(now).filter(pk=message.pk)
        attempt = message.attempts.filter(outcome=Outcome.OPEN).first()
        if attempt is None:
            # Claimed, and never begun.
            mine.requeue(now)
        elif attempt.stage == Stage.BODY:
            verdict = classify(Reply(None), stage=Stage.BODY, maybe_accepted=True)
            if mine.mark_uncertain(last_reply_code=None, last_verdict=verdict.verdict_class):
                _close_abandoned(attempt, Outcome.UNCERTAIN, verdict)
                _once_more(message, now)
        elif mine.requeue(now):
            _close_abandoned(attempt, Outcome.INTERRUPTED)


def _close_abandoned(attempt: Attempt, outcome: Outcome, verdict: Verdict | None = None) -> None:
    attempt.outcome = outcome
    attempt.verdict = verdict.verdict_class if verdict else ""
    attempt.catalog_entry = verdict.slug if verdict else ""
    attempt.save(update_fields=["outcome", "verdict", "catalog_entry"])
    logger.warning("Attempt %s was left behind by %s: %s", attempt, attempt.worker, outcome)


def _once_more(message: Message, now: datetime) -> None:
    """A mail that somebody is waiting for is sent once more, marked as a possible duplicate."""
    if kinds.get(message.kind).once_more and not message.possible_duplicate:
        Message.objects.uncertain().filter(pk=message.pk).requeue(now, possible_duplicate=True)


def _elapsed(since: float) -> int:
    return round((time.monotonic() - since) * 1000)
