"""A test mail: it takes the way of any mail, and is followed until the server has answered."""

from __future__ import annotations

import time
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import addresses, conf, outbox
from mailcenter.delivery.hindrance import hindrance
from mailcenter.doctor.step import Name, State, Step
from mailcenter.doctor.wording import both
from mailcenter.freezing import freeze
from mailcenter.models import Attempt, Message
from mailcenter.replies import CATALOG
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount

LOOK_SECONDS = 0.2
WAITING = frozenset({Message.Status.QUEUED, Message.Status.SENDING})
# Nothing of it says how the account is.
UNANSWERED = frozenset({Attempt.Outcome.OPEN, Attempt.Outcome.INTERRUPTED})


@sensitive_variables("account")
def queue(account: SendingAccount, to: str, user: AbstractBaseUser | None = None) -> Message:
    """In the log like any mail, to be sent with this account, whose row must be there.

    The caller rings the doorbell after the commit. Raises RefusedMessage, a ValueError.
    """
    words = {"account": account.address, "site": conf.get("SITE_URL")}
    subject = _("Test mail from %(site)s") % words
    text = _(
        "An operator of %(site)s asked for this mail, to see whether the account %(account)s "
        "sends. There is nothing to do."
    )
    text = f"{text % words}\n"
    sender = addresses.display(account.from_name, account.address)
    frozen = freeze(EmailMessage(subject, text, sender, [to]), account)
    if frozen is None:
        raise ValueError("A test mail needs a recipient.")
    tag = outbox.Tag("system", user=user)
    with transaction.atomic():
        message = outbox.store(frozen, tag)
        Message.objects.filter(pk=message.pk).update(account=account.slug)
    return message


def follow(message: Message, seconds: float) -> Step:
    """Until its first attempt is over, ``seconds`` at most. Raises django.db.Error."""
    started = time.monotonic()
    while True:
        message.refresh_from_db()
        attempt = message.attempts.exclude(outcome__in=UNANSWERED).order_by("number").first()
        milliseconds = round((time.monotonic() - started) * 1000)
        if attempt is not None:
            return _answered(message, attempt, milliseconds)
        if message.status not in WAITING:
            return _ended(message, milliseconds)
        if time.monotonic() - started >= seconds:
            return _not_yet(message, milliseconds)
        time.sleep(LOOK_SECONDS)


def nobody_takes(message: Message) -> bool:
    """It waits, and nothing but a worker is missing."""
    message.refresh_from_db()
    return message.status == Message.Status.QUEUED and hindrance(message) is None


def _answered(message: Message, attempt: Attempt, milliseconds: int) -> Step:
    reply = " ".join(filter(None, (str(attempt.reply_code or ""), attempt.reply_text)))
    where = _where(message)
    if attempt.outcome == Attempt.Outcome.ACCEPTED:
        finding = Words(
            zh=f"服务器收下了（账号 {attempt.account_id}）。{where.zh}",
            en=f"The server took it (account {attempt.account_id}). {where.en}",
        )
        return Step(Name.SEND, State.OK, finding, milliseconds, reply)
    entry = CATALOG.get(attempt.catalog_entry)
    outcome = both(lambda: attempt.get_outcome_display())
    return Step(
        Name.SEND,
        State.FAILED,
        Words(
            zh=f"服务器没有收下：{outcome.zh}（账号 {attempt.account_id}）。{where.zh}",
            en=f"The server didn't take it: {outcome.en} (account {attempt.account_id}). "
            f"{where.en}",
        ),
        milliseconds,
        reply,
        entry.cause if entry else None,
        entry.cure if entry else None,
    )


def _ended(message: Message, milliseconds: int) -> Step:
    status, where = both(lambda: message.get_status_display()), _where(message)
    finding = Words(zh=f"{status.zh}。{where.zh}", en=f"{status.en}. {where.en}")
    return Step(Name.SEND, State.FAILED, finding, milliseconds)


def _not_yet(message: Message, milliseconds: int) -> Step:
    where = _where(message)
    finding = Words(
        zh=f"还没有发出，仍在排队。{where.zh}", en=f"It was not sent yet and waits. {where.en}"
    )
    if message.status == Message.Status.SENDING:
        finding = Words(
            zh=f"正在发送，服务器还没有答复。{where.zh}",
            en=f"It is being sent; the server hasn't answered yet. {where.en}",
        )
    elif (obstacle := hindrance(message)) is not None:
        why = both(lambda: _hindrance_in_words(message))
        until = _until(obstacle.until)
        cause = Words(zh=f"{why.zh}{until.zh}", en=f"{why.en}{until.en}")
        return Step(Name.SEND, State.FAILED, finding, milliseconds, cause=cause)
    return Step(
        Name.SEND,
        State.FAILED,
        finding,
        milliseconds,
        cure=Words(
            zh="看看发信进程有没有在运行：manage.py mailworker。",
            en="See whether a worker is running: manage.py mailworker.",
        ),
    )


def _hindrance_in_words(message: Message) -> str:
    """In the active language; "" where nothing holds it back."""
    found = hindrance(message)
    return " ".join(filter(None, (found.why, found.relief))) if found else ""


def _until(moment: datetime | None) -> Words:
    if moment is None:
        return Words(zh="", en="")
    local = timezone.localtime(moment)
    return Words(zh=f"最早 {local:%m-%d %H:%M} 再试。", en=f" Not before {local:%m-%d %H:%M}.")


def _where(message: Message) -> Words:
    """Its page in the log, where the site has the admin."""
    try:
        path = reverse("admin:mailcenter_message_change", args=[message.pk])
    except NoReverseMatch:
        return Words(zh="", en="")
    url = conf.get("SITE_URL").rstrip("/") + path
    return Words(zh=f"记录：{url}", en=f"In the log: {url}")
