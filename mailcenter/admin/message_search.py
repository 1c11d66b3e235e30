"""What is typed into the search box of the messages: `to:ann@qq.com status:failed` and words.

Every look-up goes by an index, or looks through no more than the newest messages: a search must
not become slower with the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone, translation
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.encoding import punycode
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from mailcenter import kinds
from mailcenter.admin.several_filters import without_their_indexes
from mailcenter.models import Message, Recipient

# Through so many of the newest messages it looks for words.
NEWEST = 10_000
# More mails than that to one address are not gathered one by one.
FEW = 2_000
# Each costs a query.
MOST_ADDRESSES = 5

# key:value, key："value", “some words”, word
TERM = re.compile(
    r"""(?:(?P<key>[^\W\d_]+)(?P<colon>[:：]))?
        (?: ["“](?P<quoted>[^"“”]*)["”] | (?P<bare>[^\s"“”]\S*) )""",
    re.VERBOSE,
)
# As they are typed, in either language.
KEYS = {
    "to": ("to", "收件人"),
    "status": ("status", "状态"),
    "code": ("code", "代码", "回复码"),
    "kind": ("kind", "类型"),
    "before": ("before", "早于"),
    "after": ("after", "晚于"),
    "msgid": ("msgid",),
}
ONCE = {"status", "code", "kind"}
BY_WORD = {word: key for key, words in KEYS.items() for word in words}


class BadTermError(Exception):
    """Its text is a sentence for whoever typed it."""


@dataclass
class Search:
    """terms: key of KEYS, or "" for words, -> what was asked for, each as its column holds it.

    problem: a sentence where the search can't be understood: it finds nothing then, lest an
    action on all that it found hit everything. notes: what ``narrow`` left out, in sentences.
    few: it left so few rows that their keys can be read at once.
    """

    terms: dict[str, list[Any]] = field(default_factory=dict)
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    few: bool = False

    def narrow(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        """Of these the ones that were asked for. Of several addresses, either."""
        if self.problem:
            return rows.none()
        self.notes.clear()
        self.few = False
        rows = rows.filter(self._dates())
        for key, column in (("status", "status"), ("code", "last_reply_code"), ("kind", "kind")):
            if values := self.terms.get(key):
                # One alone: with several no index gives the rows in order.
                rows = rows.filter(**{column: values[0]})
        if names := self.terms.get("msgid"):
            rows = rows.filter(message_id__in=_as_written(names))
        for condition in self._conditions():
            rows = rows.filter(condition)
        return without_their_indexes(rows) if self.few else rows

    def _dates(self) -> Q:
        before, after = self.terms.get("before"), self.terms.get("after")
        return (Q(created_at__lt=min(before)) if before else Q()) & (
            Q(created_at__gte=max(after)) if after else Q()
        )

    def _conditions(self) -> Iterator[Q]:
        if prefixes := self.terms.get("to"):
            yield self._sent_to(prefixes)
        words = self.terms.get("", [])
        texts = []
        for word in words:
            if "@" in word:
                yield self._address_or_name(word)
            elif (uuid := _uuid(word)) is not None:
                yield Q(uuid=uuid)
            else:
                texts.append(word)
        if len(words) == 1 and texts:
            yield self._subject_or_address(texts[0])
        elif texts:
            yield self._newest() & _all(Q(subject__icontains=text) for text in texts)

    def _sent_to(self, prefixes: list[str]) -> Q:
        found: set[int] = set()
        common = []
        for prefix in prefixes:
            keys = _few(_to(prefix).values_list("message", flat=True))
            if keys is None:
                common.append(prefix)
            else:
                found |= keys
        if not common:
            return self._among(found)
        self._note_common(common[0])
        return self._newest() & (Q(pk__in=found) | _any(map(_goes_to, common)))

    def _address_or_name(self, word: str) -> Q:
        prefix = prefix_of(word)
        named = Message.objects.filter(message_id__in=_as_written([word])).order_by()
        keys = _few(_to(prefix).values_list("message").union(named.values_list("pk")))
        if keys is not None:
            return self._among(keys)
        self._note_common(prefix)
        return self._newest() & _goes_to(prefix)

    def _subject_or_address(self, word: str) -> Q:
        prefix = prefix_of(word)
        newest = self._newest()
        in_subject = Q(subject__icontains=word) & newest
        subjects = _few(Message.objects.filter(in_subject).values_list("pk", flat=True))
        addressed = _few(_to(prefix).values_list("message", flat=True))
        if subjects is None:
            if addressed != set():
                self.notes.append(
                    _("Many subjects hold “%(word)s”; for addresses write to:%(word)s.")
                    % {"word": word}
                )
            return in_subject
        if addressed is None:
            self._note_common(prefix)
            return newest & (Q(pk__in=subjects) | _goes_to(prefix))
        return self._among(subjects | addressed)

    def _among(self, keys: set[int]) -> Q:
        self.few = True
        return Q(pk__in=keys)

    def _note_common(self, prefix: str) -> None:
        self.notes.append(
            _(
                "More than %(few)s mails went to addresses that begin with “%(words)s”: only "
                "the newest %(newest)s messages are looked through. Type more of the "
                "address, or add a day: %(example)s."
            )
            % {
                "few": f"{FEW:,}",
                "words": prefix,
                "newest": f"{NEWEST:,}",
                "example": _before(),
            }
        )

    def _newest(self) -> Q:
        """Those that are looked through; with `before:`, the newest before that day."""
        moments = Message.objects.filter(self._dates()).order_by("-created_at")
        oldest = moments.values_list("created_at", flat=True)[NEWEST : NEWEST + 1].first()
        return self._dates() & (Q(created_at__gt=oldest) if oldest else Q())


def _few(keys: QuerySet[Any, Any]) -> set[int] | None:
    """None: there are too many of them."""
    found = [key[0] if isinstance(key, tuple) else key for key in keys[: FEW + 1]]
    return set(found) if len(found) <= FEW else None


def _to(prefix: str) -> QuerySet[Recipient]:
    return Recipient.objects.beginning_with(prefix)


def _goes_to(prefix: str) -> Q:
    return Q(Exists(_to(prefix).filter(message=OuterRef("pk"))))


def parse(text: str) -> Search:
    search = Search()
    try:
        for key, value in _terms(text):
            if key in ONCE and key in search.terms:
                raise BadTermError(_("“%(key)s:” can stand there once.") % {"key": key})
            search.terms.setdefault(key, []).append(_MEANINGS[key](value))
        looked_up = [*search.terms.get("to", []), *_addresses(search.terms.get("", []))]
        if len(looked_up) > MOST_ADDRESSES:
            raise BadTermError(_("Look for %(most)d addresses at most.") % {"most": MOST_ADDRESSES})
    except BadTermError as bad:
        search.problem = str(bad)
    return search


def examples() -> list[tuple[str, str]]:
    """What can be typed, and what it finds."""
    return [
        ("to:ann@qq.com", _("the recipient")),
        ("to:ann@", _("recipients that begin so, at whatever provider")),
        (_("status:failed"), _("the status, in either language")),
        ("code:550", _("the code of the last reply")),
        ("kind:password_reset", _("the kind of mail")),
        (_before(), _("queued before that day began")),
        (_before().replace("before", "after"), _("queued on that day or later")),
        ("msgid:20261101.1@qq.com", _("the Message-ID, with or without angle brackets")),
        (
            _("“your account”"),
            _(
                "words of the subject, in the newest %(newest)s messages, or the newest before "
                "a day that is given; a single word may also begin an address, and one with an @ "
                "is an address or a Message-ID"
            )
            % {"newest": f"{NEWEST:,}"},
        ),
    ]


def _before() -> str:
    return f"before:{timezone.localdate().replace(day=1).isoformat()}"


def _terms(text: str) -> Iterator[tuple[str, str]]:
    for match in TERM.finditer(text):
        typed, bare = match["key"], match["bare"]
        key = BY_WORD.get((typed or "").casefold(), "")
        value = match["quoted"] if bare is None else bare
        if typed and not key and match["colon"] == ":":
            raise BadTermError(
                _(
                    "“%(key)s:” is no key of this search; there are %(keys)s. Put words with a "
                    "colon in quotes."
                )
                % {"key": typed, "keys": ", ".join(f"{key}:" for key in KEYS)}
            )
        if typed and not key:
            # A colon of Chinese text.
            value = f"{typed}{match['colon']}{value}"
        empty = typed if key and not value.strip() else _key_alone(bare or "")
        if empty:
            raise BadTermError(_("Write what to look for right after “%(key)s:”.") % {"key": empty})
        if value.strip():
            yield key, value.strip()


def _key_alone(word: str) -> str:
    """The key where nothing follows its colon, or ""."""
    name = word.rstrip(":：")
    return name if name != word and name.casefold() in BY_WORD else ""


def prefix_of(address: str) -> str:
    """As rows hold addresses. Raises BadTermError where it begins with the @."""
    local, at, domain = address.strip("<>").partition("@")
    if at and not local:
        raise BadTermError(
            _("Addresses are looked for by their beginning: write what stands before the @.")
        )
    try:
        return f"{local}{at}{punycode(domain).lower()}"
    except UnicodeError:
        return f"{local}{at}{domain.lower()}"


def _word(value: str) -> str:
    if "@" in value:
        prefix_of(value)
    return value


def _status(value: str) -> str:
    named = _named(value, Message.Status.choices)
    if named is None:
        raise BadTermError(
            _("“%(value)s” is no status; there are %(statuses)s.")
            % {"value": value, "statuses": ", ".join(Message.Status.values)}
        )
    return named


def _kind(value: str) -> str:
    named = _named(value, kinds.choices())
    if named is None:
        raise BadTermError(
            _("“%(value)s” is no kind of mail; there are %(kinds)s.")
            % {"value": value, "kinds": ", ".join(slug for slug, _label in kinds.choices())}
        )
    return named


def _code(value: str) -> int:
    if not re.fullmatch(r"[0-9]{3}", value):
        raise BadTermError(
            _("“%(value)s” is no reply code: it has three digits.") % {"value": value}
        )
    return int(value)


def _moment(value: str) -> datetime:
    try:
        day = parse_date(value)
        at = datetime.combine(day, time.min) if day else parse_datetime(value)
    except ValueError:
        at = None
    if at is None or not 1900 < at.year < 9999:
        raise BadTermError(
            _("“%(value)s” is no day; write it as %(example)s.")
            % {"value": value, "example": timezone.localdate().isoformat()}
        )
    return timezone.make_aware(at) if timezone.is_naive(at) else at


# What the column holds where the search says this. They raise BadTermError.
_MEANINGS: dict[str, Callable[[str], Any]] = {
    "": _word,
    "to": prefix_of,
    "status": _status,
    "code": _code,
    "kind": _kind,
    "before": _moment,
    "after": _moment,
    "msgid": str,
}


def _named(value: str, choices: Iterable[tuple[str, str | Promise]]) -> str | None:
    """The choice of that name; its label counts in every language of the site."""
    wanted = value.casefold()
    choices = list(choices)
    for language in ("", *dict(settings.LANGUAGES)):
        for name, label in choices:
            with translation.override(language or None):
                shown = str(label) if language else name
            if shown.casefold() == wanted:
                return name
    return None


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def _all(conditions: Iterable[Q]) -> Q:
    return reduce(and_, conditions)


def _as_written(names: Iterable[str]) -> list[str]:
    """A Message-ID stands in angle brackets, which few type."""
    return [spelled for name in names for spelled in (name, f"<{name}>")]


def _addresses(words: list[str]) -> list[str]:
    return [word for word in words if "@" in word]


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word) if len(word) in (32, 36) else None
    except ValueError:
        return None
