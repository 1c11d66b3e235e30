"""Judge the leases of dead workers, let go of what has died or served its time, and count."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailcenter import conf, tallying
from mailcenter.delivery.closing import close_abandoned, leave_uncertain
from mailcenter.delivery.waiting import alike, wait_after
from mailcenter.models import Attempt, Message
from mailcenter.models.message import MessageQuerySet
from mailcenter.replies import Failure, Reply, Stage, classify
from mailcenter.transports import SendingAccount

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome
WORKER_LOST = Reply(None, "the worker was lost", failure=Failure.INTERNAL)


def sweep(accounts: Mapping[str, SendingAccount]) -> None:
    """What can't be done for one row, or now, keeps nothing else from being done."""
    now = timezone.now()
    for message in Message.objects.abandoned(now):
        _try(partial(_judge, message, accounts, now))
    _try(partial(Message.objects.expire, now))
    kept_since = now - timedelta(days=conf.get("BODY_RETENTION_DAYS"))
    _try(partial(Message.objects.forget, now, before=kept_since))
    _try(tallying.count_due)


def _try(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:
        logger.exception("A part of the sweep failed; the next one tries again.")


def _judge(message: Message, accounts: Mapping[str, SendingAccount], now: datetime) -> None:
    with transaction.atomic():
        mine = Message.objects.abandoned(now).filter(pk=message.pk)
        # Its worker may be half way through a step after all: then the next sweep judges it.
        if not mine.select_for_update(skip_locked=True).first():
            return
        opened = message.attempts.filter(outcome=Outcome.OPEN)
        attempt = opened.select_for_update(skip_locked=True).first()
        if attempt is None and opened.exists():
            return
        if attempt is None:
            # Claimed, and never begun.
            mine.requeue(now)
            return
        mine.end(attempt)
        if attempt.stage == Stage.BODY:
            verdict = classify(Reply(None), stage=Stage.BODY, maybe_accepted=True)
            close_abandoned(attempt, Outcome.UNCERTAIN, Reply(None), verdict)
            columns = {"last_reply_code": None, "last_verdict": verdict.verdict_class}
            leave_uncertain(mine, message, accounts.get(attempt.account_id), now, **columns)
        else:
            _judge_interrupted(mine, attempt, now)


def _judge_interrupted(mine: MessageQuerySet, attempt: Attempt, now: datetime) -> None:
    """Sent again at once the first time; a mail that kills each of its workers is given up."""
    verdict = classify(WORKER_LOST, stage=Stage(attempt.stage))
    columns: dict[str, Any] = {"last_reply_code": None, "last_verdict": verdict.verdict_class}
    close_abandoned(attempt, Outcome.INTERRUPTED, WORKER_LOST, verdict)
    wait = wait_after(verdict, attempt)
    if alike(verdict, attempt) == 1:
        mine.requeue(now, **columns)
    elif wait is not None:
        mine.requeue(now + wait, **columns)
    else:
        attempt.message.recipients.give_up()
        if attempt.message.recipients.accepted().exists():
            mine.mark_sent(now, **columns)
        elif attempt.message.possible_duplicate:
            mine.mark_uncertain(look_at=None, **columns)
        else:
            mine.mark_failed(now, **columns)
