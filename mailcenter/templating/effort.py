"""What one rendering may cost, whatever the template asks for."""

from __future__ import annotations

from typing import Any

from django.template import Context
from django.template.base import Node
from django.utils.translation import gettext_noop as _

from mailcenter.exceptions import TemplateFailed
from mailcenter.templating.wording import say

MOST_STEPS = 1000
LARGEST_OUTPUT = 2**20
# Each look-up and each filter costs what it handles, and at least this.
LEAST = 50
MOST_CHARACTERS = 4 * 2**20


class Effort:
    """Counts for all loops and expressions of one rendering together."""

    def __init__(self) -> None:
        self.steps = 0
        self.characters = 0

    def step(self) -> None:
        """One turn of a loop. Raises TemplateFailed."""
        self.steps += 1
        self.check()

    def handle(self, value: Any) -> None:
        """``value`` was looked up, made or written. Raises TemplateFailed."""
        self.characters += max(LEAST, len(value) if isinstance(value, str) else 0)
        self.check()

    def format(self, form: Any) -> None:
        """Each letter of a date's format is work of its own. Raises TemplateFailed."""
        self.characters += LEAST * len(str(form))
        self.check()

    def check(self) -> None:
        """Raises TemplateFailed; once too much, always too much.

        An ``{% if %}`` swallows the errors of its condition, so it is asked again at the end.
        """
        if self.steps > MOST_STEPS:
            raise TemplateFailed(
                say(_("Its loops take more than %(limit)d steps together."), limit=MOST_STEPS)
            )
        if self.characters > MOST_CHARACTERS:
            raise TemplateFailed(say(_("It takes too much work to render.")))


def check_size(characters: int) -> None:
    """Raises TemplateFailed."""
    if characters > LARGEST_OUTPUT:
        raise TemplateFailed(
            say(_("It renders to more than %(limit)d KiB."), limit=LARGEST_OUTPUT // 1024)
        )


class CountedContext(Context):
    """The values of one rendering, what it has cost so far, and which tag it has come to."""

    def __init__(self, values: dict[str, Any], *, autoescape: bool) -> None:
        super().__init__(values, autoescape=autoescape)
        self.effort = Effort()
        self.position: int | None = None

    def come_to(self, tag: Node) -> None:
        self.position = tag.token.position[0] if tag.token and tag.token.position else None
