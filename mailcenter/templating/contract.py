"""What keeps a template from being saved, with the place of each problem."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from mailcenter.templating import engine, html_rules, markup, showing, text_rules
from mailcenter.templating.engine import FailedAt
from mailcenter.templating.masked import Masked
from mailcenter.templating.names import NameReader, shapes
from mailcenter.templating.syntax import place
from mailcenter.templating.tokens import MOST_FAULTS, Fault
from mailcenter.templating.variables import Case, Contract, Parts
from mailcenter.templating.wording import say

PARTS = ("subject", "text", "html")
LONGEST_SUBJECT = 200
_LINE_BREAK = re.compile("[\r\n\u2028\u2029]")


@dataclass(frozen=True)
class Problem:
    """part: "subject", "text", "html" or "logo". line, column: from 1; None: not known.
    sentence: in the language that was active when it was found.
    """

    part: str
    line: int | None
    column: int | None
    sentence: str

    def __str__(self) -> str:
        names = {"subject": _("subject"), "text": _("text"), "html": _("HTML"), "logo": _("logo")}
        values = {
            "part": names[self.part],
            "line": self.line,
            "column": self.column,
            "sentence": self.sentence,
        }
        if self.line is None:
            return _("%(part)s: %(sentence)s") % values
        return _("%(part)s, line %(line)d, column %(column)d: %(sentence)s") % values


def problems(parts: Parts, contract: Contract, language: str) -> list[Problem]:
    """[] where these parts may be saved for mails in ``language``.

    What can't be read is not rendered: one mistake shouldn't be told twice.
    """
    with translation.override(language):
        variables = shapes(contract)
    guarded = _guarded(contract)
    found: list[Problem] = []
    shown: dict[str, set[str]] = {}
    for part in PARTS:
        source = getattr(parts, part)
        reader = NameReader(source, variables, guarded)
        faults = reader.read()
        if part == "subject":
            faults = _one_line(source) or faults
        elif part == "text" and not faults:
            masked = Masked(source)
            found_here = text_rules.faults(masked, masked.html, guarded=guarded)
            faults = list(islice(found_here, MOST_FAULTS))
        elif part == "html" and not faults:
            faults = html_rules.faults(
                source,
                guarded=guarded,
                given=reader.given,
                whole_document=contract.whole_document,
            )
        found += [Problem(part, *place(source, f.position), str(f.sentence)) for f in faults]
        shown[part] = reader.shown
    return found or _of_what_is_shown(parts, contract, language, shown)


def missing(rendered: Parts, values: Mapping[str, Any], contract: Contract) -> list[str]:
    """Names of the required texts that have a value which the text or the HTML doesn't show.

    Numbers and dates may be written in many ways, so nothing is said of them.
    """
    html = markup.unescape(rendered.html)
    return [
        name
        for name in sorted(contract.required)
        if isinstance(value := values.get(name), str | Promise)
        and (wanted := str(value))
        and not (
            _stands(wanted, rendered.text)
            and (_stands(wanted, html) or _stands(wanted, rendered.html))
        )
    ]


def _stands(wanted: str, text: str) -> bool:
    # An HTML parser changes line breaks, and the ends of a part are stripped.
    return wanted in text or " ".join(wanted.split()) in " ".join(text.split())


def gives_away(redacted: Parts, mask: str, site_url: str) -> bool:
    """Whether a secret, masked here, is part of a link to somewhere else.

    Sources are looked at too; but a tag may come to an address in one mail alone.
    """
    html = markup.read(redacted.html).text if mask in redacted.html else ""
    return any(text_rules.gives_away(text, mask, site_url) for text in (redacted.text, html))


def _guarded(contract: Contract) -> frozenset[str]:
    """Names that are secret, or hold what is: the layout's, in which the mail comes along."""
    held = {"body", "preheader", "subject"} if contract.whole_document else frozenset()
    return contract.secrets | (held & contract.names)


def _one_line(subject: str) -> list[Fault]:
    # The file's last line ends in one.
    if match := _LINE_BREAK.search(subject.removesuffix("\n")):
        return [Fault(match.start(), say(gettext_noop("A subject is one line.")))]
    return []


