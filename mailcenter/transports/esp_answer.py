"""What a delivery service's API answered, in few words and without secrets."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from anymail.backends.base import AnymailBaseBackend
from anymail.message import AnymailMessage
from django.conf import settings
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from mailcenter.replies import Failure, Reply
from mailcenter.sealing import redact
from mailcenter.transports.connection import failure_of

MAX_CHARACTERS = 500
MAX_BYTES = 65_536
SECRET_NAME = re.compile(r"key|token|secret|pass", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s\"'<>]+")
# Where services put words for people. Other fields may repeat the mail.
SPOKEN = frozenset(
    {"code", "description", "detail", "error", "errormessage", "errors", "message", "name"}
    | {"reason", "reject_reason", "title"}
)


@dataclass(frozen=True)
class Answer:
    """code: the HTTP status; None where the client doesn't tell. text: for people."""

    code: int | None
    text: str
    says_no: bool = False

    @property
    def positive(self) -> bool:
        return self.code is None or 200 <= self.code < 300


def read(response: Any, secrets: Iterable[str], remark: str = "") -> Answer:
    """response: of requests, or Amazon's dict. remark: Anymail's, put before the answer."""
    if isinstance(response, requests.Response):
        code, parsed = response.status_code, _parsed(response.content)
        said = " ".join(dict.fromkeys(_spoken(parsed))) if parsed is not None else _page(response)
        said = said or response.reason or ""
    else:
        parsed = response if isinstance(response, dict) else {}
        code = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode")
        said = " ".join(dict.fromkeys(_spoken(parsed)))
    words = " ".join(f"{remark} {said}".split())
    return Answer(code, readable(words, secrets), _says_no(parsed))


def failure(error: BaseException, secrets: Iterable[str]) -> Reply:
    """Why there is no answer; ``error`` is what requests raised."""
    if isinstance(error, ValueError):
        # The address of the API or the key is malformed, and the words may quote it.
        text = _("The service's settings are malformed (%(error)s).")
        text %= {"error": type(error).__name__}
        return Reply(None, text, failure=Failure.CREDENTIALS)
    for cause in _causes(error):
        # Those of requests are OSErrors too, but name no errno.
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
            text = readable(str(cause), secrets)
            return Reply(None, text, failure=failure_of(cause))
    return Reply(None, type(error).__name__, failure=Failure.PROTOCOL)


def readable(text: str, secrets: Iterable[str]) -> str:
    """Without ``secrets``, addresses of machines and control characters; shortened."""
    raw = redact(text, secrets).encode(errors="replace")
    return Reply.parse(0, raw).text[:MAX_CHARACTERS]


def secrets_of(backend: AnymailBaseBackend, message: AnymailMessage) -> list[str]:
    """The service's keys, and the links in the mail: an API may repeat what it was given."""
    known = [getattr(settings, "ANYMAIL", {}), vars(backend)]
    texts = [message.body, *(content for content, _type in message.alternatives)]
    links = {link for text in texts for link in LINK.findall(f"{text} {html.unescape(text)}")}
    return [*(value for values in known for value in _secret_values(values)), *links]


def _secret_values(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _secret_values(value)
        elif isinstance(value, str) and SECRET_NAME.search(name):
            yield value


def _parsed(content: bytes) -> Any:
    """None where it is no JSON."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _says_no(parsed: Any) -> bool:
    """Postal gives the status 200 to everything, and its answer in the JSON."""
    return isinstance(parsed, dict) and parsed.get("status") in ("error", "parameter-error")


def _spoken(value: Any, wanted: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _spoken(inner, wanted or str(name).lower() in SPOKEN)
    elif isinstance(value, list):
        for inner in value:
            yield from _spoken(inner, wanted)
    elif isinstance(value, str) and wanted:
        yield value


def _page(response: requests.Response) -> str:
    return strip_tags(Reply.parse(0, response.content[:MAX_BYTES]).text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Itself and what it wraps; requests and urllib3 keep that in arguments."""
    yield error
    for inner in (error.__cause__, getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            yield from _causes(inner)
