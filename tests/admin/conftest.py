from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.mail import EmailMessage
from django.test import Client

from mailcenter import kinds, outbox
from mailcenter.exceptions import ResendRefused
from mailcenter.freezing import freeze
from mailcenter.kinds import Kind
from mailcenter.models import Message
from mailcenter.rendering import Rendered
from mailcenter.transports import environment_account
from tests.factories import SuperuserFactory, a_secret

ASK_THE_VISITOR = "Ask the visitor for a new code."


@pytest.fixture(autouse=True)
def _no_content_type_of_another_test() -> None:
    """Django keeps them for the process: the first page of each test reads them again."""
    ContentType.objects.clear_cache()


@pytest.fixture
def superuser() -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(SuperuserFactory(username="wang"))
    return browser


@pytest.fixture
def register_kind(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kind], None]:
    return lambda kind: monkeypatch.setitem(kinds._registry, kind.slug, kind)


@pytest.fixture
def link_kind(register_kind: Callable[[Kind], None]) -> str:
    """A kind that an operator can send anew; its flow queues one row."""

    def send_fresh(message: Message) -> None:
        mail = EmailMessage("Fresh", "new link", to=[message.recipients.get().address])
        frozen = freeze(mail, environment_account())
        assert frozen
        shown = Rendered("Fresh", "••••••", "")
        outbox.store(frozen, outbox.Tag("link", redacted=shown))

    register_kind(Kind("link", "link", a_secret("key"), send_fresh=send_fresh))
    return "link"


@pytest.fixture
def code_kind(register_kind: Callable[[Kind], None]) -> str:
    """A kind that only the visitor can ask for again."""

    def refuse(message: Message) -> None:
        raise ResendRefused(ASK_THE_VISITOR)

    register_kind(
        Kind(
            "code",
            "code",
            a_secret("code"),
            send_fresh=refuse,
            check_fresh=refuse,
        )
    )
    return "code"