def _of_what_is_shown(
    parts: Parts, contract: Contract, language: str, shown: Mapping[str, set[str]]
) -> list[Problem]:
    """Case by case; what is wrong in each of them is said once."""
    cases = contract.cases or (Case("", "", contract.names),)
    by_case = [
        list(dict.fromkeys(_in_case(parts, contract, case, language, shown))) for case in cases
    ]
    everywhere = [problem for problem in by_case[0] if all(problem in each for each in by_case)]
    found = list(everywhere)
    for case, each in zip(cases, by_case, strict=True):
        for problem in each:
            if problem not in everywhere:
                sentence = _("In the case “%(case)s”: %(sentence)s") % {
                    "case": case.label,
                    "sentence": problem.sentence,
                }
                found.append(replace(problem, sentence=sentence))
    return found


def _in_case(
    parts: Parts, contract: Contract, case: Case, language: str, shown: Mapping[str, set[str]]
) -> Iterator[Problem]:
    with translation.override(language):
        samples = contract.samples(case)
        guarded = _guarded(contract)
        marked = showing.marked(samples, contract.required | guarded)
        mail, failures = _rendered(parts, samples)
        # Not again: it would fail alike.
        told, _failures = (mail, []) if failures else _rendered(parts, marked)
    if failures:
        for part, failure in failures:
            at = failure.position
            line, column = (None, None) if at is None else place(getattr(parts, part), at)
            yield Problem(part, line, column, str(failure))
        return
    found = [*_empty(mail, contract), *_written(contract, case, samples, shown)]
    faults = html_rules.rendered_faults(mail.html, whole_document=contract.whole_document)
    found += [("html", fault.sentence) for fault in faults]
    found += [("html", sentence) for sentence in showing.dishonest_links(mail.html)]
    found += showing.shortcomings(told, marked, contract, case)
    found += _given_away(told, marked, guarded)
    for part, sentence in found:
        yield Problem(part, None, None, str(sentence))


def _rendered(parts: Parts, values: Mapping[str, Any]) -> tuple[Parts, list[tuple[str, FailedAt]]]:
    """The mail, and of each part that failed why and where."""
    sources = {part: getattr(parts, part) for part in PARTS}
    done, failures = dict.fromkeys(PARTS, ""), []
    for part, source in sources.items():
        try:
            done[part] = engine.render(source, values, html=part == "html")
        except FailedAt as error:
            failures.append((part, error))
    return Parts(**done), failures


def _given_away(
    told: Parts, marked: Mapping[str, Any], guarded: Collection[str]
) -> Iterator[tuple[str, Promise]]:
    site_url = str(marked.get("site_url", ""))
    shown = {"text": told.text, "html": markup.read(told.html).text}
    for name in sorted(guarded):
        value = marked[name]
        for part, text in shown.items():
            if value and isinstance(value, str) and text_rules.gives_away(text, value, site_url):
                yield part, text_rules.exposed(name)


def _empty(mail: Parts, contract: Contract) -> Iterator[tuple[str, Promise]]:
    subject = " ".join(mail.subject.split())
    if not contract.whole_document:
        if not subject:
            yield "subject", say(gettext_noop("The subject is empty."))
        if len(subject) > LONGEST_SUBJECT:
            yield (
                "subject",
                say(
                    gettext_noop("The subject is longer than %(limit)d characters."),
                    limit=LONGEST_SUBJECT,
                ),
            )
    if not mail.text.strip():
        yield "text", say(gettext_noop("The text is empty."))
    if not markup.read(mail.html).text.strip():
        yield "html", say(gettext_noop("The HTML shows nothing."))


def _written(
    contract: Contract, case: Case, samples: Mapping[str, Any], shown: Mapping[str, set[str]]
) -> Iterator[tuple[str, Promise]]:
    """Of a number or a date only this is known: whether the template writes it at all."""
    for name in sorted(contract.required & case.variables):
        if isinstance(samples[name], str) or samples[name] is None:
            continue
        for part in ("text", "html"):
            if name not in shown[part]:
                yield part, showing.lacks(name)
