"""How values look: every colour comes with a mark and a word, every age with its moment."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

# Value of a status or outcome -> colour and mark.
LOOKS = {
    "queued": ("wait", "…"),
    "sending": ("wait", "→"),
    "open": ("wait", "→"),
    "deferred": ("warn", "↻"),
    "interrupted": ("warn", "↯"),
    "uncertain": ("warn", "?"),
    "paused": ("warn", "‖"),
    "sent": ("good", "✓"),
    "accepted": ("good", "✓"),
    "delivered": ("good", "✓"),
    "failed": ("bad", "✕"),
    "rejected": ("bad", "✕"),
    "bounced": ("bad", "↩"),
    "expired": ("quiet", "⊘"),
    "cancelled": ("quiet", "–"),
    "suppressed": ("quiet", "–"),
}
NOTHING = "–"


def chip(value: str, label: str | Promise) -> SafeString:
    colour, mark = LOOKS[value]
    return format_html(
        '<span class="chip chip-{}"><span aria-hidden="true">{}</span> {}</span>',
        colour,
        mark,
        label,
    )


def label(row: Model, field: str) -> str:
    """As ``get_…_display()``, which translates all choices of the field for each row."""
    value = getattr(row, field)
    return str(_labels(type(row), field).get(value, value))


@cache
def _labels(model: type[Model], field: str) -> dict[Any, str | Promise]:
    chosen: Any = model._meta.get_field(field)
    return dict(chosen.flatchoices)


def moment(at: datetime) -> str:
    """In the reader's words and time zone."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def age(since: datetime) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        since.isoformat(),
        moment(since),
        timesince(since, depth=1),
    )


def reply(code: int | None, meaning: str | Promise) -> SafeString:
    """The code and a few words of meaning, as far as there are any."""
    if code is None and not meaning:
        return format_html("{}", NOTHING)
    return format_html('<span class="code">{}</span> {}', code or NOTHING, meaning)
