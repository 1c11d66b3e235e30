"""What an operator can do to one message: GET asks, POST acts and leaves a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from mailcenter import harmless, reading, resend
from mailcenter.admin import consequences
from mailcenter.admin.record import operator, record
from mailcenter.exceptions import MailcenterError, ResendRefused
from mailcenter.models import Message, OperatorAction

if TYPE_CHECKING:
    from mailcenter.admin.messages import MessageAdmin

Status = Message.Status
Verb = OperatorAction.Verb


@dataclass(frozen=True)
class Act:
    """name: in the address of its page. permission: needed beside the one to view.

    suits: whether the message's page offers it. consequences: sentences for the page that asks.
    perform: may raise MailcenterError, whose text the operator reads.
    """

    name: str
    permission: str
    verb: OperatorAction.Verb
    label: Promise
    suits: Callable[[Message], bool]
    consequences: Callable[[Message], list[str]]
    perform: Callable[[MessageAdmin, HttpRequest, Message], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
def act_view(request: HttpRequest, pk: int, *, model_admin: MessageAdmin, act: Act) -> HttpResponse:
    message: Message = model_admin.row_or_refuse(request, pk)
    if not model_admin.may(request, act.permission):
        raise PermissionDenied
    if request.method != "POST":
        return _ask(model_admin, act, request, message)
    try:
        with transaction.atomic():
            response = act.perform(model_admin, request, message)
            record(request, message, act.verb.label)
    except MailcenterError as refusal:
        model_admin.message_user(request, str(refusal), messages.WARNING)
        return redirect("admin:mailcenter_message_change", message.pk)
    return response


def open_to(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> list[Act]:
    """The acts to offer on the page of this message."""
    return [a for a in ACTS if model_admin.may(request, a.permission) and a.suits(message)]


def _ask(
    model_admin: MessageAdmin, act: Act, request: HttpRequest, message: Message
) -> HttpResponse:
    context = model_admin.page_context(
        request,
        message,
        title=act.label,
        act=act,
        obstacle=resend.obstacle(message) if act is RESEND else "",
        consequences=act.consequences(message),
        ask_about_duplicate=act is RESEND and resend.may_have_arrived(message),
    )
    return TemplateResponse(request, "admin/mailcenter/message/confirm.html", context)


def _resend(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> HttpResponse:
    if request.POST.get("status", message.status) != message.status:
        # It was asked about another state: "nobody can tell" may have become "it arrived".
        raise ResendRefused(_("Something has just happened to this mail. Look at it again."))
    confirmed = request.POST.get("duplicate") == "yes"
    carrier = resend.resend(message, operator(request), duplicate_confirmed=confirmed)
    model_admin.message_user(request, _("The mail is in the queue."), messages.SUCCESS)
    return redirect("admin:mailcenter_message_change", carrier.pk)


def _retry(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> HttpResponse:
    resend.retry_now(message, operator(request))
    model_admin.message_user(request, _("The next attempt is due now."), messages.SUCCESS)
    return redirect("admin:mailcenter_message_change", message.pk)


def _cancel(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> HttpResponse:
    ended = resend.cancel(message, operator(request))
    said = _("The mail is cancelled.")
    if ended.status == Status.SENT:
        said = _("Some recipients have the mail already; the others get none.")
    elif ended.status == Status.UNCERTAIN:
        said = _("No more copies are sent, but an earlier one may have arrived.")
    model_admin.message_user(request, said, messages.SUCCESS)
    return redirect("admin:mailcenter_message_change", message.pk)


def _arrived(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> HttpResponse:
    resend.arrived(message, operator(request))
    model_admin.message_user(request, _("The mail counts as accepted."), messages.SUCCESS)
    return redirect("admin:mailcenter_message_change", message.pk)


def _reveal(model_admin: MessageAdmin, request: HttpRequest, message: Message) -> HttpResponse:
    mail = reading.read(resend.reveal(message, operator(request)))
    context = model_admin.page_context(
        request,
        message,
        title=_("Body"),
        mail=mail,
        document=harmless.document(mail.html, mail.images) if mail.html else "",
    )
    return TemplateResponse(
        request,
        "admin/mailcenter/message/body.html",
        context,
        headers={"Content-Security-Policy": harmless.AROUND_A_DOCUMENT},
    )


def _can_be_revealed(message: Message) -> bool:
    """message: fetched as detail.fetch does."""
    content: Any = getattr(message, "content", None)
    return content is not None and content.kept and not content.secret


RESEND = Act(
    "resend",
    "resend_message",
    Verb.RESEND,
    _("Resend"),
    lambda message: message.status not in resend.ON_THE_WAY,
    consequences.of_resending,
    _resend,
)
RETRY = Act(
    "retry",
    "resend_message",
    Verb.RETRY,
    _("Retry now"),
    lambda message: message.status == Status.QUEUED,
    consequences.of_retrying,
    _retry,
)
CANCEL = Act(
    "cancel",
    "resend_message",
    Verb.CANCEL,
    _("Cancel the mail"),
    lambda message: message.status == Status.QUEUED,
    consequences.of_cancelling,
    _cancel,
)
ARRIVED = Act(
    "arrived",
    "resend_message",
    Verb.ARRIVED,
    _("It has arrived"),
    lambda message: message.status == Status.UNCERTAIN,
    consequences.of_arriving,
    _arrived,
)
REVEAL = Act(
    "reveal",
    "reveal_message",
    Verb.REVEAL,
    _("Open the body"),
    _can_be_revealed,
    consequences.of_revealing,
    _reveal,
)
ACTS = (ARRIVED, RESEND, RETRY, CANCEL, REVEAL)
