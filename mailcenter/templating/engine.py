"""Renders templates that are not trusted: no loaders, few tags, bounded work.

render("Hello {{ name }}", {"name": "Ann"}, html=False)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.template import Engine, Template
from django.template.base import NodeList
from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.exceptions import TemplateFailed
from mailcenter.templating import parsing, syntax
from mailcenter.templating.effort import CountedContext, check_size
from mailcenter.templating.wording import say


class _Isolated(Engine):
    default_builtins = []


class _Compiled(Template):
    def compile_nodelist(self) -> NodeList:
        self.extra_data: dict[str, Any] = {}
        return parsing.parser(self.source).parse()


# debug would put the source into the exceptions, and look for their place in it each time.
_ENGINE = _Isolated(loaders=[], debug=False)


class FailedAt(TemplateFailed):
    """position: of the tag, in characters from the beginning of the source; None: not known."""

    def __init__(self, sentence: Promise, position: int | None) -> None:
        super().__init__(sentence)
        self.position = position


@sensitive_variables()
def render(source: str, values: Mapping[str, Any], *, html: bool) -> str:
    """``source`` with ``values``: plain ones, and lists and dicts of these.

    html: escape the values. A name without a value renders as "". In the active language.
    Raises FailedAt, whose text holds no value.
    """
    context = CountedContext(dict(values), autoescape=html)
    try:
        rendered = _compiled(source).render(context)
        context.position = None
        context.effort.check()
        check_size(len(rendered))
    except TemplateFailed as error:
        sentence = error.args[0]
    except Exception as error:
        # Its text may hold a value.
        sentence = say(
            _("It can't be rendered with these values (%(error)s)."), error=type(error).__name__
        )
    else:
        # Plain: what is safe as HTML is for the caller to say.
        return "".join([rendered])
    # Outside of the handlers: the first error would come along as the context of this one.
    raise FailedAt(sentence, context.position)


@lru_cache(maxsize=128)
def _compiled(source: str) -> Template:
    """Raises TemplateFailed."""
    for fault in syntax.Reader(source).read():
        line, column = syntax.place(source, fault.position)
        raise TemplateFailed(
            say(
                _("line %(line)d, column %(column)d: %(sentence)s"),
                line=line,
                column=column,
                sentence=fault.sentence,
            )
        )
    return _Compiled(source, engine=_ENGINE)
