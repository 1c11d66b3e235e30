"""Judge the leases of dead workers, and let go of what has died or served its time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from mailcenter import conf
from mailcenter.delivery.closing import close_abandoned, once_more
from mailcenter.delivery.waiting import back_off
from mailcenter.models import Attempt, Message
from mailcenter.models.message import MessageQuerySet
from mailcenter.replies import Reply, Stage, classify

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome


def sweep() -> None:
    """What can't be done for one row, or now, keeps nothing else from being done."""
    now = timezone.now()
    for message in Message.objects.abandoned(now):
        _try(partial(_judge, message, now))
    _try(partial(Message.objects.expire, now))
    kept_since = now - timedelta(days=conf.get("BODY_RETENTION_DAYS"))
    _try(partial(Message.objects.forget, now, before=kept_since))


def _try(job: Callable[[], object]) -> None:
    try:
        job()
    except Exception:
        logger.exception("A part of the sweep failed; the next one tries again.")


def _judge(message: Message, now: datetime) -> None:
    with transaction.atomic():
        mine = Message.objects.abandoned(now).filter(pk=message.pk)
        attempt = message.attempts.filter(outcome=Outcome.OPEN).first()
        if attempt is None:
            # Claimed, and never begun.
            mine.requeue(now)
        elif attempt.stage == Stage.BODY:
            verdict = classify(Reply(None), stage=Stage.BODY, maybe_accepted=True)
            if mine.mark_uncertain(last_reply_code=None, last_verdict=verdict.verdict_class):
                close_abandoned(attempt, Outcome.UNCERTAIN, verdict)
                once_more(message, now)
        elif _retry_interrupted(mine, message, now):
            close_abandoned(attempt, Outcome.INTERRUPTED)


def _retry_interrupted(mine: MessageQuerySet, message: Message, now: datetime) -> int:
    """At once after the first time; a mail that kills each of its workers is given up."""
    before = message.attempts.filter(outcome=Outcome.INTERRUPTED).count()
    if before + 1 >= conf.get("RETRY_MAX_ATTEMPTS"):
        return mine.mark_failed(now)
    return mine.requeue(now + back_off(before) if before else now)
