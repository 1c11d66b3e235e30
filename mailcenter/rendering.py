"""File templates -> subject, text and HTML, in the common layout.

``templates/mail/<kind>/<language>/`` holds ``subject.txt``, ``body.txt`` and ``body.html``;
they know their variables and Django's built-in tags, and neither load, include nor extend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import css_inline
from django.template import Context, Template, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import get_supported_language_variant
from django.views.decorators.debug import sensitive_variables

from mailcenter import conf, kinds
from mailcenter.sealing import MASK

FALLBACK_LANGUAGE = "en"


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


@sensitive_variables()
def render(kind: str, language: str, context: Mapping[str, Any]) -> Rendered:
    """Raises TemplateDoesNotExist where neither ``language`` nor English has the kind."""
    folder = _folder(kind, language)
    # Where a template asks for a variable that isn't there, Django's debug log prints all of them:
    # a mail holds a link or a code, and its templates ask for both.
    unused = dict.fromkeys(kinds.get(kind).secrets, "")
    values = {"site_url": conf.get("SITE_URL"), "language": language, **unused, **context}
    with translation.override(language):
        subject = " ".join(_render(f"{folder}/subject.txt", values).split())
        text = _render(f"{folder}/body.txt", values).strip()
        body = _render(f"{folder}/body.html", values).strip()
        framed = {**values, "subject": subject}
        html = _render("mail/layout.html", {**framed, "body": mark_safe(body)})  # noqa: S308
        return Rendered(
            subject=subject,
            text=_render("mail/layout.txt", {**framed, "body": text}).strip() + "\n",
            html=css_inline.inline(html, load_remote_stylesheets=False),
        )


def render_redacted(kind: str, language: str, context: Mapping[str, Any]) -> Rendered:
    """The same mail with each secret of its kind masked: what the log may show for ever."""
    secrets = kinds.get(kind).secrets
    return render(kind, language, {k: MASK if k in secrets else v for k, v in context.items()})


def _folder(kind: str, language: str) -> str:
    tried = []
    for candidate in (language, FALLBACK_LANGUAGE):
        try:
            folder = f"mail/{kind}/{get_supported_language_variant(candidate)}"
            get_template(f"{folder}/subject.txt")
        except (LookupError, TemplateDoesNotExist):
            tried.append(candidate)
        else:
            return folder
    raise TemplateDoesNotExist(f"mail/{kind} in {', '.join(tried)}")


def _render(name: str, values: Mapping[str, Any]) -> str:
    template: Template = get_template(name).template  # type: ignore[attr-defined]
    return template.render(Context(dict(values), autoescape=name.endswith(".html")))
