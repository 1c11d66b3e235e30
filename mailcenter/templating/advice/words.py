"""Words that mail filters have met too often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from mailcenter.templating.advice.finding import Advice, Part
from mailcenter.templating.advice.lists import entries


def look(texts: Mapping[Part, str]) -> Iterator[Advice]:
    """texts: what a reader reads in each part. A word is named once, where it comes first."""
    lowered = {part: " ".join(text.lower().split()) for part, text in texts.items()}
    for word in entries("disliked_words"):
        for part, text in lowered.items():
            if _stands_in(word.lower(), text):
                yield Advice(
                    part,
                    _("Mail filters dislike “%(word)s”; say it in other words.") % {"word": word},
                )
                break


def _stands_in(word: str, text: str) -> bool:
    if word not in text:
        return False
    # Chinese has no spaces between words.
    return not word.isascii() or bool(
        re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text)
    )
