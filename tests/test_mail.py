"""A mail of one's own kind, from the call to the row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation
from django.utils.functional import lazystr
from django.utils.safestring import SafeString

from mailcenter import editing, kinds, mail, sealing
from mailcenter.exceptions import RefusedMessage
from mailcenter.kinds import Kind
from mailcenter.models import MailLanguage, Message, Template, TemplateVersion
from mailcenter.rendering import Logo, contracts, sources
from mailcenter.templating import Case, Parts, Variable
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ORDER = Kind(
    "order_shipped",
    "order shipped",
    variables=(
        Variable("number", "number of the order", "20260001", required=True),
        Variable("lines", "what was ordered", [{"name": "Tea", "count": 2}]),
        Variable("pickup_code", "opens the locker", "1234", secret=True),
    ),
    lifetime=lambda: timedelta(days=7),
)
WORDS = Parts(
    "Order {{ number }}",
    "Order {{ number }}: {% for line in lines %}{{ line.count }} {{ line.name }}{% endfor %}."
    " {{ pickup_code }} {{ valid_for }}",
    "<p>{{ number }} {{ pickup_code }}</p>",
)
GIVEN: dict[str, Any] = {"number": "A-7", "lines": [{"name": "Tea", "count": 2}]}
CODE = {"code": "BCDF-GHJK"}


@pytest.fixture
def order() -> Iterator[None]:
    kinds.register(ORDER)
    template = Template.objects.create(slug="order_shipped", language="en")
    version = TemplateVersion.objects.create(
        template=template, number=1, subject=WORDS.subject, text=WORDS.text, html=WORDS.html
    )
    template.publish(version, None)
    yield
    del kinds._registry["order_shipped"]


def sent_bytes(message: Message) -> EmailMessage:
    assert message.content.sealed
    raw = sealing.unseal(bytes(message.content.sealed))
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@pytest.mark.usefixtures("order")
def test_a_mail_of_ones_own_is_queued_with_its_version_and_without_its_secret():
    user = UserFactory()
    message = mail.send(
        "order_shipped", "reader@example.com", {**GIVEN, "pickup_code": "98765"}, user=user
    )
    message.refresh_from_db()
    assert (message.kind, message.status, message.user) == ("order_shipped", "queued", user)
    assert message.template_version == TemplateVersion.objects.get()
    assert message.layout_version is None
    assert message.expires_at is not None
    assert message.expires_at - message.created_at > timedelta(days=6)
    assert [r.address for r in message.recipients.all()] == ["reader@example.com"]
    assert "98765" not in str(message.content.redacted) + message.subject
    text = sent_bytes(message).get_body(("plain",))
    assert text is not None
    assert "Order A-7: 2 Tea. 98765 1 week" in text.get_content().replace("\xa0", " ")


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize(
    ("kind", "context", "words"),
    [
        ("no_such_kind", {}, "No kind of mail"),
        ("other", {}, "No kind of mail"),
        ("order_shipped", {**GIVEN, "nmuber": 1}, "has no variable nmuber"),
        ("order_shipped", {}, "needs a value for number"),
        ("order_shipped", {**GIVEN, "number": ""}, "needs a value for number"),
        ("order_shipped", {**GIVEN, "number": User(username="a")}, "is no place for other objects"),
        ("order_shipped", {**GIVEN, "lines": [{"name": len}]}, "is no place for other objects"),
        ("order_shipped", {**GIVEN, "lines": [{"name": "a\x00"}]}, r"lines holds U\+0000"),
        ("order_shipped", {**GIVEN, "number": "a\ud800"}, r"number holds U\+D800"),
        ("login_code", {}, "needs a value for code"),
        ("password_reset", {}, "needs a value for password_reset_url / code"),
    ],
)
def test_what_does_not_keep_the_contract_is_refused_with_one_sentence(kind, context, words):
    with pytest.raises(RefusedMessage, match=words):
        mail.send(kind, "reader@example.com", context)
    assert not Message.objects.exists()


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize(
    ("number", "written"), [(0, "0"), (False, "False"), (" A-7 ", " A-7"), ("A\r\n7", "A\r\n7")]
)
def test_odd_values_are_values_too(number, written):
    message = mail.send("order_shipped", "reader@example.com", {**GIVEN, "number": number})
    assert f"Order {written}" in message.content.redacted["text"]


@pytest.mark.usefixtures("order")
@pytest.mark.parametrize("lazily", [False, True])
def test_markup_of_the_caller_is_text_like_any_other(lazily):
    number = SafeString("<b onclick='x'>7</b>")
    given = {"number": lazystr(number) if lazily else number, "pickup_code": 0}
    message = mail.send("order_shipped", "reader@example.com", given)
    assert "&lt;b onclick" in message.content.redacted["html"]
    assert sealing.MASK in message.content.redacted["html"]
    body = sent_bytes(message).get_body(("html",))
    assert body is not None
    assert "<b onclick" not in body.get_content()


@pytest.mark.parametrize("to", ["", []])
def test_a_mail_to_nobody_is_refused(to):
    with pytest.raises(RefusedMessage, match="has no recipient"):
        mail.send("login_code", to, CODE)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"expires_at": datetime(2030, 1, 1)}, "needs a time zone"),
        ({"attachments": [("a.pdf", b"%PDF")]}, "An attachment is a name"),
        ({"attachments": [("a.pdf", None, "application/pdf")]}, "An attachment is a name"),
        ({"attachments": ["a.pdf"]}, "An attachment is a name"),
    ],
)
def test_a_careless_call_is_refused_with_one_sentence(given, words):
    with pytest.raises(RefusedMessage, match=words):
        mail.send("login_code", "reader@example.com", CODE, **given)
    assert not Message.objects.exists()


def test_one_call_may_write_to_several_with_attachments():
    to = ["a@example.com", "b@example.com"]
    message = mail.send("login_code", to, CODE, attachments=[("a.txt", "text", "text/plain")])
    assert [r.address for r in message.recipients.order_by("pk")] == to
    assert [part.get_filename() for part in sent_bytes(message).iter_attachments()] == ["a.txt"]


@pytest.mark.parametrize(
    ("asked", "chosen", "request_language", "words"),
    [
        ("en", "zh-hans", "zh-hans", "en"),
        (None, "en", "zh-hans", "en"),
        (None, "zh-hans", "en", "zh-hans"),
        (None, None, "en", "en"),
        (None, None, None, "zh-hans"),
    ],
)
def test_the_readers_language_decides(asked, chosen, request_language, words):
    user = UserFactory()
    if chosen:
        MailLanguage.objects.create(user=user, language=chosen)
    with translation.override(request_language):
        message = mail.send("login_code", user.email, CODE, user=user, language=asked)
    assert message.language == words
    assert ("验证码" in message.subject) == (words == "zh-hans")


@pytest.mark.parametrize("language", ["xx", "../en", "e\x00n", "x" * 600])
def test_what_is_no_language_gets_the_sites(language):
    message = mail.send("login_code", "a@example.com", CODE, language=language)
    assert message.language == "zh-hans"


def test_how_long_a_code_works_is_said_in_the_language_of_the_words():
    """Nobody has written the mail in French, so it comes in the site's own language."""
    message = mail.send("login_code", "a@example.com", CODE, language="fr")
    assert message.language == "zh-hans"
    assert "3 分钟" in message.content.redacted["text"].replace("\xa0", " ")


