"""The tags and filters that a mail template may use. What isn't here doesn't exist for it.

Left out are those that fetch something else (include, load, url), that show the program (debug,
pprint), that undo escaping (safe, autoescape), that make much out of little (ljust, stringformat,
add, join) or out of the clock or chance (now, random), and whatever no mail has needed yet.
"""

from __future__ import annotations

from typing import Any

from django.template import Library, defaultfilters, defaulttags
from django.template.base import Node, NodeList, Parser, Token
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_noop as _

from mailcenter.exceptions import TemplateFailed
from mailcenter.templating.effort import CountedContext, check_size
from mailcenter.templating.expression import Expression
from mailcenter.templating.wording import say

MOST_DECIMALS = 20
LONGEST_FORMAT = 100

register = Library()
register.tag("comment", defaulttags.comment)
register.tag("templatetag", defaulttags.templatetag)

for _name in (
    "capfirst",
    "cut",
    "default",
    "default_if_none",
    "divisibleby",
    "escape",
    "filesizeformat",
    "first",
    "force_escape",
    "last",
    "length",
    "linebreaks",
    "linebreaksbr",
    "lower",
    "pluralize",
    "title",
    "truncatechars",
    "truncatewords",
    "upper",
    "urlencode",
    "yesno",
):
    register.filters[_name] = defaultfilters.register.filters[_name]


class Loop(Node):
    """``{% for %}`` over a list, with the turns of all loops counted together."""

    child_nodelists = ("inside", "otherwise")

    def __init__(
        self,
        names: list[str],
        sequence: Expression,
        inside: NodeList,
        otherwise: NodeList,
        *,
        backwards: bool,
    ) -> None:
        self.names = names
        self.sequence = sequence
        self.inside = inside
        self.otherwise = otherwise
        self.backwards = backwards

    def render(self, context: CountedContext) -> SafeString:  # type: ignore[override]
        """Raises TemplateFailed."""
        context.come_to(self)
        values = self.sequence.resolve(context, ignore_failures=True)
        # "" is what a list is in a case that has none.
        if values in (None, ""):
            values = []
        if not isinstance(values, list | tuple):
            raise TemplateFailed(
                say(_("“%(name)s” is not a list to go through."), name=self.sequence.token)
            )
        if not values:
            return self.otherwise.render(context)
        outer = context.get("forloop", {})
        written: list[str] = []
        size = 0
        for index, item in enumerate(reversed(values) if self.backwards else values):
            context.effort.step()
            turn = {
                "counter": index + 1,
                "counter0": index,
                "revcounter": len(values) - index,
                "revcounter0": len(values) - index - 1,
                "first": index == 0,
                "last": index == len(values) - 1,
                "parentloop": outer,
            }
            with context.push({"forloop": turn, **self._named(item)}):
                for node in self.inside:
                    written.append(str(node.render_annotated(context)))
                    size += len(written[-1])
                    check_size(size)
        return mark_safe("".join(written))  # noqa: S308 - each piece is escaped already

    def _named(self, item: Any) -> dict[str, Any]:
        if len(self.names) == 1:
            return {self.names[0]: item}
        if not isinstance(item, list | tuple) or len(item) != len(self.names):
            raise TemplateFailed(
                say(
                    _("Each entry of “%(name)s” should have %(number)d parts."),
                    name=self.sequence.token,
                    number=len(self.names),
                )
            )
        return dict(zip(self.names, item, strict=True))


class Named(defaulttags.WithNode):
    """``{% with %}`` for any name: Django's stumbles over one called ``self``."""

    def render(self, context: CountedContext) -> SafeString:  # type: ignore[override]
        context.come_to(self)
        values = {name: value.resolve(context) for name, value in self.extra_context.items()}
        with context.push(values):
            return self.nodelist.render(context)


class Asked(defaulttags.IfNode):
    """``{% if %}``"""

    def render(self, context: CountedContext) -> str:  # type: ignore[override]
        context.come_to(self)
        return super().render(context)


@register.tag("if")
def asked(parser: Parser, token: Token) -> Asked:
    return Asked(defaulttags.do_if(parser, token).conditions_nodelists)


@register.tag("with")
def named(parser: Parser, token: Token) -> Named:
    node = defaulttags.do_with(parser, token)
    return Named(None, None, node.nodelist, extra_context=node.extra_context)


@register.tag("for")
def loop(parser: Parser, token: Token) -> Loop:
    node: Any = defaulttags.do_for(parser, token)
    return Loop(
        node.loopvars,
        node.sequence,
        node.nodelist_loop,
        node.nodelist_empty,
        backwards=node.is_reversed,
    )


@register.filter(is_safe=True)
def floatformat(value: Any, places: Any = -1) -> str:
    """Raises TemplateFailed for more than MOST_DECIMALS: Django would write a million."""
    digits = str(places).rstrip("gu")
    if len(digits) > 3 or (digits.lstrip("+-").isdecimal() and abs(int(digits)) > MOST_DECIMALS):
        raise TemplateFailed(
            say(_("“floatformat” writes at most %(limit)d decimals."), limit=MOST_DECIMALS)
        )
    return defaultfilters.floatformat(value, places)


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, form: str | None = None) -> str:
    """Raises TemplateFailed."""
    return defaultfilters.date(value, _checked(form))


@register.filter(expects_localtime=True, is_safe=False)
def time(value: Any, form: str | None = None) -> str:
    """Raises TemplateFailed."""
    return defaultfilters.time(value, _checked(form))


def _checked(form: str | None) -> str | None:
    """One letter can stand for thirty characters."""
    if form is not None and len(form) > LONGEST_FORMAT:
        raise TemplateFailed(
            say(_("The format of a date has at most %(limit)d characters."), limit=LONGEST_FORMAT)
        )
    return form
