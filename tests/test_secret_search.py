"""The search that test_no_secret_remains relies on would find a secret if there were one."""

from __future__ import annotations

import base64
import html
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache

from mailcenter.models import Content, Message
from tests.factories import MessageFactory
from tests.secret_search import dump, remains

CANARY = "Mg:1xUTlX:canary+<never>/sent-anywhere"


def in_the_text() -> None:
    shown = {"headers": [], "text": f"Open {CANARY} now", "html": "", "attachments": []}
    Content.objects.update(redacted=shown)


def in_the_subject() -> None:
    Message.objects.update(subject=f"Open {CANARY}")


def in_unsealed_bytes() -> None:
    Content.objects.update(sealed=base64.encodebytes(f"Some words before. {CANARY}".encode()))


def in_compressed_bytes() -> None:
    Content.objects.update(sealed=zlib.compress(CANARY.encode()))


def in_a_session() -> None:
    session = SessionStore()
    session["next"] = CANARY * 20
    session.save()


def in_the_cache() -> None:
    cache.set("limit", CANARY)


@pytest.fixture
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (in_the_text, "mailcenter_content.redacted"),
        (in_the_subject, "mailcenter_message.subject"),
        (in_unsealed_bytes, "mailcenter_content.sealed"),
        (in_compressed_bytes, "mailcenter_content.sealed"),
        (in_a_session, "django_session.session_data"),
        (in_the_cache, "mailcenter_cache.value"),
    ],
)
def test_the_search_finds_what_is_planted(
    plant: Callable[[], None], place: str, empty_cache: None, settings: Any
) -> None:
    settings.SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
    MessageFactory()
    assert not remains({"canary": CANARY}, dump())
    plant()
    assert remains({"canary": CANARY}, dump()) == {f"canary in {place}"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_the_search_sees_through_each_disguise(before: str) -> None:
    for disguised in (
        CANARY,
        html.escape(CANARY),
        quote(CANARY, safe=""),
        base64.b64encode(f"{before}{CANARY}{before}".encode()).decode(),
        base64.urlsafe_b64encode(f"{before}{CANARY}".encode()).decode(),
    ):
        found = remains({"canary": CANARY}, [("here", f"{before} {disguised} and more".encode())])
        assert found == {"canary in here"}, disguised
