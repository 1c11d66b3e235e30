"""The editor's page: what stands in the form, what is wrong with it, and the mail that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailcenter import editing, harmless
from mailcenter.admin import template_display, template_preview
from mailcenter.admin.record import own_address
from mailcenter.admin.template_form import Draft, TemplateForm
from mailcenter.admin.template_preview import NoSuchUser, Sight
from mailcenter.exceptions import TemplateFailed
from mailcenter.models import Template, TemplateVersion
from mailcenter.templating.advice import Advice
from mailcenter.templating.contract import Problem

if TYPE_CHECKING:
    from mailcenter.admin.templates import TemplateAdmin

# It holds frames with documents of their own.
HEADERS = {"Content-Security-Policy": harmless.AROUND_A_DOCUMENT}
PARTS = ("subject", "text", "html", "logo")


@dataclass
class Desk:
    """What one request is about. draft: None where the form can't even be read.

    problems: why the words can't be saved. trouble: why they can't be shown.
    meanwhile: the version that somebody else has saved.
    """

    model_admin: TemplateAdmin
    request: HttpRequest
    template: Template
    form: TemplateForm
    draft: Draft | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Advice] = field(default_factory=list)
    trouble: str = ""
    sight: Sight | None = None
    meanwhile: TemplateVersion | None = None

    def read(self) -> Draft | None:
        if self.form.is_valid():
            self.draft = self.form.draft()
        return self.draft

    def look(self) -> None:
        """At what stands in the form."""
        if self.draft is None:
            return
        self.problems = self.problems or editing.problems(
            self.template, self.draft.parts, self.draft.logo
        )
        # What is wrong in a mail is seen best in the mail; a layout that is not checked could be
        # too much for the parser that inlines its CSS.
        if self.problems and self.template.slug == Template.LAYOUT:
            return
        try:
            self.sight = template_preview.look(self.template, self.draft)
            if not self.problems:
                self.warnings = template_preview.warnings(self.template, self.draft)
        except (NoSuchUser, TemplateFailed) as trouble:
            self.trouble = str(trouble)

    def tell(self, said: str, level: int) -> None:
        self.model_admin.message_user(self.request, said, level)


def page(desk: Desk) -> HttpResponse:
    """The editor, or the fragment of it that follows the typing."""
    desk.read()
    desk.look()
    may, request, template = desk.model_admin.may, desk.request, desk.template
    meanwhile = desk.meanwhile
    fields = desk.form.fields
    problems = {
        part: [p for p in desk.problems if p.part == part] for part in PARTS if part in fields
    }
    for part, found in problems.items():
        if found:
            fields[part].widget.attrs["aria-invalid"] = "true"
    based_on = meanwhile.number if meanwhile else desk.form.cleaned_data.get("base", 0)
    context = desk.model_admin.page_context(
        request,
        template,
        title=_("Edit %(template)s") % {"template": template_display.title(template)},
        desk=desk,
        form=desk.form,
        problems=problems,
        meanwhile_by=template_display.author(meanwhile.author_name) if meanwhile else "",
        base=based_on,
        variables=[variable.name for variable in desk.form.contract.variables],
        test_to=own_address(request) if may(request, "test_template") else "",
        may_publish=may(request, "publish_template"),
        may_test=may(request, "test_template"),
        view=request.POST.get("view", "phone"),
        dark="dark" in request.POST,
        sight=desk.sight,
        warnings=[(_part_name(advice.part), advice.sentence) for advice in desk.warnings],
    )
    which = "live" if "fragment" in request.POST else "editor"
    name = f"admin/mailcenter/template/{which}.html"
    return TemplateResponse(request, name, context, headers=HEADERS)


def _part_name(part: str) -> str:
    names = {"subject": _("subject"), "text": _("text"), "html": "HTML", "mail": _("mail")}
    return names[part]
