"""Django's parser with the tags and filters of mails, and nothing of its own."""

from __future__ import annotations

from collections.abc import Callable

from django.template.base import Node, NodeList, Parser, Token, VariableNode
from django.utils.translation import gettext_noop as _

from mailcenter.templating.allowed import register
from mailcenter.templating.expression import Expression, Refused, Shown
from mailcenter.templating.tokens import tokens
from mailcenter.templating.wording import say


class _Parser(Parser):
    def compile_filter(self, token: str) -> Expression:
        return Expression(token, self)

    def find_filter(self, filter_name: str) -> Callable[..., object]:
        if filter_name not in self.filters:
            raise Refused(
                say(
                    _("The filter “%(name)s” is not allowed here. Allowed are: %(allowed)s."),
                    name=filter_name,
                    allowed=", ".join(sorted(self.filters)),
                )
            )
        found: Callable[..., object] = self.filters[filter_name]
        return found

    def extend_nodelist(self, nodelist: NodeList, node: Node, token: Token) -> None:
        if type(node) is VariableNode:
            node = Shown(node.filter_expression)
        super().extend_nodelist(nodelist, node, token)


def parser(source: str = "") -> Parser:
    """For a source in which a Reader found no fault."""
    found = [token for token in tokens(source) if isinstance(token, Token)]
    return _Parser(found, {}, [register])
