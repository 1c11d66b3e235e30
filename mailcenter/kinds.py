"""The kind of a mail decides what is secret in it, how long it is of use, what resending means.

A flow registers its kinds in its app's ``ready()``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from mailcenter.models import Message

NORMAL = 5


@dataclass(frozen=True)
class Kind:
    """slug: what ``Message.kind`` holds.

    secrets: names of the template variables that open an account; the log never holds them.
    lifetime: after this the mail's link or code is dead, and the mail is not sent any more.
    send_fresh: sends a new mail with a new secret in place of the given one, or raises
        ResendRefused with the reason. None: the same bytes are sent again.
    check_fresh: raises what send_fresh would raise, and sends nothing.
    once_more: when nobody can tell whether the mail arrived, one more is sent and marked as
        a possible duplicate; otherwise an operator decides.
    priority: the lower one leaves first; below NORMAL somebody is waiting for it.
    """

    slug: str
    label: str | Promise
    secrets: frozenset[str] = frozenset()
    lifetime: Callable[[], timedelta] | None = None
    send_fresh: Callable[[Message], None] | None = None
    check_fresh: Callable[[Message], object] | None = None
    once_more: bool = False
    priority: int = NORMAL


_registry: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add ``kind``, or put it in the place of the one with its slug."""
    _registry[kind.slug] = kind


def get(slug: str) -> Kind:
    """The kind of that slug; an unregistered slug (its app is gone) is treated as "other"."""
    return _registry.get(slug, _registry["other"])


def choices() -> list[tuple[str, str | Promise]]:
    return [(kind.slug, kind.label) for kind in _registry.values()]


# Mail that no flow tagged may carry anything.
register(Kind("other", _("other")))
register(Kind("system", _("system"), priority=8))
