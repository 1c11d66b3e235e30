"""A subject that is cut off or looks like advertising."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.utils.translation import gettext as _

from mailcenter.templating.advice.finding import Advice

# In columns; a Chinese character takes two.
WIDEST = 60
SHOUTED_LETTERS = 6
EXCLAMATION = re.compile("[!！]")


def look(subject: str) -> Iterator[Advice]:
    if (width := columns(subject)) > WIDEST:
        sentence = _(
            "The subject is %(width)s columns wide (a Chinese character counts as two); lists of"
            " mail show about %(widest)s, so shorten it."
        )
        yield Advice("subject", sentence % {"width": width, "widest": WIDEST})
    letters = [letter for letter in subject if letter.lower() != letter.upper()]
    if len(letters) >= SHOUTED_LETTERS and all(letter.isupper() for letter in letters):
        yield Advice(
            "subject", _("The subject is in capitals alone; write it as any other sentence.")
        )
    if len(EXCLAMATION.findall(subject)) > 1:
        yield Advice("subject", _("The subject has several exclamation marks; keep one at most."))


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
