"""The kind of a mail decides what is in it, what is secret, how long it is of use, what resending
means.

An app registers its kinds in its ``ready()``; docs/own-mail.md shows how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from mailcenter import conf
from mailcenter.templating import Case, Contract, Variable

if TYPE_CHECKING:
    from mailcenter.models import Message

NORMAL = 5


@dataclass(frozen=True)
class Kind:
    """slug: what ``Message.kind`` holds.

    variables: what its templates may use. Empty: it has no templates.
    cases: the shapes in which it comes; empty: one, with every variable.
    lifetime: after this the mail's link or code is dead, and the mail is not sent any more. Its
        templates may say so with ``valid_for``.
    send_fresh: sends a new mail with a new secret in place of the given one, or raises
        ResendRefused with the reason. None: the same bytes are sent again.
    check_fresh: raises what send_fresh would raise, and sends nothing.
    for_user: what a preview for a chosen user shows instead of the samples; never a secret.
    once_more: when nobody can tell whether the mail arrived, one more is sent and marked as
        a possible duplicate; otherwise an operator decides.
    priority: the lower one leaves first; below NORMAL somebody is waiting for it.
    """

    slug: str
    label: str | Promise
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()
    lifetime: Callable[[], timedelta] | None = None
    send_fresh: Callable[[Message], None] | None = None
    check_fresh: Callable[[Message], object] | None = None
    for_user: Callable[[AbstractBaseUser], Mapping[str, Any]] | None = None
    once_more: bool = False
    priority: int = NORMAL

    @cached_property
    def contract(self) -> Contract:
        """Its variables and those that every mail has."""
        variables = self.variables
        if self.lifetime:
            lifetime = self.lifetime
            variables += (
                Variable(
                    "valid_for",
                    _("how long the link or code works"),
                    lambda: in_words(lifetime()),
                ),
            )
        return complete(variables, self.cases)

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the variables that open an account; the log never holds them."""
        return frozenset(variable.name for variable in self.variables if variable.secret)


def in_words(lifetime: timedelta) -> str:
    """Such as "10 minutes", in the active language."""
    now = timezone.now()
    return timesince(now, now + lifetime)


def complete(
    variables: tuple[Variable, ...], cases: tuple[Case, ...], *, whole_document: bool = False
) -> Contract:
    """With what every template may use besides, in each of its cases.

    Raises ValueError, for developers, where no template could keep the contract.
    """
    everywhere = (
        Variable("site_url", _("address of the site"), lambda: conf.get("SITE_URL")),
        Variable("language", _("language of the mail"), get_language),
    )
    always = {variable.name for variable in everywhere} | (
        {"valid_for"} & {variable.name for variable in variables}
    )
    every = (*variables, *everywhere)
    names = frozenset(variable.name for variable in every)
    _check(every, cases)
    given = tuple(
        Case(case.slug, case.label, case.variables | always, case.values) for case in cases
    )
    return Contract(every, given or (Case("sample", _("sample"), names),), whole_document)


def _check(variables: tuple[Variable, ...], cases: tuple[Case, ...]) -> None:
    names = [variable.name for variable in variables]
    for name in names:
        if not name.isidentifier() or name.startswith("_") or names.count(name) > 1:
            raise ValueError(f"{name!r} can't be the name of a variable, or there are two of it.")
    for case in cases:
        if unknown := (case.variables | set(case.values)) - set(names) - {"valid_for"}:
            raise ValueError(f"The case {case.slug!r} names no variable: {sorted(unknown)}.")


_registry: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add ``kind``, or put it in the place of the one with its slug.

    Raises ValueError where its variables and cases don't fit together.
    """
    _ = kind.contract
    _registry[kind.slug] = kind


def get(slug: str) -> Kind:
    """The kind of that slug; an unregistered slug (its app is gone) is treated as "other"."""
    return _registry.get(slug, _registry["other"])


def choices() -> list[tuple[str, str | Promise]]:
    return [(kind.slug, kind.label) for kind in _registry.values()]


def with_templates() -> list[Kind]:
    """Those whose mails are written from templates."""
    return [kind for kind in _registry.values() if kind.variables]


# Mail that no flow tagged may carry anything.
register(Kind("other", _("other")))
register(Kind("system", _("system"), priority=8))
# An operator's look at a template; it holds samples alone.
register(Kind("template_test", _("test of a template"), priority=1))
