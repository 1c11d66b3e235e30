"""Resend many: the first POST counts what would go and what would not, the second one sends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailcenter import resend
from mailcenter.admin.record import operator, record
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Message, OperatorAction

if TYPE_CHECKING:
    from mailcenter.admin.messages import MessageAdmin

Status = Message.Status

# One request has to send them all before the web server gives up on it.
MOST = 200


@dataclass
class Plan:
    """go: sent again. uncertain: only if the operator says so. skipped: reason -> how many."""

    go: list[Message] = field(default_factory=list)
    uncertain: list[Message] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def resend_selected(
    model_admin: MessageAdmin, request: HttpRequest, queryset: QuerySet[Message]
) -> HttpResponse | None:
    if queryset.count() > MOST:
        model_admin.message_user(
            request,
            _("Select %(most)d messages at most; nothing was sent.") % {"most": MOST},
            messages.WARNING,
        )
        return None
    found = plan(queryset)
    if request.POST.get("post") == "yes":
        _send(model_admin, request, found)
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": _("Resend the selected messages"),
        "go": found.go,
        "uncertain": found.uncertain,
        # A template would take "items" for a key.
        "skipped": list(found.skipped.items()),
        "selected": [*found.go, *found.uncertain],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/mailcenter/message/confirm_many.html", context)


def plan(queryset: QuerySet[Message]) -> Plan:
    found = Plan()
    for message in queryset.select_related("account", "user").order_by("created_at", "pk"):
        if reason := _reason_to_skip(message):
            found.skipped[reason] += 1
        elif resend.may_have_arrived(message):
            found.uncertain.append(message)
        else:
            found.go.append(message)
    return found


def _reason_to_skip(message: Message) -> str:
    if message.status in resend.ACCEPTED:
        return _("accepted already: to send a second copy, open the message")
    if message.status in (Status.CANCELLED, Status.SUPPRESSED):
        return _("stopped on purpose: to send it after all, open the message")
    if message.superseded_by.exists():
        return _("replaced by another mail already")
    return resend.obstacle(message)


def _send(model_admin: MessageAdmin, request: HttpRequest, found: Plan) -> None:
    duplicate = request.POST.get("duplicate") == "yes"
    skipped = found.skipped.copy()
    sent = 0
    # Each in a transaction of its own: one refusal must not undo the others.
    for message in [*found.go, *found.uncertain]:
        try:
            with transaction.atomic():
                resend.resend(message, operator(request), duplicate_confirmed=duplicate)
                record(request, message, OperatorAction.Verb.RESEND.label)
            sent += 1
        except MailcenterError as refusal:
            skipped[str(refusal)] += 1
    _report(model_admin, request, sent, skipped)


def _report(
    model_admin: MessageAdmin, request: HttpRequest, sent: int, skipped: Counter[str]
) -> None:
    if sent:
        text = ngettext(
            "%(count)d mail is in the queue.", "%(count)d mails are in the queue.", sent
        )
        model_admin.message_user(request, text % {"count": sent}, messages.SUCCESS)
    for reason, count in skipped.items():
        text = ngettext(
            "%(count)d mail skipped: %(reason)s", "%(count)d mails skipped: %(reason)s", count
        )
        model_admin.message_user(
            request, text % {"count": count, "reason": reason}, messages.WARNING
        )
