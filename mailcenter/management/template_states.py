"""Which words each mail is written from now, and which were saved for later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max
from django.template import TemplateDoesNotExist
from django.utils.translation import gettext as _

from mailcenter.models import Template
from mailcenter.rendering import contracts, sources
from mailcenter.rendering.sources import Source


@dataclass(frozen=True)
class State:
    """published, newest: numbers of versions. words_of: the language whose words are used.

    failure: why the published version was not used, or "".
    """

    slug: str
    language: str
    published: int | None
    newest: int | None
    words_of: str | None
    failure: str

    def in_words(self) -> str:
        said = self._in_use()
        if (self.newest or 0) <= (self.published or 0):
            return said
        newest = _("version %(number)d is not published") % {"number": self.newest}
        return _("%(state)s; %(newest)s") % {"state": said, "newest": newest}

    def _in_use(self) -> str:
        if self.published and self.failure:
            return _("version %(number)d fails, so the next best words are sent: %(failure)s") % {
                "number": self.published,
                "failure": self.failure,
            }
        if self.published:
            return _("version %(number)d in use") % {"number": self.published}
        if self.words_of == self.language:
            return _("built-in words")
        if self.words_of:
            return _("as in %(language)s") % {"language": self.words_of}
        return _("no words")


def each_state() -> Iterator[State]:
    rows = {
        (row.slug, row.language): row
        for row in Template.objects.select_related("published").annotate(
            newest_number=Max("versions__number")
        )
    }
    for slug, language in each_pair():
        row = rows.get((slug, language))
        source = in_use(slug, language)
        yield State(
            slug,
            language,
            published=row.published.number if row and row.published else None,
            newest=row.newest_number if row else None,
            words_of=source.language if source else None,
            failure=row.failure if row and row.failing else "",
        )


def each_pair() -> Iterator[tuple[str, str]]:
    for slug, _label in contracts.slugs():
        for language in contracts.languages():
            yield slug, language


def in_use(slug: str, language: str) -> Source | None:
    try:
        return sources.in_use(slug, language)
    except TemplateDoesNotExist:
        return None
