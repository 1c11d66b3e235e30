"""How a template and its versions are named, and what state a template is in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailcenter.admin import display
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import contracts, sources


class State(models.TextChoices):
    """The first that holds. The values sort what needs a look first."""

    FAILING = "1", gettext_lazy("failing")
    NEWER = "2", gettext_lazy("newest version not published")
    IN_USE = "3", gettext_lazy("own version in use")
    BUILT_IN = "4", gettext_lazy("built-in words")


def with_state(rows: QuerySet[Template]) -> QuerySet[Template]:
    """Each with place (in the order of the kinds), state, the newest version's number, author and
    time, and the number of the published one; the words themselves stay in the database."""
    newest = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number")
    slugs = [slug for slug, _label in contracts.slugs()]
    return rows.annotate(
        place=models.Case(
            *(When(slug=slug, then=Value(place)) for place, slug in enumerate(slugs)),
            default=Value(len(slugs)),
        ),
        in_use=F("published__number"),
        newest_number=Subquery(newest.values("number")[:1]),
        newest_author=Subquery(newest.values("author_name")[:1]),
        newest_at=Subquery(newest.values("created_at")[:1]),
    ).annotate(
        state=models.Case(
            When(
                Q(published__isnull=False, failed_version=F("published")),
                Value(State.FAILING.value),
            ),
            When(
                Q(newest_number__gt=F("in_use"))
                | Q(newest_number__isnull=False, in_use__isnull=True),
                Value(State.NEWER.value),
            ),
            When(in_use__isnull=False, then=Value(State.IN_USE.value)),
            default=Value(State.BUILT_IN.value),
        )
    )


def label(slug: str) -> str | Promise:
    """The name of the mail; the slug where no app has registered it any more."""
    return dict(contracts.slugs()).get(slug, slug)


def language(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


def title(template: Template) -> str:
    return _("%(mail)s · %(language)s") % {
        "mail": label(template.slug),
        "language": language(template.language),
    }


def author(name: str) -> str:
    return name or _("on the command line")


def version_words(number: int) -> str:
    return _("version %(number)d") % {"number": number}


def chip(template: Any) -> SafeString:
    """What is in use. template: from ``with_state``."""
    if template.in_use is None:
        own = sources.built_in(template.slug, template.language)
        return display.chip("cancelled", _("built-in words") if own else _("none of its own"))
    words = _("version %(number)d in use") % {"number": template.in_use}
    return display.chip("uncertain" if template.failing else "accepted", words)


def unpublished(template: Any) -> str:
    """Says so where the newest version is not the one in use. template: from ``with_state``."""
    if not template.newest_number or template.newest_number <= (template.in_use or 0):
        return ""
    return _("version %(number)d is not published") % {"number": template.newest_number}


def failing(template: Any) -> SafeString:
    """Since when and why, or "". template: from ``with_state``."""
    if not (template.failing and template.failed_at):
        return SafeString()
    since = display.moment(template.failed_at)
    words = _("failing since %(time)s: %(why)s") % {"time": since, "why": template.failure}
    return format_html('<span aria-hidden="true">⚠</span> {}', words)
