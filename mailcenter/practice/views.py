"""The practice inbox: whoever holds the token, and staff, may read what the site sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from mailcenter import harmless, practice, sealing
from mailcenter.practice import inbox as maildir
from mailcenter.practice.scenarios import SCENARIOS

COOKIE = "practice_inbox"

# Only characters of RFC 3986, so that Chinese punctuation ends a link; the last one isn't a mark.
LINK = re.compile(r"https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]*[\w/=&#%\-~]", re.ASCII)

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """404 unless the practice server is in use; 403 without the token, unless staff."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not practice.configured():
            raise Http404
        given = request.GET.get("token")
        if given is not None and secrets.compare_digest(given.encode(), maildir.token().encode()):
            # The token leaves the address bar, the history and the Referer header. Not kept in
            # the session, which a log-out ends.
            response = redirect(request.path)
            response.set_signed_cookie(COOKIE, _proof(), httponly=True, samesite="Lax")
            return response
        if not (_is_staff(request) or _has_cookie(request)):
            return render(request, "practice/forbidden.html", status=403)
        return view(request, *args, **kwargs)

    return cache_control(no_store=True)(wrapper)


@guarded
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    mails = maildir.newest(practice.folder())
    return render(request, "practice/inbox.html", {"mails": mails, "most": maildir.NEWEST})


@guarded
@require_safe
def recipients(request: HttpRequest) -> HttpResponse:
    return render(request, "practice/recipients.html", {"scenarios": SCENARIOS.values()})


@guarded
@require_safe
def mail(request: HttpRequest, key: str) -> HttpResponse:
    found = _find(key)
    return render(
        request, "practice/mail.html", {"mail": found, "text": _linked(found.opened.text)}
    )


@guarded
@xframe_options_sameorigin
@require_safe
def html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part on its own, for the sandboxed frame of the mail's page."""
    opened = _find(key).opened
    return harmless.response(opened.html, opened.images)


def _has_cookie(request: HttpRequest) -> bool:
    return request.get_signed_cookie(COOKIE, default="") == _proof()


def _proof() -> str:
    """That somebody held the token, without telling it."""
    return sealing.digest(maildir.token())


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_staff


def _find(key: str) -> maildir.Mail:
    found = maildir.find(practice.folder(), key)
    if found is None:
        raise Http404
    return found


def _linked(text: str) -> SafeString:
    """``text`` escaped, its http and https addresses made into links."""
    pieces: list[str] = []
    end = 0
    for link in LINK.finditer(text):
        pieces.append(escape(text[end : link.start()]))
        pieces.append(format_html('<a href="{0}" rel="noreferrer">{0}</a>', link.group()))
        end = link.end()
    pieces.append(escape(text[end:]))
    return mark_safe("".join(pieces))  # noqa: S308
