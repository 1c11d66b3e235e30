"""Templates and values -> a mail, ready to be frozen."""

from mailcenter.rendering.composing import Composed, Rendered, compose
from mailcenter.rendering.sources import FALLBACK_LANGUAGE, Logo

__all__ = ["FALLBACK_LANGUAGE", "Composed", "Logo", "Rendered", "compose"]
