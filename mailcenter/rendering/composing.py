"""Words and values -> subject, text and HTML in the common layout, once as they are and once as
the log may show them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import css_inline
from django.conf import settings
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.utils import translation
from django.utils.translation import gettext_noop as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import conf, kinds
from mailcenter.exceptions import TemplateFailed
from mailcenter.models import Template, TemplateVersion
from mailcenter.rendering import sources
from mailcenter.rendering.sources import Logo, Source
from mailcenter.sealing import MASK
from mailcenter.templating import Contract, Parts, engine, markup
from mailcenter.templating.contract import gives_away, missing
from mailcenter.templating.wording import say

logger = logging.getLogger(__name__)
T = TypeVar("T")
# So many can't be nested too deep.
FEW_TAGS = 400
# Declarations in style rules squared, by tags: what inlining the CSS costs, in about a nanosecond
# each.
MOST_STYLING = 300_000_000
# Where the layout says {{ body }}: the mail comes in its place, once.
_HERE = secrets.token_hex(16)


@dataclass(frozen=True)
class Rendered(Parts):
    """A whole mail: text and HTML in the layout, CSS inlined."""


@dataclass(frozen=True)
class Composed:
    """redacted: the same mail with each secret of its kind masked; the log may show it for ever.

    language: of the words. The versions: None where the built-in words were used.
    """

    real: Rendered
    redacted: Rendered
    language: str
    template_version_id: int | None = None
    layout_version_id: int | None = None
    logo: Logo | None = None


@dataclass(frozen=True)
class _Bodies:
    """The two without their layout, and what the layout is told."""

    real: Parts
    redacted: Parts
    values: dict[str, Any]
    hidden: dict[str, Any]


@sensitive_variables()
def compose(slug: str, language: str, values: Mapping[str, Any]) -> Composed:
    """A mail of that kind. A published version that fails is noted, and the next best words used.

    Raises TemplateDoesNotExist where no language has the kind, TemplateFailed where the built-in
    words fail.
    """
    contract = kinds.get(slug).contract

    def bodies(source: Source) -> _Bodies:
        return _bodies(source, contract, values)

    body, inner = _first_that_works(sources.candidates(slug, language), bodies)

    def framed(source: Source) -> tuple[Rendered, Rendered]:
        return _framed(source, inner, contract, body.language)

    layouts = sources.candidates(Template.LAYOUT, body.language)
    layout, (real, redacted) = _first_that_works(layouts, framed)
    return Composed(
        real=real,
        redacted=redacted,
        language=body.language,
        template_version_id=body.version.pk if body.version else None,
        layout_version_id=layout.version.pk if layout.version else None,
        logo=layout.logo,
    )


@sensitive_variables()
def compose_from(
    body: Source, layout: Source, contract: Contract, values: Mapping[str, Any]
) -> Composed:
    """From exactly these words, saved or not. Raises TemplateFailed."""
    inner = _bodies(body, contract, values)
    real, redacted = _framed(layout, inner, contract, body.language)
    return Composed(real, redacted, body.language, logo=layout.logo)


def _first_that_works(found: Iterable[Source], use: Callable[[Source], T]) -> tuple[Source, T]:
    for source in found:
        try:
            return source, use(source)
        except TemplateFailed as failure:
            if source.version is None:
                raise
            # For operators, and so not in the reader's language.
            with translation.override(settings.LANGUAGE_CODE):
                why = str(failure)
            logger.error(
                "The mail template %s failed, so other words are sent: %s", source.version, why
            )
            _note(source.version, why)
    raise TemplateDoesNotExist("mail templates")


def _note(version: TemplateVersion, why: str) -> None:
    """For the admin. Neither does a row that is locked hinder the mail, nor does a visitor's
    transaction lock the row."""

    def note() -> None:
        Template.objects.failed(version, why)

    transaction.on_commit(note, robust=True)


@sensitive_variables()
def _bodies(source: Source, contract: Contract, given: Mapping[str, Any]) -> _Bodies:
    """Raises TemplateFailed."""
    with translation.override(source.language):
        values = {
            # A name that is asked for and isn't there would be an entry in Django's debug log,
            # with all values beside it.
            **dict.fromkeys(contract.names, ""),
            **given,
            "site_url": conf.get("SITE_URL"),
            "language": source.language,
        }
        hidden = {
            name: MASK if name in contract.secrets and value not in (None, "") else value
            for name, value in values.items()
        }
        real = _rendered(source.parts, values)
        # Checked when it was saved; but values come that no sample was like.
        if absent := missing(real, values, contract):
            raise TemplateFailed(
                say(_("It does not show in both parts: %(names)s."), names=", ".join(absent))
            )
        _not_too_deep(real.html)
        redacted = _rendered(source.parts, hidden)
        if source.version:
            _keeps_secrets(redacted, values)
        return _Bodies(real, redacted, values, hidden)


def _rendered(parts: Parts, values: Mapping[str, Any]) -> Parts:
    return Parts(
        subject=" ".join(engine.render(parts.subject, values, html=False).split()),
        text=engine.render(parts.text, values, html=False).strip(),
        html=engine.render(parts.html, values, html=True).strip(),
    )


@sensitive_variables()
def _framed(
    layout: Source, inner: _Bodies, contract: Contract, language: str
) -> tuple[Rendered, Rendered]:
    """Raises TemplateFailed."""
    with translation.override(language):
        real = _in_layout(layout, inner.real, inner.values)
        # A row that a hand has changed may have a <style> without end, which swallows the rest.
        if missing(real, inner.values, contract):
            raise TemplateFailed(say(_("The layout does not show the whole mail in both parts.")))
        redacted = _in_layout(layout, inner.redacted, inner.hidden)
        if layout.version:
            _keeps_secrets(redacted, inner.values)
        return real, redacted


def _keeps_secrets(redacted: Parts, values: Mapping[str, Any]) -> None:
    """Raises TemplateFailed. Of what an operator wrote: the site's own files may be trusted."""
    if gives_away(redacted, MASK, values["site_url"]):
        raise TemplateFailed(say(_("It puts a secret into a link that leads elsewhere.")))


