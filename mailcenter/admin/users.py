"""The mails of one user and what became of them, and another one that lets the user in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from mailcenter import inviting, kinds, resend
from mailcenter.admin import display
from mailcenter.admin.read_only import refuse_nul
from mailcenter.admin.record import operator, record
from mailcenter.exceptions import MailcenterError, ResendRefused
from mailcenter.models import Message

if TYPE_CHECKING:
    from mailcenter.admin.messages import MessageAdmin

SHOWN = 50
RIGHT = "resend_message"


@dataclass(frozen=True)
class Line:
    """A mail in the list. reply: the last one's code and meaning."""

    message: Message
    chip: SafeString
    kind: Any
    reply: SafeString


def urls(model_admin: MessageAdmin) -> list[URLPattern]:
    wrap = model_admin.admin_site.admin_view
    return [
        path(f"user/<str:pk>/{address}", wrap(partial(view, model_admin=model_admin)), name=name)
        for address, view, name in (
            ("", mails_view, "mailcenter_message_user"),
            ("invite/", invite_view, "mailcenter_message_invite"),
        )
    ]


@require_safe
def mails_view(request: HttpRequest, pk: str, *, model_admin: MessageAdmin) -> HttpResponse:
    user = _user_or_refuse(request, pk, model_admin)
    newest = Message.objects.filter(user_id=user.pk).order_by("-created_at", "-pk")
    found = list(newest[: SHOWN + 1])
    context = _context(
        request,
        model_admin,
        user,
        title=_("Mails of %(user)s") % {"user": user},
        lines=[_line(message) for message in found[:SHOWN]],
        shown=SHOWN if len(found) > SHOWN else 0,
        may_invite=model_admin.may(request, RIGHT),
        own_page=_own_page(request, user, model_admin),
    )
    return TemplateResponse(request, "admin/mailcenter/user.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite_view(request: HttpRequest, pk: str, *, model_admin: MessageAdmin) -> HttpResponse:
    user = _user_or_refuse(request, pk, model_admin)
    if not model_admin.may(request, RIGHT):
        raise PermissionDenied
    if request.method != "POST":
        return _ask(request, user, model_admin)
    confirmed = request.POST.get("duplicate") == "yes"
    try:
        with transaction.atomic():
            carrier = inviting.invite(user, operator(request), duplicate_confirmed=confirmed)
            record(request, user, _("Was sent another mail with a link"))
    except MailcenterError as refusal:
        model_admin.message_user(request, str(refusal), messages.WARNING)
        return redirect("admin:mailcenter_message_user", user.pk)
    model_admin.message_user(request, _("The mail is in the queue."), messages.SUCCESS)
    return redirect("admin:mailcenter_message_change", carrier.pk)


def _ask(request: HttpRequest, user: AbstractBaseUser, model_admin: MessageAdmin) -> HttpResponse:
    context = _context(request, model_admin, user, title=_("Invite again"))
    try:
        found = inviting.prepare(user)
    except ResendRefused as refusal:
        context["refusal"] = str(refusal)
    else:
        same = found.message.kind == found.kind.slug
        context |= {
            "kind": found.kind.label,
            "address": found.message.recipients.get().address,
            "ask_about_duplicate": same and resend.may_have_arrived(found.message),
        }
    return TemplateResponse(request, "admin/mailcenter/user_invite.html", context)


def _user_or_refuse(request: HttpRequest, pk: str, model_admin: MessageAdmin) -> AbstractBaseUser:
    """Raises PermissionDenied before it looks, then Http404."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    refuse_nul(pk)
    users = get_user_model()
    try:
        return users._default_manager.get(pk=pk)
    except (users.DoesNotExist, ValueError, OverflowError, ValidationError):
        raise Http404 from None


def _context(
    request: HttpRequest, model_admin: MessageAdmin, user: AbstractBaseUser, **more: Any
) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "person": user,
        **more,
    }


def _line(message: Message) -> Line:
    return Line(
        message,
        display.chip(message.status, display.label(message, "status")),
        kinds.get(message.kind).label,
        display.reply(message.last_reply_code, display.label(message, "last_verdict")),
    )


def _own_page(request: HttpRequest, user: AbstractBaseUser, model_admin: MessageAdmin) -> str:
    """Of the user in the admin, whoever has registered it; "" where there is none to see."""
    try:
        theirs = model_admin.admin_site.get_model_admin(type(user))
    except NotRegistered:
        return ""
    if not theirs.has_view_or_change_permission(request, user):
        return ""
    opts = user._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[user.pk])
