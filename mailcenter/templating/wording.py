"""Sentences that are put into the reader's language when they are shown."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext


def say(msgid: str, **values: Any) -> Promise:
    """``msgid`` with its placeholders filled, translated only when it is turned into a str.

    A template is tried in the language of its mail, and who reads what is wrong with it
    may speak another.
    """
    made: Promise = lazy(lambda: gettext(msgid) % values, str)()  # type: ignore[assignment]
    return made
