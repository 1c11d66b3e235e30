"""What is broken, why, and what to do about it: the banner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter import conf
from mailcenter.admin import detail, display, template_display
from mailcenter.admin.dashboard import listed
from mailcenter.admin.dashboard.counted import Counted, percent
from mailcenter.admin.dashboard.present import Present
from mailcenter.delivery.accounts import is_environment, trouble_of
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Account, Message, Template
from mailcenter.replies import Entry, VerdictClass
from mailcenter.tallying import HOUR, full_hour
from mailcenter.transports import problems
from mailcenter.transports.account import each_environment_account

# A mail that is due leaves within seconds where nothing hinders it.
LATE = timedelta(minutes=5)
# Counted once a minute.
STALE = timedelta(minutes=5)
# So many mails at least must have ended before a share of them says anything.
FEW = 10
MANY_FAILED = 0.2
# By engine: what to type where no worker runs.
COMMANDS: dict[str, tuple[str, ...]] = {
    "embedded": ("python manage.py mailworker",),
    "celery": ("celery -A project worker", "celery -A project beat"),
    "tasks": ("python manage.py db_worker", "python manage.py mailsweep --every 10"),
}
# They end by themselves.
PASSING = {VerdictClass.RATE_LIMITED, VerdictClass.NETWORK}


@dataclass(frozen=True)
class Trouble:
    """grave: mail is not sent for it. reply: a server's words. why, cure: sentences.

    commands: to be typed. address, link: of the page about it, and its words; "" where the reader
        may not open it.
    """

    what: str
    why: str = ""
    reply: str = ""
    cure: str = ""
    commands: tuple[str, ...] = ()
    address: str = ""
    link: str = ""
    grave: bool = True


def troubles(present: Present, counted: Counted, may: Callable[[str], bool]) -> list[Trouble]:
    """The grave ones first. may: whether the reader has the permission of that codename."""
    found = [
        *_of_workers(present),
        *_of_accounts(present, may),
        *_of_late_mail(present),
        *_of_failed_mail(present, counted),
        *_of_undecided_mail(present),
        *_of_templates(may),
        *_of_figures(present),
    ]
    return sorted(found, key=lambda trouble: not trouble.grave)


def _of_workers(present: Present) -> Iterator[Trouble]:
    if present.someone_works:
        return
    last = max((worker.seen_at for worker in present.workers), default=None)
    if last:
        why = _("At %(time)s the last of them gave its last sign.") % {"time": display.moment(last)}
    else:
        why = _("None has given a sign of life for a day.")
    waits = present.next is not None
    yield Trouble(
        _("No worker is running, and mail is due.") if waits else _("No worker is running."),
        why,
        cure=_("Start one, or the service that runs it:"),
        commands=COMMANDS.get(conf.get("ENGINE"), ()),
        grave=waits,
    )


def _of_accounts(present: Present, may: Callable[[str], bool]) -> Iterator[Trouble]:
    address = reverse("admin:mailcenter_account_changelist") if may("view_account") else ""
    link = _("Accounts") if address else ""
    if not any(account.enabled for account in present.accounts):
        yield Trouble(
            _("No account is in use: no mail can be sent."),
            cure=_("Set MAIL_PROVIDER and what belongs to it in .env, or add an account here."),
            address=address,
            link=link,
        )
    for why, cure in _mistakes_of_the_environment():
        yield Trouble(_("An account in .env can’t send."), why, cure=cure)
    for account in present.accounts:
        page = ""
        if address:
            page = reverse("admin:mailcenter_account_change", args=[account.pk])
            link = _("Open the account")
        if account.is_paused:
            yield _pause(account, present.advice.get(account.pk), page, link)
        elif account.enabled and not is_environment(account.pk) and (why := trouble_of(account)):
            what = _("The account %(account)s can’t send.") % {"account": account}
            yield Trouble(what, why, cure=_("Correct it on its page."), address=page, link=link)


def _mistakes_of_the_environment() -> Iterator[tuple[str, str]]:
    """What the checks at the start say, for each that stops an account."""
    for account in each_environment_account():
        if isinstance(account, ConfigurationError):
            yield str(account), _("Correct it there, and start the site and the worker again.")
        else:
            for problem in problems(account):
                if problem.is_serious():
                    yield problem.msg, problem.hint or ""


def _pause(account: Account, advice: Entry | None, page: str, link: str) -> Trouble:
    until = display.moment(account.paused_until) if account.paused_until else ""
    said = {"account": account, "time": until}
    return Trouble(
        _("Until %(time)s the account %(account)s is paused.") % said,
        str(advice.cause) if advice else "",
        account.pause_reason,
        str(advice.cure) if advice else _("Its page shows when it was paused, and ends the pause."),
        address=page,
        link=link,
        grave=advice is None or advice.verdict_class not in PASSING,
    )


def _of_late_mail(present: Present) -> Iterator[Trouble]:
    mail = present.late(LATE)
    if mail is None or not present.someone_works:
        return
    hindrance = present.hindrances.of(mail)
    if hindrance and present.hindrances.accounts[mail.account_id].is_paused:
        # Said of the account already.
        return
    what = _("Mail has been due since %(time)s and is still waiting.")
    yield Trouble(
        what % {"time": display.moment(mail.next_attempt_at)},
        " ".join(detail.hindrance_words(hindrance)) if hindrance else "",
        cure=""
        if hindrance
        else _("Nothing hinders it, so look into the worker’s log, and start the worker again."),
        address=reverse("admin:mailcenter_message_change", args=[mail.pk]),
        link=_("Open the mail"),
        grave=hindrance is None,
    )


def _of_failed_mail(present: Present, counted: Counted) -> Iterator[Trouble]:
    since = full_hour(present.now) - HOUR
    failed, ended = counted.failed_since(since)
    if ended < FEW or failed <= MANY_FAILED * ended:
        return
    said = {"time": display.moment(since), "failed": failed, "ended": ended}
    yield Trouble(
        _("Many mails fail: %(share)s of them.") % {"share": percent(failed, ended)},
        _("Since %(time)s %(failed)d of %(ended)d have failed.") % said,
        cure=_("Open one of them: its page says what the server replied and what to do."),
        address=listed.failed(since),
        link=_("Failed mail"),
    )


def _of_undecided_mail(present: Present) -> Iterator[Trouble]:
    if count := present.undecided.found:
        what = ngettext(
            "%(number)s mail waits for somebody to decide.",
            "%(number)s mails wait for somebody to decide.",
            count,
        )
        yield Trouble(
            what % {"number": present.undecided},
            _("The connection was lost before the reply came: the reader may have it or not."),
            cure=_("Say that it has arrived, or send it again."),
            address=listed.messages(status__exact=Message.Status.UNCERTAIN),
            link=_("Undecided mail"),
            grave=False,
        )


def _of_templates(may: Callable[[str], bool]) -> Iterator[Trouble]:
    failing = Template.objects.filter(published__isnull=False, failed_version=F("published"))
    for template in failing:
        page = reverse("admin:mailcenter_template_change", args=[template.pk])
        yield Trouble(
            _("The template %(template)s can’t be used.")
            % {"template": template_display.title(template)},
            _("The built-in words take its place."),
            cure=_("Its page says what is wrong. Correct it, or publish another version."),
            address=page if may("view_template") else "",
            link=_("Open the template") if may("view_template") else "",
            grave=False,
        )


def _of_figures(present: Present) -> Iterator[Trouble]:
    """Without a worker they can't be new, and that is said."""
    running = [worker.started_at for worker in present.workers if worker.is_alive]
    if not running:
        return
    last = max(present.counted_at or min(running), min(running))
    if last < present.now - STALE:
        yield Trouble(
            _("The figures below are old."),
            _("Since %(time)s nothing has been counted.") % {"time": display.moment(last)},
            cure=_("The sweep counts them: see whether it runs, and look into the worker’s log."),
            commands=COMMANDS.get(conf.get("ENGINE"), ())[1:],
            grave=False,
        )
