"""Middleware: what is meant for one reader is kept nowhere, and a page loads only from this site.

That no address of a page reaches another request is SECURE_REFERRER_POLICY's part.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)


def private_pages(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if _is_private(request):
            response.headers.setdefault("Cache-Control", "no-store")
        if _is_page(response):
            # The previews of mails have a stricter one.
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return middleware


def _is_private(request: HttpRequest) -> bool:
    # allauth's pages hold addresses, keys and passwords before anybody has logged in.
    match = request.resolver_match
    around_the_log_in = match is not None and (match.url_name or "").startswith("account_")
    return around_the_log_in or request.user.is_authenticated


def _is_page(response: HttpResponseBase) -> bool:
    # Django's own pages about errors, for developers, hold their styles and scripts themselves.
    for_developers = settings.DEBUG and response.status_code in (404, 500)
    return response.headers.get("Content-Type", "").startswith("text/html") and not for_developers
