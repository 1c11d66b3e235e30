"""What an operator does to a template: a new version, which one is used, back to the built-in."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.exceptions import TemplateFailed, TemplateRefused
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import Logo, contracts, preview, sources
from mailcenter.templating import Parts
from mailcenter.templating import contract as contract_of_parts
from mailcenter.templating.contract import Problem

MOST_LOGO_BYTES = 100 * 1024
# How each type of picture begins; what mail programs show.
MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def problems(template: Template, parts: Parts, logo: Logo | None = None) -> list[Problem]:
    """Why these words can't be saved; [] where they can."""
    contract = contracts.of(template.slug)
    found = contract_of_parts.problems(parts, contract, template.language)
    if logo and (len(logo.content) > MOST_LOGO_BYTES or type_of(logo.content) != logo.mime_type):
        found.append(
            Problem("logo", None, None, _("The logo must be a PNG, JPEG or GIF of at most 100 KB."))
        )
    if logo is None and template.slug == Template.LAYOUT and "cid:logo" in parts.html:
        found.append(
            Problem(
                "html", None, None, _("It shows cid:logo, but there is no logo. Choose a picture.")
            )
        )
    return found or _whole(template, parts, logo)


def type_of(picture: bytes) -> str:
    """Its MIME type, or "" where mail programs would not show it."""
    return next((kind for start, kind in MAGIC.items() if picture.startswith(start)), "")


def save(
    template: Template,
    parts: Parts,
    *,
    author: AbstractBaseUser | None,
    note: str = "",
    logo: Logo | None = None,
) -> TemplateVersion | None:
    """A new version, not in use yet; None where the words are those of the newest one.

    Where there is none, those of the built-in files. Raises TemplateRefused.
    """
    if found := problems(template, parts, logo):
        raise TemplateRefused(found)
    with transaction.atomic():
        # Locked: two who save at once get two numbers.
        Template.objects.select_for_update().get(pk=template.pk)
        newest = template.newest()
        if newest is None:
            source = sources.built_in(template.slug, template.language)
            same = source is not None and source.parts == parts and logo is None
        else:
            same = newest.parts == parts and bytes(newest.logo) == (logo.content if logo else b"")
        if same:
            return None
        number = template.versions.aggregate(last=Max("number"))["last"] or 0
        return TemplateVersion.objects.create(
            template=template,
            number=number + 1,
            subject=parts.subject,
            text=parts.text,
            html=parts.html,
            logo=logo.content if logo else b"",
            logo_type=logo.mime_type if logo else "",
            note=note,
            author_id=author.pk if author else None,
            author_name=author.get_username() if author else "",
        )


def publish(version: TemplateVersion, operator: AbstractBaseUser | None) -> bool:
    """Use it from now on; in other processes within two seconds. False where it is in use."""
    return _use(version.template, version, operator)


def back_to_default(template: Template, operator: AbstractBaseUser | None) -> bool:
    """Use the built-in words from now on. False where they are in use."""
    return _use(template, None, operator)


def _use(
    template: Template, version: TemplateVersion | None, operator: AbstractBaseUser | None
) -> bool:
    changed = template.publish(version, operator)
    sources.forget()
    # What was read inside this transaction may be another's by its end.
    transaction.on_commit(sources.forget)
    return changed


@sensitive_variables()
def _whole(template: Template, parts: Parts, logo: Logo | None) -> list[Problem]:
    """Whether it goes together with what it will stand in."""
    try:
        for case in contracts.of(template.slug).cases:
            preview.unsaved(template.slug, template.language, parts, case, logo=logo)
    except TemplateFailed as failure:
        return [Problem("html", None, None, str(failure))]
    return []
