"""Whoever reads the database or the logs of the site learns nothing that opens an account."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from mailcenter import sealing
from mailcenter.engines.worker import Worker
from mailcenter.models import Content, Message
from tests.flows.conftest import reload_urls
from tests.flows.visitor import NEW_PASSWORD, PASSWORD, log_in, sign_up
from tests.secret_search import dump, remains
from tests.smtp_server import PASSWORD as AUTHORIZATION_CODE
from tests.smtp_server import ScriptedServer

ADDRESS = "new@example.com"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["link", "code"])
def by(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """How addresses are verified and passwords reset."""
    names = ("ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED")
    for name in names:
        setattr(settings, name, request.param == "code")
    reload_urls()
    yield request.param
    for name in names:
        setattr(settings, name, False)
    reload_urls()


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    # They are counted in the cache, which outlives a test.
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def server(send_through: Callable[..., None], settings: Any) -> Iterator[ScriptedServer]:
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    with ScriptedServer() as running:
        send_through(running)
        yield running


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site's own handler writes when every logger is at its most talkative."""
    written = io.StringIO()
    talkers = [logging.getLogger(), logging.getLogger("django")]
    levels = [talker.level for talker in talkers]
    (handler,) = {h for talker in talkers for h in talker.handlers if h.name == "stderr"}
    assert isinstance(handler, logging.StreamHandler)
    stream = handler.setStream(written)
    for talker in talkers:
        talker.setLevel(logging.DEBUG)
    yield written
    handler.setStream(stream)
    for talker, level in zip(talkers, levels, strict=True):
        talker.setLevel(level)


def deliver(server: ScriptedServer) -> str:
    """Send what waits; return the text of the last mail as it went over the wire."""
    Worker().run_once()
    return text_of(server.accepted[-1].raw)


def text_of(raw: bytes) -> str:
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body
    return str(body.get_content())


def secrets_in(text: str, by: str) -> dict[str, str]:
    if by == "code":
        code = re.search(r"^ {4}(\S+)\s*$", text, re.MULTILINE)
        assert code
        return {"code": code[1], "bare code": code[1].replace("-", "")}
    link = re.search(r"https?://\S+/accounts/\S+", text)
    assert link
    key = urlsplit(link[0]).path.rstrip("/").rpartition("/")[2]
    # The signature of a verification key may hold a hyphen; that of a reset key is hexadecimal.
    signature = key.rpartition(":" if ":" in key else "-")[2]
    return {"link": link[0], "key": key, "signature": signature}


def named(prefix: str, secrets: dict[str, str]) -> dict[str, str]:
    return {f"{prefix} {name}": value for name, value in secrets.items()}


class Story:
    """A visitor signs up and resets the password, and the database is read after each step."""

    def __init__(self, by: str, server: ScriptedServer) -> None:
        self.by = by
        self.server = server
        self.visitor = Client()
        self.places: list[tuple[str, bytes]] = []
        self.secrets = {
            "first password": PASSWORD,
            "second password": NEW_PASSWORD,
            "authorization code": AUTHORIZATION_CODE,
        }

    def read_database(self) -> None:
        self.places += dump()

    def sign_up(self) -> None:
        page = sign_up(self.visitor, ADDRESS).headers["Location"]
        self.read_database()
        secrets = secrets_in(deliver(self.server), self.by)
        self.secrets |= named("verification", secrets)
        self.read_database()
        if self.by == "code":
            self.visitor.post(page, {"code": secrets["code"]})
        else:
            self.probe(secrets["link"])
            self.visitor.post(urlsplit(secrets["link"]).path)
            log_in(self.visitor, ADDRESS)
        assert EmailAddress.objects.get().verified
        self.read_database()

    def reset(self) -> None:
        self.visitor.post(reverse("account_logout"))
        response = self.visitor.post(reverse("account_reset_password"), {"email": ADDRESS})
        self.read_database()
        secrets = secrets_in(deliver(self.server), self.by)
        self.secrets |= named("reset", secrets)
        if self.by == "code":
            page = response.headers["Location"]
            response = self.visitor.post(page, {"code": secrets["code"]})
        else:
            self.probe(secrets["link"])
            response = self.visitor.get(urlsplit(secrets["link"]).path)
        self.read_database()
        passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        self.visitor.post(response.headers["Location"], passwords)
        assert get_user_model().objects.get().check_password(NEW_PASSWORD)
        deliver(self.server)
        self.read_database()

    def probe(self, link: str) -> None:
        """A forged POST, and a link with something before it: both are logged with their path."""
        path = urlsplit(link).path
        assert Client(enforce_csrf_checks=True).post(path).status_code == 403
        assert Client().get(f"/elsewhere{path}").status_code == 404


def test_after_sign_up_and_reset_neither_database_nor_log_holds_a_secret(
    by: str, server: ScriptedServer, log: io.StringIO
) -> None:
    story = Story(by, server)
    story.sign_up()
    story.reset()

    assert len(story.secrets) == (7 if by == "code" else 9)
    in_the_database = remains(story.secrets, story.places)
    assert not in_the_database
    assert not Content.objects.filter(secret=True, sealed__isnull=False).exists()
    written = log.getvalue()
    if by == "link":
        assert "Forbidden" in written
        assert "Not Found" in written
    in_the_log = remains(story.secrets, [("the log", written.encode())])
    assert not in_the_log


def test_a_waiting_mail_holds_its_secret_only_under_seal(by: str, server: ScriptedServer) -> None:
    sign_up(Client(), ADDRESS)
    assert Message.objects.get().status == Message.Status.QUEUED
    waiting = list(dump())
    sealed = Content.objects.get().sealed
    assert sealed

    secrets = secrets_in(deliver(server), by)
    in_the_database = remains(secrets, waiting)
    assert not in_the_database
    under_seal = text_of(sealing.unseal(bytes(sealed)))
    assert remains(secrets, [("the mail", under_seal.encode())])
