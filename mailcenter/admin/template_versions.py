"""The versions of a template: look at one, compare two, put one into use or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailcenter import editing, harmless
from mailcenter.admin import template_display, template_form, template_preview
from mailcenter.admin.record import operator, record
from mailcenter.admin.template_comparison import Words, differences
from mailcenter.admin.template_form import Draft, logo_of
from mailcenter.exceptions import TemplateFailed
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts

if TYPE_CHECKING:
    from mailcenter.admin.templates import TemplateAdmin

HEADERS = {"Content-Security-Policy": harmless.AROUND_A_DOCUMENT}
# In the address of a comparison, in place of a number.
BUILT_IN = "built-in"


@require_safe
def version_view(request: HttpRequest, pk: int, *, model_admin: TemplateAdmin) -> HttpResponse:
    """Its words, and the mail that they make with samples."""
    version = _version_or_refuse(request, pk, model_admin)
    template = version.template
    cases = contracts.of(template.slug).cases
    asked = request.GET.get("case", "")
    case = next((case for case in cases if case.slug == asked), cases[0])
    sight, trouble = None, ""
    try:
        draft = Draft(version.parts, logo_of(version), case)
        sight = template_preview.look(template, draft)
    except TemplateFailed as failure:
        trouble = str(failure)
    context = model_admin.page_context(
        request,
        template,
        title=template_display.version_words(version.number).capitalize(),
        name=template_display.title(template),
        version=version,
        author=template_display.author(version.author_name),
        in_use=version.pk == template.published_id,
        may_publish=_may_publish(request, model_admin, version),
        cases=cases if len(cases) > 1 else (),
        case=case.slug,
        sight=sight,
        trouble=trouble,
        view="phone",
    )
    page = "admin/mailcenter/template/version.html"
    return TemplateResponse(request, page, context, headers=HEADERS)


@require_safe
def compare_view(request: HttpRequest, pk: int, *, model_admin: TemplateAdmin) -> HttpResponse:
    """Any two; unless others are asked for, what is in use and the newest.

    Where that is one and the same, it and the one before.
    """
    template: Template = model_admin.row_or_refuse(request, pk)
    numbers = [str(number) for number in template.versions.values_list("number", flat=True)]
    # The oldest first.
    sides = [BUILT_IN, *reversed(numbers)]
    published = template.published.number if template.published else None
    right = _side(request.GET.get("right", ""), sides, sides[-1])
    in_use = str(published or BUILT_IN)
    before = sides[max(sides.index(right) - 1, 0)]
    left = _side(request.GET.get("left", ""), sides, before if right == in_use else in_use)
    context = model_admin.page_context(
        request,
        template,
        title=_("Compare"),
        name=template_display.title(template),
        sides=[(side, _side_name(side, published)) for side in sides],
        left=left,
        right=right,
        differences=differences(_words(template, left), _words(template, right)),
    )
    return TemplateResponse(request, "admin/mailcenter/template/compare.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def publish_view(request: HttpRequest, pk: int, *, model_admin: TemplateAdmin) -> HttpResponse:
    """GET shows what would change, POST puts the version into use: the way back, too."""
    version = _version_or_refuse(request, pk, model_admin)
    if not model_admin.may(request, "publish_template"):
        raise PermissionDenied
    template = version.template
    problems = editing.problems(template, version.parts, logo_of(version))
    if request.method == "POST" and not problems:
        return _publish(request, model_admin, version)
    published = str(template.published.number) if template.published else BUILT_IN
    context = model_admin.page_context(
        request,
        template,
        title=_("Publish version %(number)d") % {"number": version.number},
        name=template_display.title(template),
        version=version,
        author=template_display.author(version.author_name),
        in_use=version.pk == template.published_id,
        older=bool(template.published and version.number < template.published.number),
        before=_side_name(published, None),
        problems=problems,
        differences=differences(_words(template, published), _words(template, str(version.number))),
    )
    return TemplateResponse(request, "admin/mailcenter/template/publish.html", context)


@require_POST
def default_view(request: HttpRequest, pk: int, *, model_admin: TemplateAdmin) -> HttpResponse:
    """Back to the built-in words. The versions stay, so the way back is open."""
    template: Template = model_admin.row_or_refuse(request, pk)
    if not model_admin.may(request, "publish_template"):
        raise PermissionDenied
    with transaction.atomic():
        changed = editing.back_to_default(template, operator(request))
        if changed:
            record(request, template, _("went back to the built-in words"))
    if changed:
        said = _("The built-in words are in use from now on.")
        model_admin.message_user(request, said, messages.SUCCESS)
    else:
        said = _("The built-in words were in use already.")
        model_admin.message_user(request, said, messages.WARNING)
    return redirect("admin:mailcenter_template_change", template.pk)


def _publish(
    request: HttpRequest, model_admin: TemplateAdmin, version: TemplateVersion
) -> HttpResponse:
    number = {"number": version.number}
    with transaction.atomic():
        changed = editing.publish(version, operator(request))
        if changed:
            record(request, version.template, _("published version %(number)d") % number)
    if changed:
        said = _("Version %(number)d is in use from now on.") % number
        model_admin.message_user(request, said, messages.SUCCESS)
    else:
        said = _("Version %(number)d was in use already.") % number
        model_admin.message_user(request, said, messages.WARNING)
    return redirect("admin:mailcenter_template_change", version.template_id)


def _version_or_refuse(
    request: HttpRequest, pk: int, model_admin: TemplateAdmin
) -> TemplateVersion:
    """Raises PermissionDenied before it looks, then Http404."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    return get_object_or_404(TemplateVersion.objects.select_related("template"), pk=pk)


def _may_publish(
    request: HttpRequest, model_admin: TemplateAdmin, version: TemplateVersion
) -> bool:
    in_use = version.pk == version.template.published_id
    return not in_use and model_admin.may(request, "publish_template")


def _side(asked: str, sides: list[str], otherwise: str) -> str:
    return asked if asked in sides else otherwise


def _side_name(side: str, published: int | None) -> str:
    """published: number of the version to call the one in use."""
    if side == BUILT_IN:
        return _("built-in words")
    words = template_display.version_words(int(side))
    if published == int(side):
        return _("%(version)s, in use") % {"version": words}
    return words


def _words(template: Template, side: str) -> Words:
    if side == BUILT_IN:
        return Words(template_form.built_in(template))
    version = template.versions.get(number=int(side))
    return Words(version.parts, logo_of(version))
