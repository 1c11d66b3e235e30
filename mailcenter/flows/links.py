"""Links for mails: they start with SITE_URL, because a request's Host header can be forged."""

from __future__ import annotations

from django.urls import reverse

from mailcenter import conf


def absolute(view_name: str, **kwargs: str) -> str:
    """The URL of ``view_name`` on SITE_URL. Raises NoReverseMatch."""
    return conf.get("SITE_URL").rstrip("/") + reverse(view_name, kwargs=kwargs)
