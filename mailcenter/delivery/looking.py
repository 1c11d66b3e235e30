"""Look for a mail that nobody can tell about in the Sent folder of its account."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mailcenter import conf
from mailcenter.delivery.closing import close_found, once_more
from mailcenter.delivery.waiting import LOOKS_SECONDS
from mailcenter.models import Attempt, Message
from mailcenter.replies import Reply, Stage
from mailcenter.transports import SendingAccount, Step
from mailcenter.transports.sent_folder import Found, LookupFailed, SentFolder

logger = logging.getLogger(__name__)

Outcome = Attempt.Outcome
VERB = "IMAP"
LOOKS_AT_ONCE = 100
# Between the server's clock and ours; the shortest wait for another attempt is longer.
CLOCKS_DIFFER = timedelta(seconds=10)


def look(accounts: Mapping[str, SendingAccount]) -> None:
    """One session an account, however many of its mails are due."""
    due: dict[str, list[tuple[Message, Attempt]]] = {}
    for message in Message.objects.due_for_look(timezone.now())[:LOOKS_AT_ONCE]:
        attempt = message.attempts.filter(outcome=Outcome.UNCERTAIN).order_by("-number").first()
        if attempt is None:
            logger.error("Message %s is uncertain, and none of its attempts is.", message.pk)
            Message.objects.filter(pk=message.pk).look_again(None)
        else:
            due.setdefault(attempt.account_id, []).append((message, attempt))
    for slug, mails in due.items():
        account = accounts.get(slug)
        with ExitStack() as stack:
            folder = None
            if account and account.imap_host:
                timeout = conf.get("SMTP_TIMEOUT_SECONDS")
                folder = stack.enter_context(SentFolder(account, timeout))
            for message, attempt in mails:
                try:
                    _look(message, attempt, folder)
                except Exception:
                    logger.exception("Message %s is looked for again later.", message.pk)


def _look(message: Message, attempt: Attempt, folder: SentFolder | None) -> None:
    mine = Message.objects.filter(pk=message.pk)
    until = timezone.now() + timedelta(seconds=conf.get("LEASE_SECONDS"))
    if not mine.filter(look_at=message.look_at).look_again(until):
        # Another process looks, or nobody needs to any more.
        return
    begun = time.monotonic()
    found, words = _ask(folder, message, attempt)
    milliseconds = round((time.monotonic() - begun) * 1000)
    step = Step(verb=VERB, code=None, text=words, ms=milliseconds)
    with transaction.atomic():
        # Rows are locked in one order everywhere: message, attempt, recipients.
        locked = mine.being_looked_for(until).select_for_update().first()
        if locked is None:
            # Somebody knew better in the meantime.
            return
        attempt.message = locked
        attempt.refresh_from_db(fields=["dialogue"])
        attempt.dialogue = [*attempt.dialogue, step]
        if found:
            close_found(attempt, Reply(None, words))
        else:
            attempt.save(update_fields=["dialogue"])
            _go_on(attempt, once=folder is None)


def _go_on(attempt: Attempt, *, once: bool) -> None:
    """Another look; after the last one the kind of the mail decides. once: there is no other."""
    now = timezone.now()
    message = attempt.message
    mine = Message.objects.filter(pk=message.pk)
    looks = sum(step["verb"] == VERB for step in attempt.dialogue)
    if looks < len(LOOKS_SECONDS) and not once:
        mine.look_again(now + timedelta(seconds=LOOKS_SECONDS[looks]))
    else:
        mine.look_again(None)
        once_more(message, now)


def _ask(folder: SentFolder | None, message: Message, attempt: Attempt) -> tuple[bool, str]:
    """Whether it is there, and our words for it. No transaction is open meanwhile."""
    if folder is None:
        return False, _("there is no Sent folder to look into")
    try:
        found = folder.find(message.message_id, attempt.started_at.astimezone(UTC).date())
    except LookupFailed as error:
        return False, str(error)
    except Exception as error:
        logger.exception("The look for message %s failed in a way nobody foresaw.", message.pk)
        # A stranger's exception may quote anything.
        return False, type(error).__name__
    where = {"folder": folder.name, "header": found.header if found else ""}
    if found is None:
        return False, _("not in %(folder)s") % where
    if not _belongs(found, attempt):
        return False, _("in %(folder)s there is only the copy of an earlier attempt") % where
    return True, _("found in %(folder)s by its %(header)s") % where


def _belongs(found: Found, attempt: Attempt) -> bool:
    """Not where it may be the copy of an earlier attempt, whose reply is known.

    QQ files even what it refuses, and another attempt for the recipients that are left has the
    same Message-ID.
    """
    earlier = Attempt.objects.filter(
        message=attempt.message_id,
        account=attempt.account_id,
        number__lt=attempt.number,
        stage__in=[Stage.BODY, Stage.DONE],
    )
    if not earlier.exclude(outcome=Outcome.UNCERTAIN).exists():
        return True
    return found.received is not None and found.received >= attempt.started_at - CLOCKS_DIFFER
