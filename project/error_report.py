"""What Django's error reports may show of the environment, which ``runserver`` puts into META."""

from __future__ import annotations

import re
from typing import Any

from django.views.debug import SafeExceptionReporterFilter

# User and password of a URL (RFC 3986 section 3.2.1), whatever the password holds.
USERINFO = re.compile(r"(?<=://).*(?=@)", re.DOTALL)


class ErrorReportFilter(SafeExceptionReporterFilter):
    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        if isinstance(cleansed, str):
            return USERINFO.sub(self.cleansed_substitute, cleansed)
        return cleansed
