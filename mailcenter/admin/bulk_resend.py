"""Resend many: the first POST counts what would go and what would not, the second one sends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mailcenter import resend
from mailcenter.admin.record import operator, record
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Message, OperatorAction

if TYPE_CHECKING:
    from mailcenter.admin.messages import MessageAdmin

Status = Message.Status

# The confirmation names so many at most, and one request takes so long (seconds): a web server
# gives up on it after half a minute.
MOST = 1000
SECONDS = 15
# Rows in memory at a time, with the sealed bytes.
CHUNK = 100
KEY = re.compile(r"\b[0-9]{1,18}\b")
ACCEPTED = gettext_lazy("accepted already: to send a second copy, open the message")
STOPPED = gettext_lazy("stopped on purpose: to send it after all, open the message")
ON_THE_WAY = gettext_lazy("This mail is still on its way. Use “retry now” instead.")
REPLACED = gettext_lazy("replaced by another mail already")
UNFIT = {
    ACCEPTED: resend.ACCEPTED,
    STOPPED: {Status.CANCELLED, Status.SUPPRESSED},
    ON_THE_WAY: resend.ON_THE_WAY,
}


@dataclass
class Plan:
    """go: sent again. uncertain: only if the operator says so. skipped: reason -> how many.

    left: not looked at, because there are too many for one request.
    """

    go: list[Message] = field(default_factory=list)
    uncertain: list[Message] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    left: int = 0


def resend_selected(
    model_admin: MessageAdmin, request: HttpRequest, queryset: QuerySet[Message]
) -> HttpResponse | None:
    """queryset: the selected ones, or all that the filter shows."""
    if request.POST.get("post") == "yes":
        # What was counted and confirmed, whatever the filter shows by now.
        keys = [int(key) for key in KEY.findall(request.POST.get("keys", ""))][:MOST]
        if keys:
            queryset = Message.objects.filter(pk__in=keys)
        _send(model_admin, request, plan(queryset))
        return None
    found = plan(queryset)
    query = request.GET.urlencode()
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": _("Resend the selected messages"),
        "go": found.go,
        "uncertain": found.uncertain,
        # A template would take "items" for a key.
        "skipped": list(found.skipped.items()),
        "left": found.left,
        # One field: Django refuses a form of more than a thousand.
        "keys": ",".join(str(message.pk) for message in [*found.go, *found.uncertain]),
        "checkbox": ACTION_CHECKBOX_NAME,
        "list": f"{request.path}?{query}" if query else request.path,
    }
    return TemplateResponse(request, "admin/mailcenter/message/confirm_many.html", context)


def plan(queryset: QuerySet[Message]) -> Plan:
    """The oldest first. What a status alone excludes is counted, not read."""
    found = Plan()
    until = monotonic() + SECONDS
    for reason, statuses in UNFIT.items():
        found.skipped[str(reason)] = queryset.filter(status__in=statuses).count()
    fit = queryset.exclude(status__in=set().union(*UNFIT.values()))
    replaced = Exists(Message.objects.filter(supersedes=OuterRef("pk")))
    found.skipped[str(REPLACED)] = fit.filter(replaced).count()
    rest = fit.exclude(replaced).order_by("created_at", "pk")
    found.left = rest.count()
    for message in _in_chunks(rest.values_list("pk", flat=True)):
        if len(found.go) + len(found.uncertain) == MOST or monotonic() > until:
            break
        found.left -= 1
        if why := resend.obstacle(message):
            found.skipped[why] += 1
        elif resend.may_have_arrived(message):
            found.uncertain.append(message)
        else:
            found.go.append(message)
    # Without the reasons that nobody needs to read.
    found.skipped = +found.skipped
    return found


def _in_chunks(keys: QuerySet[Message, int]) -> Iterator[Message]:
    """In their order; the keys alone are read at once."""
    chosen = list(keys)
    for start in range(0, len(chosen), CHUNK):
        batch = chosen[start : start + CHUNK]
        rows = Message.objects.select_related("account", "user", "content").in_bulk(batch)
        yield from (rows[key] for key in batch if key in rows)


def _send(model_admin: MessageAdmin, request: HttpRequest, found: Plan) -> None:
    duplicate = request.POST.get("duplicate") == "yes"
    skipped = found.skipped.copy()
    sent = 0
    left = found.left
    until = monotonic() + SECONDS
    todo = [*found.go, *found.uncertain]
    # Each in a transaction of its own: one refusal must not undo the others.
    for done, message in enumerate(todo, start=1):
        try:
            with transaction.atomic():
                resend.resend(message, operator(request), duplicate_confirmed=duplicate)
                record(request, message, OperatorAction.Verb.RESEND.label)
            sent += 1
        except MailcenterError as refusal:
            skipped[str(refusal)] += 1
        if monotonic() > until:
            left += len(todo) - done
            break
    _report(model_admin, request, sent, skipped, left)


def _report(
    model_admin: MessageAdmin, request: HttpRequest, sent: int, skipped: Counter[str], left: int
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
    if left:
        text = ngettext(
            "There was no time for %(count)d more mail: select it again.",
            "There was no time for %(count)d more mails: select them again.",
            left,
        )
        model_admin.message_user(request, text % {"count": left}, messages.WARNING)
