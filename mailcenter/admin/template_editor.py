"""The editor of a template: what is typed is checked, looked at, tried out and saved.

One form, with a button for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mailcenter import editing, mail
from mailcenter.admin import template_form, template_preview
from mailcenter.admin.record import operator, own_address, record
from mailcenter.admin.template_desk import Desk, page
from mailcenter.admin.template_form import Draft
from mailcenter.exceptions import MailcenterError, TemplateRefused
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts

if TYPE_CHECKING:
    from mailcenter.admin.templates import TemplateAdmin


class SavedMeanwhile(MailcenterError):  # noqa: N818
    """Somebody has saved a version since this one was opened."""

    def __init__(self, newest: TemplateVersion | None) -> None:
        super().__init__()
        self.newest = newest


@require_http_methods(["GET", "HEAD", "POST"])
def edit_view(request: HttpRequest, pk: int, *, model_admin: TemplateAdmin) -> HttpResponse:
    """GET opens it; POST does what its button says, and nothing that was typed is lost."""
    template: Template = model_admin.row_or_refuse(request, pk)
    if not model_admin.may(request, "change_template"):
        raise PermissionDenied
    if template.slug not in dict(contracts.slugs()):
        raise Http404
    newest = template.newest()
    may_choose_user = model_admin.may(request, "preview_user_template")
    if request.method != "POST":
        form = template_form.opened(template, newest, may_choose_user=may_choose_user)
        return page(Desk(model_admin, request, template, form))
    form = template_form.typed(request, template, newest, may_choose_user=may_choose_user)
    desk = Desk(model_admin, request, template, form)
    button = request.POST.get("do", "")
    permission, act = BUTTONS.get(button, ("change_template", page))
    if not model_admin.may(request, permission):
        raise PermissionDenied
    return act(desk)


def _save(desk: Desk) -> HttpResponse:
    return _save_and(desk, publish=False)


def _save_and_publish(desk: Desk) -> HttpResponse:
    return _save_and(desk, publish=True)


def _save_and(desk: Desk, *, publish: bool) -> HttpResponse:
    draft = desk.read()
    if draft is None:
        return page(desk)
    try:
        with transaction.atomic():
            saved = _version(desk, draft)
            version = saved or desk.form.newest
            published = bool(publish and version and _publish(desk, version))
    except TemplateRefused as refusal:
        desk.problems = refusal.problems
        return page(desk)
    except SavedMeanwhile as refusal:
        desk.meanwhile = refusal.newest
        # Who presses the button again has read it.
        desk.form.rebase(refusal.newest)
        return page(desk)
    if saved is None and not published:
        desk.tell(_("Nothing differs from what was saved before."), messages.WARNING)
    if saved:
        desk.tell(_("Saved as version %(number)d.") % {"number": saved.number}, messages.SUCCESS)
        for advice in template_preview.spam_warnings(desk.template, draft):
            desk.tell(advice.sentence, messages.WARNING)
    if published and version:
        said = _("Version %(number)d is in use from now on.") % {"number": version.number}
        desk.tell(said, messages.SUCCESS)
    return redirect("admin:mailcenter_template_edit", desk.template.pk)


def _version(desk: Desk, draft: Draft) -> TemplateVersion | None:
    """Raises TemplateRefused and SavedMeanwhile. None where nothing has changed."""
    Template.objects.select_for_update().get(pk=desk.template.pk)
    newest = desk.template.newest()
    if template_form.number(newest) != desk.form.cleaned_data["base"]:
        raise SavedMeanwhile(newest)
    saved = editing.save(
        desk.template,
        draft.parts,
        author=operator(desk.request),
        note=desk.form.cleaned_data["note"],
        logo=draft.logo,
    )
    if saved:
        said = _("saved version %(number)d") % {"number": saved.number}
        record(desk.request, desk.template, said)
    return saved


def _publish(desk: Desk, version: TemplateVersion) -> bool:
    published = editing.publish(version, operator(desk.request))
    if published:
        said = _("published version %(number)d") % {"number": version.number}
        record(desk.request, desk.template, said)
    return published


def _send_test(desk: Desk) -> HttpResponse:
    """To nobody but who asks for it."""
    to = own_address(desk.request)
    draft = desk.read()
    if draft is None:
        return page(desk)
    if not to:
        said = _("Your own user has no e-mail address that a test mail could go to.")
        desk.tell(said, messages.ERROR)
        return page(desk)
    desk.problems = editing.problems(desk.template, draft.parts, draft.logo)
    if desk.problems:
        return page(desk)
    try:
        with transaction.atomic():
            message = mail.send_test(
                desk.template.slug,
                desk.template.language,
                draft.parts,
                draft.case,
                to,
                user=operator(desk.request),
                logo=draft.logo,
            )
            record(desk.request, desk.template, _("sent a test mail"))
    except (MailcenterError, ValueError) as error:
        desk.tell(str(error), messages.ERROR)
        return page(desk)
    said = _("The test mail is in the queue. What becomes of it is seen in the log.")
    if desk.model_admin.may(desk.request, "view_message"):
        address = reverse("admin:mailcenter_message_change", args=[message.pk])
        said = format_html('{} <a href="{}">{}</a>', said, address, message)
    desk.tell(said, messages.SUCCESS)
    return page(desk)


# Value of the button -> the permission it needs beside that to edit, and what it does.
BUTTONS: dict[str, tuple[str, Callable[[Desk], HttpResponse]]] = {
    "save": ("change_template", _save),
    "publish": ("publish_template", _save_and_publish),
    "test": ("test_template", _send_test),
}
