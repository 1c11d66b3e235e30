"""What each template may use and must show: a kind's contract, and the layout's."""

from __future__ import annotations

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailcenter import kinds
from mailcenter.models import Template
from mailcenter.templating import Contract, Variable

LAYOUT = kinds.complete(
    (
        Variable(
            "body",
            gettext_lazy("the mail itself"),
            lambda: mark_safe("<p>{}</p>".format(_("The mail itself."))),  # noqa: S308
            required=True,
        ),
        Variable("subject", gettext_lazy("subject of the mail"), lambda: _("Subject")),
        Variable(
            "preheader",
            gettext_lazy("what lists of mails show after the subject: the code, or how it begins"),
            "BCDF-GHJK",
        ),
    ),
    (),
    whole_document=True,
)


def of(slug: str) -> Contract:
    """Of an unknown slug: that of mail without templates, which allows no variable of its own."""
    return LAYOUT if slug == Template.LAYOUT else kinds.get(slug).contract


def slugs() -> list[tuple[str, str | Promise]]:
    """Each that has templates, and its name: the layout first."""
    named = [(kind.slug, kind.label) for kind in kinds.with_templates()]
    return [(Template.LAYOUT, gettext_lazy("layout of all mails")), *named]


def languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]
