"""How mail programs, filters and readers will take a mail: warnings, never refusals.

One check a file: subject, words, links, images, contrast, support (HTML and CSS), size; and what
SpamAssassin says of the whole mail.
"""

from mailcenter.templating.advice.advising import advise
from mailcenter.templating.advice.finding import Advice

__all__ = ["Advice", "advise"]