def test_an_expiry_may_be_given():
    moment = timezone.now() + timedelta(seconds=61)
    message = mail.send("login_code", "a@example.com", CODE, expires_at=moment)
    assert message.expires_at == moment
    assert "1\xa0minute" in message.content.redacted["text"]


def test_a_logo_travels_inside_the_mail():
    source = sources.built_in(Template.LAYOUT, "en")
    assert source
    shown = source.parts.html.replace("{{ body }}", '<img src="cid:logo" alt="Shop">{{ body }}')
    template = Template.objects.create(slug=Template.LAYOUT, language="en")
    logo = Logo(b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png")
    parts = Parts("", source.parts.text, shown)
    version = editing.save(template, parts, author=None, logo=logo)
    assert version
    editing.publish(version, None)
    message = mail.send("login_code", "a@example.com", CODE)
    assert message.layout_version == version
    parsed = sent_bytes(message)
    assert parsed.get_content_type() == "multipart/related"
    (picture,) = [part for part in parsed.walk() if part.get_content_maintype() == "image"]
    assert picture["Content-ID"] == "<logo>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == logo.content


def test_a_test_mail_shows_everything_and_is_logged_as_any_mail():
    operator = UserFactory()
    case = contracts.of("login_code").cases[0]
    parts = Parts("Try", "{{ code }}", "{{ code }}")
    message = mail.send_test("login_code", "en", parts, case, "op@example.com", user=operator)
    assert (message.kind, message.user, message.subject) == ("template_test", operator, "Try")
    assert "BCDF-GHJK" in message.content.redacted["text"]
    assert not TemplateVersion.objects.exists()


NAME = Variable("name", "who", "Ada")


@pytest.mark.parametrize(
    ("variables", "cases"),
    [
        ((NAME, NAME), ()),
        ((Variable("first name", "who", "Ada"),), ()),
        ((Variable("_name", "who", "Ada"),), ()),
        ((Variable("site_url", "ours already", "x"),), ()),
        ((NAME,), (Case("one", "one", frozenset({"nmae"})),)),
        ((NAME,), (Case("one", "one", frozenset({"name"}), {"nmae": 1}),)),
    ],
)
def test_a_kind_that_no_template_could_be_written_for_is_refused(variables, cases):
    with pytest.raises(ValueError, match=r"name"):
        kinds.register(Kind("greeting", "greeting", variables, cases))
    assert kinds.get("greeting").slug == "other"
