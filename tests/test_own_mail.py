"""The code of docs/own-mail.md, run as it stands there."""

from __future__ import annotations

import importlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as project_settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.test import RequestFactory
from django.utils import translation

from mailcenter import checks, editing, kinds, sealing
from mailcenter.exceptions import RefusedMessage
from mailcenter.mail import compose, send
from mailcenter.models import MailLanguage, Message, Template
from mailcenter.rendering import sources
from mailcenter.resend import resend
from mailcenter.templating import Parts

pytestmark = pytest.mark.django_db
DOCS = Path(project_settings.BASE_DIR) / "docs"
FILE = re.compile(r"^`([\w/.-]+)`[:：]\n\n((?: {4}.*\n|\n)+)", re.MULTILINE)
ORDER = {
    "number": "A-7",
    "parcel_url": "https://parcel.example/7",
    "items": [{"name": "Tea", "count": 3}],
}


def files(document: str) -> dict[str, str]:
    text = (DOCS / document).read_text()
    return {path: dedent(code).strip() + "\n" for path, code in FILE.findall(text)}


def modules() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == "shop"}


Shop = Callable[[str], ModuleType]


@pytest.fixture
def shop(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The app of the document, registered; called with a module's name, it imports that."""
    for path, code in files("own-mail.md").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)
    (tmp_path / "shop" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path / "templates", *engine["DIRS"]]}]
    monkeypatch.setattr(kinds, "_registry", dict(kinds._registry))
    apps = importlib.import_module("shop.apps")
    apps.ShopConfig("shop", importlib.import_module("shop")).ready()
    yield lambda name: importlib.import_module(f"shop.{name}")
    for name in modules():
        del sys.modules[name]


def test_both_documents_hold_the_same_code() -> None:
    assert files("own-mail.md") == files("own-mail.zh-CN.md")
    assert len(files("own-mail.md")) == 11


def test_three_lines_queue_a_mail(shop: Shop) -> None:
    with translation.override("en"):
        shop("shipping").tell(
            {"email": "ann@example.com", "number": "A-7", "url": "https://p.example"}
        )
    message = Message.objects.get()
    assert (message.kind, message.status, message.language) == ("order_shipped", "queued", "en")
    assert message.subject == "Your order A-7 is on its way"
    assert message.template_version is None
    assert [r.address for r in message.recipients.all()] == ["ann@example.com"]
    assert "Where it is now:\nhttps://p.example\n" in message.content.redacted["text"]
    assert 'href="https://p.example"' in message.content.redacted["html"]


def test_the_documents_own_test_passes(shop: Shop) -> None:
    with translation.override("en"):
        shop("tests").test_the_customer_is_told(None)


def test_its_templates_keep_their_contract(shop: Shop) -> None:
    output = io.StringIO()
    call_command("mailtemplates", "check", stdout=output)
    assert "in order" in output.getvalue()
    assert checks.check_templates(None) == []


@pytest.mark.parametrize(
    ("language", "subject", "item"),
    [("en", "Your order A-7 is on its way", "3 × Tea"), ("zh-hans", "订单 A-7 已发货", "Tea × 3")],
)
def test_it_speaks_both_languages(shop: Shop, language: str, subject: str, item: str) -> None:
    message = send("order_shipped", "ann@example.com", ORDER, language=language)
    assert (message.subject, message.language) == (subject, language)
    assert item in message.content.redacted["text"]
    assert item in message.content.redacted["html"]


def test_the_language_is_the_calls_the_users_the_requests(shop: Shop) -> None:
    ann = get_user_model().objects.create_user("ann", "ann@example.com")

    def language(**given: Any) -> str:
        with translation.override("en"):
            return send("order_shipped", "ann@example.com", ORDER, **given).language

    assert language(user=ann) == "en"
    MailLanguage.objects.create(user=ann, language="zh-hans")
    assert language(user=ann) == "zh-hans"
    assert language() == "en"
    assert language(user=ann, language="en") == "en"
    # The site's comes before English.
    assert language(language="fr") == "zh-hans"


def test_published_words_take_the_place_of_the_file(shop: Shop) -> None:
    template = Template.objects.create(slug="order_shipped", language="en")
    built_in = sources.in_use("order_shipped", "en").parts
    version = editing.save(
        template, Parts("{{ number }} has left", built_in.text, built_in.html), author=None
    )
    assert version
    editing.publish(version, None)
    message = send("order_shipped", "ann@example.com", ORDER, language="en")
    assert (message.subject, message.template_version) == ("A-7 has left", version)


def test_a_rollback_takes_the_mail_back(shop: Shop) -> None:
    with transaction.atomic():
        send("order_shipped", "ann@example.com", ORDER)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("to", "context"),
    [
        ("ann@example.com", {"nmber": "A-7"}),
        ("ann@example.com", {"parcel_url": "https://parcel.example/7"}),
        ("ann@example.com", {"number": object()}),
        ("nobody", {"number": "A-7"}),
        ([], {"number": "A-7"}),
    ],
)
def test_what_can_not_be_sent_is_refused_and_not_stored(shop: Shop, to: Any, context: Any) -> None:
    with pytest.raises(RefusedMessage):
        send("order_shipped", to, context)
    assert not Message.objects.exists()


@pytest.fixture
def invitations(shop: Shop, tmp_path: Path) -> ModuleType:
    folder = tmp_path / "templates" / "mail" / "invitation" / "en"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("You are invited\n")
    (folder / "body.txt").write_text("Join us within {{ valid_for }}:\n{{ invitation_url }}\n")
    (folder / "body.html").write_text('<p><a href="{{ invitation_url }}">Join us</a></p>\n')
    found = shop("invitations")
    kinds.register(found.INVITATION)
    return found


def test_a_secret_reaches_the_reader_and_not_the_log(invitations: ModuleType) -> None:
    invitations.invite("ann@example.com")
    message = Message.objects.get()
    shown = message.content.redacted
    assert "/join/" not in shown["text"] + shown["html"] + message.subject
    assert sealing.MASK in shown["text"]
    assert "within 1\xa0week:" in shown["text"]
    assert message.content.secret
    assert message.expires_at
    assert (message.expires_at - message.created_at).days in (6, 7)


def test_a_resend_sends_a_fresh_secret(invitations: ModuleType) -> None:
    invitations.invite("ann@example.com")
    old = Message.objects.get()
    Message.objects.update(status="failed")
    old.refresh_from_db()
    new = resend(old, get_user_model().objects.create_user("operator"))
    assert new.supersedes == old
    assert [r.address for r in new.recipients.all()] == ["ann@example.com"]
    old.content.refresh_from_db()
    assert old.content.sealed is None


def test_the_real_link_is_in_the_mail_that_is_composed(invitations: ModuleType) -> None:
    link = "https://shop.example/join/7/"
    mail = compose("invitation", "ann@example.com", {"invitation_url": link})
    assert link in mail.body
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_async_code_sends_through_a_thread(shop: Shop) -> None:
    request = RequestFactory().get("/", {"number": "A-8"})
    response = async_to_sync(shop("views").shipped)(request)
    assert response.status_code == 204
    assert "A-8" in Message.objects.get().subject
