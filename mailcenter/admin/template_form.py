"""What stands in the editor, saved or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.template import TemplateDoesNotExist
from django.utils.translation import gettext_lazy as _

from mailcenter import editing, kinds
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import Logo, contracts, sources
from mailcenter.templating import Case, Parts

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Draft:
    """case: in which it is looked at. user: whom, as typed, or "" for the samples."""

    parts: Parts
    logo: Logo | None
    case: Case
    user: str = ""


class TemplateForm(forms.Form):
    """base: number of the version that was edited; 0: the built-in words."""

    subject = forms.CharField(label=_("Subject"), required=False, strip=False)
    text = forms.CharField(label=_("Text"), required=False, strip=False)
    html = forms.CharField(label="HTML", required=False, strip=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_('PNG, JPEG or GIF of at most 100 KB. The HTML shows it with src="cid:logo".'),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        help_text=_("What has changed, and why; it stands in the list of versions."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    case = forms.ChoiceField(label=_("Case"), required=False)
    user = forms.CharField(
        label=_("User whose data to show"),
        required=False,
        max_length=254,
        help_text=_("E-mail address or user name; links and codes stay samples."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def __init__(
        self,
        template: Template,
        newest: TemplateVersion | None,
        *args: Any,
        may_choose_user: bool,
        **kwargs: Any,
    ) -> None:
        """newest: the template's newest version."""
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.newest = newest
        self.contract = contracts.of(template.slug)
        fields: dict[str, Any] = self.fields
        for name, rows in (("subject", 2), ("text", 14), ("html", 24)):
            attrs = {
                "rows": rows,
                "spellcheck": "false",
                "autocomplete": "off",
                "autocapitalize": "off",
                "class": "source",
                "aria-describedby": f"problems-{name}",
            }
            fields[name].widget = forms.Textarea(attrs)
        fields["case"].choices = [(case.slug, case.label) for case in self.contract.cases]
        if len(self.contract.cases) == 1:
            fields["case"].widget = forms.HiddenInput()
        is_layout = template.slug == Template.LAYOUT
        unsuited = {"subject"} if is_layout else {"logo", "remove_logo"}
        if not (newest and newest.logo):
            unsuited.add("remove_logo")
        if not (may_choose_user and not is_layout and kinds.get(template.slug).for_user):
            unsuited.add("user")
        for name in unsuited:
            del fields[name]

    def rebase(self, newest: TemplateVersion | None) -> None:
        """Save after that version, from now on."""
        self.data = dict(self.data.items()) | {"base": number(newest)}

    def draft(self) -> Draft:
        """Of a valid form."""
        given = self.cleaned_data
        parts = Parts(*(_lf(given.get(name, "")) for name in ("subject", "text", "html")))
        slug = given["case"]
        cases = self.contract.cases
        case = next((case for case in cases if case.slug == slug), cases[0])
        return Draft(parts, self._logo(), case, given.get("user", "").strip())

    def _logo(self) -> Logo | None:
        """The chosen one, else that of the newest version."""
        chosen: UploadedFile | None = self.cleaned_data.get("logo")
        if chosen:
            chosen.seek(0)
            # One byte more than may be, so that what is too large is seen to be.
            content = chosen.read(editing.MOST_LOGO_BYTES + 1)
            return Logo(content, editing.type_of(content) or UNKNOWN_TYPE)
        if self.cleaned_data.get("remove_logo"):
            return None
        return logo_of(self.newest)


def typed(
    request: HttpRequest,
    template: Template,
    newest: TemplateVersion | None,
    *,
    may_choose_user: bool,
) -> TemplateForm:
    """The form as it was posted; its data can be changed."""
    data: QueryDict = request.POST.copy()
    return TemplateForm(template, newest, data, request.FILES, may_choose_user=may_choose_user)


def opened(
    template: Template, newest: TemplateVersion | None, *, may_choose_user: bool
) -> TemplateForm:
    """With the newest version, else the built-in words, as if they had been typed."""
    draft = start(template, newest)
    data = {
        "subject": draft.parts.subject,
        "text": draft.parts.text,
        "html": draft.parts.html,
        "base": number(newest),
        "case": draft.case.slug,
    }
    return TemplateForm(template, newest, data, may_choose_user=may_choose_user)


def start(template: Template, newest: TemplateVersion | None) -> Draft:
    """What editing begins with."""
    first = contracts.of(template.slug).cases[0]
    if newest:
        return Draft(newest.parts, logo_of(newest), first)
    return Draft(built_in(template), None, first)


def built_in(template: Template) -> Parts:
    """The built-in words; where this language has none, those that are used in their place."""
    source = sources.built_in(template.slug, template.language)
    try:
        return (source or sources.in_use(template.slug, template.language)).parts
    except TemplateDoesNotExist:
        return Parts("", "", "")


def logo_of(version: TemplateVersion | None) -> Logo | None:
    if version and version.logo:
        return Logo(bytes(version.logo), version.logo_type)
    return None


def number(version: TemplateVersion | None) -> int:
    return version.number if version else 0


def _lf(text: str) -> str:
    """Browsers send CRLF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
