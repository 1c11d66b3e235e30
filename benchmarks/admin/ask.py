"""Answers for pages, in a process whose environment is a filled site's.

``python -m benchmarks.admin.ask`` prints the pages as one line of JSON. Then, for each path on its
standard input, it prints a line with what one request for it took; see Answer. It ends with its
standard input.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client, RequestFactory


@dataclass(frozen=True)
class Answer:
    """ms: from the request to the last byte of the page, the connection to the database included.

    queries: their statements.
    """

    ms: float
    queries: list[str]


class Site:
    """Asked as a web server asks it: through WSGI and all middleware, by a superuser."""

    def __init__(self, operator: str) -> None:
        self._application = get_wsgi_application()
        browser = Client()
        browser.force_login(get_user_model()._default_manager.get(username=operator))
        cookie = (
            f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
        )
        self._factory = RequestFactory(HTTP_COOKIE=cookie, HTTP_HOST="127.0.0.1")

    def ask(self, path: str) -> Answer:
        """Raises ValueError where it is not answered with a page."""
        statements: list[str] = []
        answered: list[str] = []

        def note(execute: Any, sql: str, *rest: Any) -> Any:
            statements.append(sql)
            return execute(sql, *rest)

        request = self._factory.get(path).environ
        with connection.execute_wrapper(note):
            begun = time.perf_counter()
            body: Any = self._application(request, lambda status, *_rest: answered.append(status))
            with closing(body):
                _read(body)
            took = time.perf_counter() - begun
        if answered != ["200 OK"]:
            raise ValueError(f"{path}: {answered}")
        return Answer(took * 1000, statements)


def _read(body: Iterable[bytes]) -> None:
    for _part in body:
        pass


def main() -> None:
    django.setup()
    from benchmarks.admin.fill import OPERATOR

    # Models can be read from now on alone.
    pages = import_module("benchmarks.admin.pages").pages()
    _say([asdict(page) for page in pages])
    site = Site(OPERATOR)
    for line in sys.stdin:
        _say(asdict(site.ask(line.rstrip("\n"))))


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
