"""A mail from words that nobody has saved yet, with samples for values."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import translation

from mailcenter import kinds
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts, sources
from mailcenter.rendering.composing import Composed, compose_from
from mailcenter.rendering.sources import Logo, Source
from mailcenter.templating import Case, Parts

# What stands in a layout that is looked at.
IN_A_LAYOUT = "login_code"


def unsaved(
    slug: str,
    language: str,
    parts: Parts,
    case: Case,
    *,
    logo: Logo | None = None,
    user: AbstractBaseUser | None = None,
    lenient: bool = False,
) -> Composed:
    """A body in the layout that is in use, or a layout around a mail that is in use.

    case: of the slug's contract. user: whose data take the place of samples; secrets stay samples.
    lenient: also where it lacks what is required, so that its author sees what it has.
    Raises TemplateFailed.
    """
    given = Source(parts, language, _holding(logo))
    if slug == Template.LAYOUT:
        slug = IN_A_LAYOUT
        body, layout = sources.in_use(slug, language), given
        case = contracts.of(slug).cases[0]
    else:
        body, layout = given, sources.in_use(Template.LAYOUT, language)
    kind = kinds.get(slug)
    with translation.override(language):
        values = kind.contract.samples(case)
        if user is not None and kind.for_user:
            values |= {
                name: value
                for name, value in kind.for_user(user).items()
                if name in case.variables - kind.secrets
            }
    contract = kind.contract
    if lenient:
        variables = tuple(replace(each, required=False) for each in contract.variables)
        contract = replace(contract, variables=variables)
    return compose_from(body, layout, contract, values)


def _holding(logo: Logo | None) -> TemplateVersion | None:
    return TemplateVersion(logo=logo.content, logo_type=logo.mime_type) if logo else None