@sensitive_variables()
def _in_layout(layout: Source, body: Parts, values: Mapping[str, Any]) -> Rendered:
    outer = {
        "subject": body.subject,
        "preheader": _preheader(body, values),
        "site_url": values["site_url"],
        "language": values["language"],
        "body": _HERE,
    }
    text = _around(engine.render(layout.parts.text, outer, html=False), body.text)
    frame = engine.render(layout.parts.html, outer, html=True)
    _not_too_deep(frame)
    html = _around(frame, body.html)
    styles = html.lower().split("<style")[1:]
    declarations = sum(rules.partition("</style")[0].count(":") for rules in styles)
    if declarations**2 * html.count("<") > MOST_STYLING:
        raise TemplateFailed(say(_("It has too many style rules for a mail of this length.")))
    try:
        inlined = css_inline.inline(html.strip(), load_remote_stylesheets=False)
    except css_inline.InlineError:
        raise TemplateFailed(say(_("The style rules in its HTML can't be read."))) from None
    return Rendered(subject=body.subject, text=text.strip() + "\n", html=inlined)


def _not_too_deep(html: str) -> None:
    """Raises TemplateFailed. Loops multiply what was checked with samples; drafts never were."""
    if html.count("<") > FEW_TAGS and (fault := markup.read(html).fault):
        raise TemplateFailed(fault.sentence)


def _around(frame: str, body: str) -> str:
    """Raises TemplateFailed."""
    pieces = frame.split(_HERE)
    if len(pieces) != 2:
        raise TemplateFailed(say(_("The layout must show {{ body }} once in each part.")))
    return body.join(pieces)


def _preheader(body: Parts, values: Mapping[str, Any]) -> str:
    """The code, so that a telephone's notice shows it; else how the text begins."""
    return str(values.get("code") or body.text.partition("\n")[0])
