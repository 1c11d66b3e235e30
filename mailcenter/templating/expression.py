"""``name.key|filter:"argument"``, looked up without running anybody's code."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import (
    FilterExpression,
    Variable,
    VariableNode,
    render_value_in_context,
)
from django.utils.functional import Promise
from django.utils.safestring import SafeData, SafeString, mark_safe
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]
from django.utils.translation import gettext_noop as _

from mailcenter.exceptions import TemplateFailed
from mailcenter.templating.effort import CountedContext
from mailcenter.templating.wording import say

MOST_FILTERS = 10

# datetime is a date, bool an int, SafeString a str.
_PLAIN = (str, int, float, Decimal, date, time, timedelta, type(None))
_NESTED = (list, tuple, dict)
# Any other filter would write a list as Python does.
_FOR_LISTS = {"default", "default_if_none", "first", "last", "length", "pluralize", "yesno"}
_MISSING = object()


class Refused(TemplateSyntaxError):  # noqa: N818
    """sentence: what is wrong, for whoever wrote the template."""

    def __init__(self, sentence: Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Expression(FilterExpression):
    """What ``parser.compile_filter`` returns in this engine.

    Django's own look-up reads attributes and calls what is callable. This one knows keys of
    dicts and indexes of lists alone, and what it finds must be a plain value by its type:
    ``isinstance`` would ask a lazy object for its class, which runs the function behind it.
    """

    def __init__(self, token: str, parser: Any) -> None:
        """Raises TemplateSyntaxError; Refused where there is a sentence."""
        super().__init__(token, parser)
        if len(self.filters) > MOST_FILTERS:
            raise Refused(say(_("More than %(limit)d filters in a row."), limit=MOST_FILTERS))
        if isinstance(self.var, SafeString):
            self.var = _unsafe(self.var)
        constants = [arg for _func, args in self.filters for is_name, arg in args if not is_name]
        if any(isinstance(constant, Promise) for constant in (self.var, *constants)):
            raise Refused(say(_("“_()” can't be used here: write the words as they are.")))

    @staticmethod
    def args_check(name: str, func: Any, provided: Any) -> bool:
        try:
            return bool(FilterExpression.args_check(name, func, provided))
        except TemplateSyntaxError:
            raise Refused(
                say(_("The filter “%(name)s” is given too few or too many values."), name=name)
            ) from None

    @property
    def names(self) -> list[tuple[str, ...]]:
        """The paths of the variables in it: its own first, then its filters' arguments."""
        used = [self.var, *(arg for _func, args in self.filters for is_name, arg in args)]
        return [tuple(v.lookups) for v in used if isinstance(v, Variable) and v.lookups]

    # The signature is Django's.
    def resolve(self, context: CountedContext, ignore_failures: bool = False) -> Any:  # type: ignore[override]
        """Raises TemplateFailed, or what a filter raises."""
        value = _value(self.var, context)
        if value is _MISSING:
            value = None if ignore_failures else ""
        context.effort.handle(value)
        for function, args in self.filters:
            given = [
                ("" if found is _MISSING else found)
                for found in (
                    _value(arg, context) if is_name else _unsafe(arg) for is_name, arg in args
                )
            ]
            if isinstance(value, _NESTED) and function.__name__ not in _FOR_LISTS:
                raise TemplateFailed(_several(self.token))
            if getattr(function, "expects_localtime", False):
                value = template_localtime(value, context.use_tz)
                for form in given:
                    context.effort.format(form)
            if getattr(function, "needs_autoescape", False):
                result = function(value, *given, autoescape=context.autoescape)
            else:
                result = function(value, *given)
            if getattr(function, "is_safe", False) and isinstance(value, SafeData):
                result = mark_safe(result)  # noqa: S308 - as Django does
            value = _plain(result, self.token)
            context.effort.handle(value)
        return value


class Shown(VariableNode):
    """``{{ … }}``"""

    def render(self, context: CountedContext) -> str:  # type: ignore[override]
        """Raises TemplateFailed."""
        context.come_to(self)
        value = self.filter_expression.resolve(context)
        if isinstance(value, _NESTED):
            raise TemplateFailed(_several(self.filter_expression.token))
        written = render_value_in_context(value, context)
        context.effort.handle(written)
        return written


def _several(name: str) -> Promise:
    return say(
        _("“%(name)s” has several values in it: write one of them, or use a loop."), name=name
    )


def _value(variable: Any, context: CountedContext) -> Any:
    """The value, or _MISSING. Raises TemplateFailed where it is no plain value."""
    if not isinstance(variable, Variable):
        return variable
    if variable.lookups is None:
        return variable.literal
    first, *rest = variable.lookups
    value: Any = context.get(first, _MISSING)
    for key in rest:
        if issubclass(type(value), dict):
            value = dict.get(value, key, _MISSING)
        elif issubclass(type(value), list | tuple) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _MISSING
    return value if value is _MISSING else _plain(value, str(variable.var))


def _unsafe(constant: str) -> str:
    """Escaped like any value. Django takes constants for HTML, and then ``{{ "<script>" }}``
    would be a tag that nobody sees in the source."""
    return "".join([constant])


def _plain(value: Any, name: str) -> Any:
    """Raises TemplateFailed."""
    kind = type(value)
    if issubclass(kind, Promise):
        return _unsafe(str(value))
    if not issubclass(kind, _PLAIN + _NESTED):
        raise TemplateFailed(
            say(_("“%(name)s” is neither text, number, date nor list."), name=name)
        )
    return value
