"""Keys in paths never reach a log: whoever reads one could take over the account."""

from __future__ import annotations

import logging
import re

from mailcenter.sealing import MASK

# The paths of allauth's confirmation and reset links; percent-encoded where they follow a "next=".
# The practice inbox is opened by a token in the query.
KEY = re.compile(
    r"((?:confirm-email|password(?:/|%2F)+reset(?:/|%2F)+key)(?:/|%2F)+(?!done\b)|[?&]token=)"
    r"[^/\s?&\"'<>]+",
    re.IGNORECASE,
)


class MaskKeys(logging.Filter):
    """For handlers of django, django.request, django.security and gunicorn's loggers."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = KEY.sub(rf"\1{MASK}", text)
        if masked != text:
            record.msg, record.args = masked, None
            # AdminEmailHandler would print the path of the request again.
            record.__dict__.pop("request", None)
        return True
