"""Where the words of a mail come from: the published version, else the built-in file.

The reader's language first, then the site's, then English: each with its version, then its file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import F
from django.template import TemplateDoesNotExist, engines
from django.template.backends.django import DjangoTemplates

from mailcenter.models import Template, TemplateVersion
from mailcenter.templating import Parts

FALLBACK_LANGUAGE = "en"
_CODE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,3}")
# What another process publishes, or changes in a file, is in use here after so long (seconds).
# Without it each sign-up would ask database and disk for words that change once a month.
FRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Logo:
    content: bytes
    mime_type: str


@dataclass(frozen=True)
class Source:
    """language: of the words. version: where a row's are used instead of the built-in ones."""

    parts: Parts
    language: str
    version: TemplateVersion | None = None

    @property
    def logo(self) -> Logo | None:
        if self.version and self.version.logo:
            return Logo(bytes(self.version.logo), self.version.logo_type)
        return None


def candidates(slug: str, language: str) -> Iterator[Source]:
    """The best first. Where a published version fails, the next one takes its place."""
    known = _fresh()
    for code in _languages(language):
        if version := known.published.get((slug, code)):
            yield Source(version.parts, code, version)
        if (slug, code) not in known.built_in:
            known.built_in[slug, code] = built_in(slug, code)
        if source := known.built_in[slug, code]:
            yield source


def in_use(slug: str, language: str) -> Source:
    """What a mail in that language is written from. Raises TemplateDoesNotExist."""
    for source in candidates(slug, language):
        return source
    raise TemplateDoesNotExist(f"mail/{slug} in {', '.join(_languages(language))}")


def built_in(slug: str, language: str) -> Source | None:
    """The files of exactly that language."""
    folder = f"mail/{slug}/{language}"
    try:
        text, html = _file(f"{folder}/body.txt"), _file(f"{folder}/body.html")
        subject = "" if slug == Template.LAYOUT else _file(f"{folder}/subject.txt")
    except TemplateDoesNotExist:
        return None
    return Source(Parts(subject.rstrip("\n"), text, html), language)


def forget() -> None:
    """Look again at what is published: it has just changed."""
    global _known
    _known = None


@dataclass
class _Known:
    """What was read, by slug and language. at: seconds of the monotonic clock."""

    at: float
    published: dict[tuple[str, str], TemplateVersion]
    # Filled as they are asked for; None: there are none. A third of a mail's time without it.
    built_in: dict[tuple[str, str], Source | None] = field(default_factory=dict)


# Replaced as a whole: another thread must not find new words with the old time.
_known: _Known | None = None


def _fresh() -> _Known:
    global _known
    known = _known
    if known is None or time.monotonic() - known.at >= FRESH_SECONDS:
        versions = TemplateVersion.objects.filter(template__published=F("pk"))
        found = versions.select_related("template")
        published = {(v.template.slug, v.template.language): v for v in found}
        _known = known = _Known(time.monotonic(), published)
    return known


def _languages(language: str) -> list[str]:
    """ "zh-hant-hk", "zh-hant", "zh", the site's, English; each once."""
    codes = []
    # What is no code is no name of a folder either.
    code = language.lower() if _CODE.fullmatch(language) else ""
    while code:
        codes.append(code)
        code = code.rpartition("-")[0]
    return list(dict.fromkeys([*codes, settings.LANGUAGE_CODE, FALLBACK_LANGUAGE]))


def _file(name: str) -> str:
    """From where the site's own templates lie, and not compiled by its engine: ours does that."""
    for backend in engines.all():
        if isinstance(backend, DjangoTemplates):
            for loader in backend.engine.template_loaders:
                for origin in loader.get_template_sources(name):
                    with suppress(TemplateDoesNotExist):
                        return str(origin.loader.get_contents(origin))  # type: ignore[union-attr]
    raise TemplateDoesNotExist(name)
