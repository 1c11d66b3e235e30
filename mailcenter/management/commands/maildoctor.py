from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter.delivery import accounts
from mailcenter.doctor import Name, State, Step, examine, keep, passed, trial_mail
from mailcenter.doctor.configuration import broken
from mailcenter.doctor.patients import Patient, of_the_admin, of_the_environment
from mailcenter.engines import doorbell
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError, RefusedMessage
from mailcenter.replies.entry import Words
from mailcenter.transports import SendingAccount

# A running worker has taken the test mail by then; else there is none.
WORKER_SECONDS = 5.0


class Command(BaseCommand):
    # What they say of the settings is a finding here, and a site that is ill is whom it is for.
    requires_system_checks = ()
    help = (
        "Examine the accounts step by step, from the settings to the recipient; nothing is sent. "
        "Exits with 1 where a step fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "account", nargs="?", default="", help="Its slug or its address; default: all of them."
        )
        parser.add_argument("--rcpt", default="", metavar="ADDRESS", help="Whom RCPT is to name.")
        parser.add_argument(
            "--send",
            default="",
            metavar="TO",
            help="Send a test mail too, and wait for the reply. Without a worker, what is due is "
            "sent here.",
        )
        parser.add_argument(
            "--wait", type=float, default=60, metavar="SECONDS", help="So long, at most."
        )
        parser.add_argument("--json", action="store_true", help="One object, in both languages.")

    def handle(self, *, account: str, rcpt: str, send: str, **options: Any) -> None:
        for address in filter(None, (rcpt, send)):
            _check(address)
        self.wait: float = options["wait"]
        self.speaks = not options["json"]
        self.warned = False
        self._keep_rows()
        patients = self._chosen(account)
        results = [self._examine(patient, rcpt, send) for patient in patients]
        if not self.speaks:
            self.stdout.write(json.dumps({"accounts": results}, ensure_ascii=False, indent=2))
        if failed := sum(not result["ok"] for result in results):
            raise CommandError(
                ngettext("%(count)d account has failed.", "%(count)d accounts have failed.", failed)
                % {"count": failed}
            )

    def _keep_rows(self) -> None:
        """The rows that results and test mails belong to."""
        try:
            accounts.keep_rows(accounts.configured())
        except ConfigurationError:
            # Its own examination says it.
            return
        except DatabaseError as error:
            self._warn(error)

    def _chosen(self, wanted: str) -> list[Patient]:
        patients = list(of_the_environment())
        try:
            patients += of_the_admin()
        except DatabaseError as error:
            self._warn(error)
        if not wanted:
            return patients
        names = {patient.slug: patient for patient in patients}
        chosen = [p for p in patients if wanted.lower() in (p.slug, p.address.lower())]
        if not chosen:
            raise CommandError(
                _("There is no account %(name)s in use; those in use: %(slugs)s.")
                % {"name": f"“{wanted}”", "slugs": ", ".join(names)}
            )
        return chosen

    def _examine(self, patient: Patient, rcpt: str, send: str) -> dict[str, Any]:
        if self.speaks:
            self.stdout.write(f"{patient.slug}  {patient.address}")
        steps: list[Step] = []
        for step in self._steps(patient, rcpt, send):
            steps.append(step)
            if self.speaks:
                self._say(step)
        if patient.account is not None:
            try:
                keep(patient.slug, patient.account, steps)
            except DatabaseError as error:
                self._warn(error)
        return {
            "account": patient.slug,
            "ok": passed(steps),
            "steps": [step.as_json() for step in steps],
        }

    def _steps(self, patient: Patient, rcpt: str, send: str) -> Iterator[Step]:
        if patient.account is None:
            yield broken(patient.trouble)
            return
        well = True
        for step in examine(patient.account, recipient=rcpt):
            well &= step.state != State.FAILED
            yield step
        if send:
            yield self._send(patient.account, send) if well else _not_sent()

    def _send(self, account: SendingAccount, to: str) -> Step:
        try:
            message = trial_mail.queue(account, to)
            doorbell.ring()
            step = trial_mail.follow(message, min(self.wait, WORKER_SECONDS))
            if self.wait > WORKER_SECONDS and trial_mail.nobody_takes(message):
                try:
                    worker = Worker()
                except ConfigurationError as error:
                    # Of another account: no worker starts before it is corrected.
                    return replace(step, cause=Words(zh=str(error), en=str(error)), cure=None)
                # What else is due leaves with it, as it would with any worker.
                worker.drain()
                step = trial_mail.follow(message, self.wait)
            return step
        except (RefusedMessage, DatabaseError) as error:
            finding = Words(zh=f"没有进入发信队列：{error}", en=f"It was not queued: {error}")
            return Step(Name.SEND, State.FAILED, finding)

    def _say(self, step: Step) -> None:
        colours = {
            State.OK: self.style.SUCCESS,
            State.WARNING: self.style.WARNING,
            State.FAILED: self.style.ERROR,
        }
        state = colours.get(step.state, str)(f"[{step.state.label}]")
        took = "" if step.milliseconds is None else f" ({step.milliseconds} ms)"
        self.stdout.write(f"  {state} {step.name.label}{took}: {step.finding}")
        details = (
            (_("Said: %(words)s"), step.said),
            (_("Cause: %(words)s"), step.cause),
            (_("What to do: %(words)s"), step.cure),
        )
        for label, words in details:
            if words:
                for line in (label % {"words": words}).splitlines():
                    self.stdout.write(f"      {line}")
        self.stdout.flush()

    def _warn(self, error: DatabaseError) -> None:
        if self.warned:
            return
        self.warned = True
        self.stderr.write(
            _("The database can't be used, so nothing is kept: %(error)s") % {"error": error}
        )


def _not_sent() -> Step:
    # It would fail too, and its failure would pause the account.
    finding = Words(
        zh="前面有步骤失败，测试邮件没有发。", en="No test mail, since a step before it failed."
    )
    return Step(Name.SEND, State.SKIPPED, finding)


def _check(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(
            _("%(address)s is no mail address.") % {"address": ascii(address)}
        ) from None
