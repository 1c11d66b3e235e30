"""The catalogue's page: what each reply means, how often it was met, and which nobody knows yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from mailcenter.admin import display
from mailcenter.admin.read_only import refuse_nul
from mailcenter.models import Attempt
from mailcenter.replies import CATALOG, CATCH_ALL, Entry, VerdictClass
from mailcenter.replies.entry import Words
from mailcenter.replies.families import ANY_SERVER, FAMILIES, speakers
from mailcenter.replies.reply import ENHANCED_CODE
from mailcenter.replies.rule_in_words import rule
from mailcenter.replies.sources import source

if TYPE_CHECKING:
    from mailcenter.admin.attempts import AttemptAdmin

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
# How many texts that nobody knows are looked at, and how many kinds of them are shown.
MOST_TEXTS, MOST_UNKNOWN = 1000, 100
# Queue ids, times and links differ from reply to reply, while an enhanced code tells replies
# apart. ASCII, because Chinese words stand beside a figure without a space.
CHANGING = re.compile(r"(?<![!-~])(?![245]\.[0-9]{1,3}\.[0-9]{1,3}(?![!-~]))[!-~]*[0-9][!-~]*")
ANY = "any"


@dataclass(frozen=True)
class Met:
    """week, month: how often within the last 7 and 30 days. newest: the key of an Attempt."""

    week: int = 0
    month: int = 0
    newest: int | None = None


@dataclass(frozen=True)
class Phrase:
    """chip: its class, with the mark of what comes next; rule: that in words.

    whose: who says so. met: how often.
    """

    entry: Entry
    chip: SafeString
    rule: Words
    whose: Words
    met: Met

    @property
    def source(self) -> Words:
        return source(self.entry)

    @property
    def patterns(self) -> list[str]:
        """Regular expressions for the code, the enhanced code and the text, as far as given."""
        return [p for p in (self.entry.code, self.entry.enhanced, self.entry.text) if p]


@dataclass(frozen=True)
class Unknown:
    """One kind of reply; code and text are the newest's. code: None: none came."""

    code: int | None
    text: str
    met: Met


def _by_class(phrase: Phrase) -> int:
    return list(VerdictClass).index(phrase.entry.verdict_class)


# What is equal stays in the catalogue's order.
ORDERS: dict[str, Callable[[Phrase], int]] = {
    "month": lambda phrase: -phrase.met.month,
    "week": lambda phrase: -phrase.met.week,
    "class": _by_class,
}


class Question(forms.Form):
    """What is looked for; a value that makes no sense counts as not given."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"size": 40}),
    )
    verdict = forms.ChoiceField(label=gettext_lazy("Meaning"), required=False)
    whose = forms.ChoiceField(label=gettext_lazy("Whose words"), required=False)
    order = forms.ChoiceField(
        required=False, choices=[(name, name) for name in ORDERS], widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = ("", _("All"))
        fields: dict[str, Any] = self.fields
        fields["verdict"].choices = [everything, *VerdictClass.choices]
        families = {**FAMILIES, ANY: ANY_SERVER}
        fields["whose"].choices = [everything, *((k, str(v)) for k, v in families.items())]

    def asked(self, name: str) -> str:
        self.is_valid()
        value: str = self.cleaned_data.get(name, "")
        return value

    def wants(self, entry: Entry) -> bool:
        verdict, whose = self.asked("verdict"), self.asked("whose")
        return (
            verdict in ("", entry.verdict_class)
            and (not whose or whose in (entry.speakers or (ANY,)))
            and _tells_of(entry, self.asked("q"))
        )


@require_safe
def view(request: HttpRequest, model_admin: AttemptAdmin) -> HttpResponse:
    """Raises PermissionDenied for who may not see attempts."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    refuse_nul(*(value for values in request.GET.lists() for value in values[1]))
    question = Question(request.GET)
    order = question.asked("order") or "month"
    entries = Attempt.objects.entries()
    counted = _counted(_explained_by(entries), "catalog_entry")
    met = {row.pop("catalog_entry"): Met(**row) for row in counted}
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": _("Phrasebook of replies"),
        "question": question,
        "order": order,
        "phrases": sorted(_phrases(question, met), key=ORDERS[order]),
        "unknown": _unknown(question.asked("q"), entries),
    }
    return TemplateResponse(request, "admin/mailcenter/phrasebook.html", context)


def _phrases(question: Question, met: dict[str, Met]) -> list[Phrase]:
    return [
        Phrase(entry, _chip(entry), rule(entry), speakers(entry), met.get(entry.slug, Met()))
        for entry in CATALOG.values()
        if question.wants(entry)
    ]


def _unknown(words: str, entries: list[str]) -> list[Unknown]:
    """The most frequent first. Those that differ in figures and ids alone are one kind."""
    unknown = [name for name in entries if name in CATCH_ALL or name not in CATALOG]
    # By key: else SQLite may go through all attempts, in the order of their codes.
    strange = Attempt.objects.filter(pk__in=_explained_by(unknown).values("pk"))
    rows = _counted(strange, "reply_code", "reply_text")
    kinds: dict[tuple[int | None, str], Unknown] = {}
    for row in rows[:MOST_TEXTS]:
        code, text = row.pop("reply_code"), row.pop("reply_text")
        if words.casefold() not in f"{code or ''} {text}".casefold():
            continue
        met, kind = Met(**row), (code, CHANGING.sub("…", text))
        if kind in kinds:
            newer = kinds[kind]
            met = Met(met.week + newer.met.week, met.month + newer.met.month, newer.met.newest)
            text = newer.text
        kinds[kind] = Unknown(code, text, met)
    return sorted(kinds.values(), key=lambda each: -each.met.month)[:MOST_UNKNOWN]


def _explained_by(entries: Collection[str]) -> QuerySet[Attempt]:
    """Within the month; named one by one, as the index has them."""
    since = timezone.now() - MONTH
    named = Attempt.objects.filter(catalog_entry__in=entries, started_at__gte=since)
    return named.exclude(catalog_entry="")


def _counted(attempts: QuerySet[Attempt], *columns: str) -> QuerySet[Attempt, dict[str, Any]]:
    """Each combination of the columns with week, month and newest, last met first."""
    week_ago = timezone.now() - WEEK
    counted: QuerySet[Attempt, dict[str, Any]] = (
        attempts.values(*columns)
        .annotate(
            month=Count("pk"),
            week=Count("pk", filter=Q(started_at__gte=week_ago)),
            # They are numbered as they begin.
            newest=Max("pk"),
        )
        .order_by("-newest")
    )
    return counted


def _tells_of(entry: Entry, words: str) -> bool:
    """Whether the words stand in it, or are a reply that it recognises."""
    said = [entry.slug, entry.text]
    for each in (entry.cause, entry.cure):
        said += [each.zh, each.en]
    return any(words.casefold() in text.casefold() for text in said) or _recognises(entry, words)


def _recognises(entry: Entry, words: str) -> bool:
    """By the text or a code; the first digit alone says too little."""
    if entry.text and re.search(entry.text, words, re.IGNORECASE | re.DOTALL):
        return True
    codes = [found[0] for found in ENHANCED_CODE.finditer(words)]
    if entry.enhanced and any(re.fullmatch(entry.enhanced, code) for code in codes):
        return True
    return "." not in entry.code and re.fullmatch(entry.code, words) is not None


def _chip(entry: Entry) -> SafeString:
    if entry.uncertain:
        look = "uncertain"
    elif entry.account_wide:
        look = "paused"
    else:
        look = "deferred" if entry.retry else "rejected"
    return display.chip(look, entry.verdict_class.label)
