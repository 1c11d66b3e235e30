"""What the page of one template shows: what is in use, what it may say, and how it came to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.template import TemplateDoesNotExist
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailcenter.admin import template_display
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts, sources
from mailcenter.templating import Variable


@dataclass(frozen=True)
class Named:
    """A variable as the page shows it. tag: what is written into a template."""

    tag: str
    variable: Variable
    sample: str
    cases: str


@dataclass(frozen=True)
class Saved:
    version: TemplateVersion
    author: str
    in_use: bool


@dataclass(frozen=True)
class Event:
    at: Any
    what: str
    who: str


def describe(template: Any) -> dict[str, Any]:
    """template: from ``template_display.with_state``."""
    return {
        "chip": template_display.chip(template),
        "mail": template_display.label(template.slug),
        "language_name": template_display.language(template.language),
        "failing": template.failing,
        "unpublished": template_display.unpublished(template),
        "built_in_words": _built_in_words(template),
        "registered": template.slug in dict(contracts.slugs()),
        "variables": list(variables(template)),
        "cases": contracts.of(template.slug).cases,
        "versions": list(_versions(template)),
        "events": list(_events(template)),
    }


def variables(template: Template) -> Iterator[Named]:
    contract = contracts.of(template.slug)
    with translation.override(template.language):
        samples: dict[str, Any] = {}
        for case in contract.cases:
            given = contract.samples(case)
            samples |= {name: given[name] for name in case.variables if name in given}
    several = len(contract.cases) > 1
    for variable in contract.variables:
        labels = [str(case.label) for case in contract.cases if variable.name in case.variables]
        everywhere = len(labels) == len(contract.cases)
        yield Named(
            tag=f"{{{{ {variable.name} }}}}",
            variable=variable,
            sample=str(samples.get(variable.name, "")),
            cases=" · ".join(labels) if several and not everywhere else "",
        )


def _versions(template: Template) -> Iterator[Saved]:
    """Newest first."""
    for version in template.versions.defer("subject", "text", "html", "logo"):
        yield Saved(
            version,
            template_display.author(version.author_name),
            version.pk == template.published_id,
        )


def _events(template: Template) -> Iterator[Event]:
    """Newest first."""
    shown = ("at", "user_name", "version__number", "template")
    for event in template.events.select_related("version").only(*shown):
        what = _("back to the built-in words")
        if event.version:
            what = _("version %(number)d published") % {"number": event.version.number}
        yield Event(event.at, what, template_display.author(event.user_name))


def _built_in_words(template: Template) -> str | SafeString:
    """Where the built-in words are those of another language, or missing; else ""."""
    if template.published_id or sources.built_in(template.slug, template.language):
        return ""
    try:
        source = sources.in_use(template.slug, template.language)
    except TemplateDoesNotExist:
        return _("There are no built-in words: until a version is published, no mail can be sent.")
    return _("There are none in this language, so those in %(language)s are used.") % {
        "language": template_display.language(source.language)
    }
