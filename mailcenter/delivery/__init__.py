"""Claim -> open an Attempt -> send -> close the Attempt -> decide what is next.

Each step is committed before the next begins, and no transaction is open while the wire is in
use: whatever kills the worker, a true row stays behind.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses, conf, freezing, sealing
from mailcenter.delivery import closing
from mailcenter.delivery.sweep import sweep
from mailcenter.exceptions import LeaseLost, MailcenterError, TransportError
from mailcenter.models import Attempt, Message
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports import SendingAccount
from mailcenter.transports.base import Envelope, Transcript, Transport

__all__ = ["DATABASE_PAUSE_SECONDS", "claim", "deliver", "renew", "sweep"]

logger = logging.getLogger(__name__)

# How long to leave a database alone that does not answer.
DATABASE_PAUSE_SECONDS = 1.0


def lease() -> timedelta:
    return timedelta(seconds=conf.get("LEASE_SECONDS"))


def claim(worker: str) -> Message | None:
    """Lease the next due message; it is the caller's until the lease ends unrenewed.

    Each claim has an owner's name of its own: what a broken claim left behind is renewed by
    nobody, and the sweep judges it.
    """
    owner = f"{worker}/{uuid.uuid4().hex[:8]}"
    now = timezone.now()
    if not Message.objects.claim(owner, now, lease()):
        return None
    return Message.objects.held(owner, now).first()


def renew(owner: str) -> None:
    """The heartbeat."""
    Message.objects.renew(owner, timezone.now(), lease())


@sensitive_variables()
def deliver(
    message: Message, account: SendingAccount, transport: Transport, stop: threading.Event
) -> Attempt.Outcome | None:
    """One attempt; None where none was to be made.

    stop: where it is set, a database that does not answer is not waited for any longer.
    Raises django.db.Error then; the sweep will judge what is left.
    """
    if not message.recipients.pending().exists():
        closing.close_without_attempt(message)
        return None
    attempt = _open(message, account)
    if attempt is None:
        return None
    begun = time.monotonic()
    try:
        envelope = _envelope(message, account)
        raw = _bytes(message, account)
        receipt = transport.send(envelope, raw, _stage_keeper(attempt))
    except LeaseLost:
        # Whoever judged the lease has written what became of this attempt.
        logger.warning("Attempt %s lost its lease; nothing was sent.", attempt)
        return Attempt.Outcome.INTERRUPTED
    except TransportError as error:
        close = partial(closing.close_failed, attempt, account, error)
    except Exception as error:
        logger.exception("Attempt %s failed in a way nobody foresaw.", attempt)
        close = partial(closing.close_failed, attempt, account, _unforeseen(error, attempt))
    else:
        close = partial(closing.close_accepted, attempt, account, receipt)
    attempt.duration_ms = round((time.monotonic() - begun) * 1000)
    return _insist(close, stop)


def _open(message: Message, account: SendingAccount) -> Attempt | None:
    now = timezone.now()
    with transaction.atomic():
        number = message.count_attempt(now)
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
            worker=message.lease_owner,
            started_at=now,
        )


def _from(message: Message, account: SendingAccount) -> str:
    """The frozen From, unless the account has changed since and allows only its own."""
    name, address = addresses.split(message.from_email)
    own = addresses.split(account.address)[1]
    if account.preset.sender_must_match and address.lower() != own.lower():
        return addresses.display(name, own)
    return message.from_email


def _envelope(message: Message, account: SendingAccount) -> Envelope:
    pending = message.recipients.pending().order_by("pk").values_list("address", flat=True)
    return Envelope(addresses.split(_from(message, account))[1], tuple(pending))


@sensitive_variables()
def _bytes(message: Message, account: SendingAccount) -> bytes:
    sealed = message.content.sealed
    if sealed is None:
        raise MailcenterError("The bytes of this mail have been erased.")
    raw = sealing.unseal(bytes(sealed))
    sender = _from(message, account)
    return raw if sender == message.from_email else freezing.with_sender(raw, sender)


def _stage_keeper(attempt: Attempt) -> Callable[[Stage], None]:
    def on_stage(stage: Stage) -> None:
        if stage is Stage.BODY:
            owner, now = attempt.message.lease_owner, timezone.now()
            held = Message.objects.held(owner, now).filter(pk=attempt.message_id)
            mine = Attempt.objects.filter(pk=attempt.pk, outcome=Attempt.Outcome.OPEN)
            with transaction.atomic():
                # Locked, so that no sweep judges the lease between its check and the commit.
                if not (held.select_for_update().first() and mine.update(stage=stage)):
                    raise LeaseLost
        # Only now: where the commit fails, no body has left.
        attempt.stage = stage

    return on_stage


def _unforeseen(error: Exception, attempt: Attempt) -> TransportError:
    # A stranger's exception may quote anything; ours say only what may be read.
    text = str(error) if isinstance(error, MailcenterError) else type(error).__name__
    stage = Stage(attempt.stage)
    return TransportError(
        Reply(None, text, failure=Failure.INTERNAL),
        stage,
        transcript=Transcript(),
        maybe_accepted=stage is Stage.BODY,
    )


def _insist(close: Callable[[], Attempt.Outcome], stop: threading.Event) -> Attempt.Outcome:
    """The server's word is known: it is written as soon as the database answers again."""
    while True:
        try:
            return close()
        except (OperationalError, InterfaceError):
            logger.exception("A result can't be written yet; trying again.")
            connection.close()
            if stop.wait(DATABASE_PAUSE_SECONDS):
                raise
