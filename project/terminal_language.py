from __future__ import annotations

import os

from django.utils import translation


def speak_the_terminals_language() -> None:
    """Commands answer in Chinese where the terminal is Chinese, else in English."""
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    translation.activate("zh-hans" if locale.startswith("zh") else "en")
