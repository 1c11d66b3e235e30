"""What the HTML of a template may hold: text, tables, pictures and honest links."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice

from django.template.base import Token, TokenType
from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from mailcenter.templating import markup, text_rules
from mailcenter.templating.markup import Attribute, Element, Unseen
from mailcenter.templating.masked import Masked, Unmasked, is_masked, plain_name
from mailcenter.templating.text_rules import exposed
from mailcenter.templating.tokens import MOST_FAULTS, Fault
from mailcenter.templating.wording import say

_TEXT_AND_TABLES = """
    a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup
    dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd
    li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup
    table tbody td tfoot th thead time tr tt u ul var wbr
"""
_WITH_ADDRESSES = """
    action background cite classid codebase data dynsrc formaction href longdesc lowsrc manifest
    ping poster profile src srcset usemap xlink:href
"""
ELEMENTS = frozenset(_TEXT_AND_TABLES.split())
OF_A_DOCUMENT = frozenset({"html", "head", "body", "title", "meta", "style"})
ADDRESSES = frozenset(_WITH_ADDRESSES.split())
_SCHEMES = ("https://", "http://", "mailto:", "tel:", "cid:", "#")
# A selector that reads an address, or a font for one letter, tells a stranger's server what a
# secret is made of.
_STYLE_THAT_ACTS = re.compile(
    r"@import|expression\s*\(|(?:java|vb)script:|-moz-binding|behavior:|href|unicode-range"
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.IGNORECASE | re.DOTALL)


def faults(
    source: str, *, guarded: Collection[str], given: Collection[str], whole_document: bool
) -> list[Fault]:
    """guarded: names whose values may stand in text or be a link, and nowhere else.
    given: first names whose values come from the site, not from the template itself.

    The tags are masked, so that each branch of it is looked at, and not the samples' alone.
    """
    found = _Rules(Masked(source), guarded, given, whole_document).faults()
    return sorted(islice(found, MOST_FAULTS), key=lambda fault: fault.position)


def rendered_faults(html: str, *, whole_document: bool) -> list[Fault]:
    """The same for what became of it with values. Positions are those in the rendered HTML."""
    return list(islice(_Rules(Unmasked(html), (), (), whole_document).faults(), MOST_FAULTS))


class _Rules:
    def __init__(
        self,
        masked: Masked,
        guarded: Collection[str],
        given: Collection[str],
        whole_document: bool,
    ) -> None:
        self.masked = masked
        self.guarded = guarded
        self.given = given
        self.allowed = ELEMENTS | OF_A_DOCUMENT if whole_document else ELEMENTS

    def faults(self) -> Iterator[Fault]:
        found = markup.read(self.masked.html)
        for element in found.elements:
            for sentence in self._element(element):
                yield Fault(element.position, sentence)
        for unseen in found.unseen:
            for sentence in self._unseen(unseen):
                yield Fault(unseen.position, sentence)
        yield from text_rules.faults(self.masked, found.text, guarded=self.guarded)
        if found.fault:
            start = found.fault.position
            tag = self.masked.html[start : self.masked.html.find(">", start) + 1]
            yield Fault(start, _between_quotes()) if is_masked(tag) else found.fault

    def _element(self, element: Element) -> Iterator[Promise]:
        if element.tag in OF_A_DOCUMENT - self.allowed:
            yield say(_("“<%(tag)s>” has its place in the layout alone."), tag=element.tag)
        elif element.tag not in self.allowed:
            yield say(_("“<%(tag)s>” is not allowed in a mail."), tag=element.tag)
        for attribute in element.attributes:
            yield from self._attribute(element.tag, attribute)

    def _attribute(self, tag: str, attribute: Attribute) -> Iterator[Promise]:
        name, value = attribute.name, attribute.value
        if is_masked(name) or (is_masked(value) and not attribute.quoted):
            yield _between_quotes()
            return
        if name.startswith("on"):
            yield say(_("“%(name)s” would run a script: it is not allowed."), name=name)
        if name == "ping":
            yield say(
                _("“%(name)s” would tell a stranger of each click: it is not allowed."), name=name
            )
        if tag == "meta" and name == "http-equiv" and value.lower() != "content-type":
            yield say(_("“<%(tag)s>” is not allowed in a mail."), tag="meta http-equiv")
        if name in ADDRESSES:
            yield from self._address(name, value)
        if name == "style":
            yield from _style(value)
        if not _balanced(self.masked.within(value)):
            yield say(
                _("What begins between the quotes of “%(name)s” must end there too."), name=name
            )
        secret = self.masked.named(value, self.guarded)
        if secret and not (tag == "a" and name == "href" and self.masked.leads_home(value)):
            yield exposed(secret.contents)

    def _address(self, name: str, value: str) -> Iterator[Promise]:
        first = next(iter(self.masked.split(value.strip())), "")
        if isinstance(first, Token):
            if plain_name(first).partition(".")[0] in self.given:
                return
        elif first.lower().startswith(_SCHEMES):
            return
        if not value.strip():
            yield say(_("The address in “%(name)s” is empty."), name=name)
            return
        yield say(
            _(
                "The address “%(value)s” in “%(name)s” must begin with https://, http://, "
                "mailto:, tel:, cid:, # or a variable."
            ),
            value=self.masked.written(value)[:60],
            name=name,
        )

    def _unseen(self, unseen: Unseen) -> Iterator[Promise]:
        tags = self.masked.within(unseen.content)
        if unseen.kind == "style":
            yield from _style(unseen.content)
        if any(tag.token_type == TokenType.BLOCK for tag in tags) or (
            tags and unseen.kind == "style"
        ):
            yield say(
                _(
                    "Template tags are not read in style rules, titles and <!-- comments -->: "
                    "take them out, or comment with {# … #}."
                )
            )
        # Nothing asks a server for a title.
        secret = self.masked.named(unseen.content, self.guarded)
        if secret and unseen.kind != "title":
            yield exposed(secret.contents)


def _balanced(tags: list[Token]) -> bool:
    depth = 0
    for tag in tags:
        name = tag.contents.split()[0] if tag.token_type == TokenType.BLOCK else ""
        depth += (name in ("if", "for", "with")) - (name in ("endif", "endfor", "endwith"))
        if depth < 0 or (not depth and name in ("elif", "else", "empty")):
            return False
    return not depth


def _style(rules: str) -> Iterator[Promise]:
    plain = _CSS_ESCAPE.sub(_meant, rules)
    if match := _STYLE_THAT_ACTS.search(plain.lower()):
        yield say(_("“%(rule)s” is not allowed in style rules."), rule=match[0])


def _meant(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else ord(escape[2])
    return chr(code) if code <= 0x10FFFF else "?"


def _between_quotes() -> Promise:
    return say(_("Inside “<…>”, {{ }} and {%% %%} may stand only between the quotes of a value."))
