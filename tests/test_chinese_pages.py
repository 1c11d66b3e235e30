"""Every page in Chinese shows no English, but for names and what servers said."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from allauth.account.forms import ConfirmEmailVerificationCodeForm
from allauth.account.models import EmailAddress
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from mailcenter import practice
from mailcenter.models import Account, Attempt, Message, OperatorAction
from mailcenter.practice import inbox
from mailcenter.practice.scenarios import SCENARIOS
from tests.factories import AttemptFactory, MessageFactory, SuperuserFactory

PASSWORD = "correct-horse-7"
# Names, what people type or read as it stands, and Django's alt text of the search field.
AS_IT_STANDS = re.compile(
    r"https?://\S+|\S+@\S+|smtp\.qq\.com|zh-hans|Message-ID|Mailcenter|Django|English|SMTP|IMAP|POP3|QQ|HTML|MAIL_\w+"
    r"|\.env|TLS\w*|EHLO|QUIT|MAIL|AUTH|DNS|IP|ID|UTC|MB|KB|Cookie|Search|CSV|JSON Lines"
)
ENGLISH = re.compile(r"[A-Za-z]{2,}")
QUOTED = {"script", "style", "pre", "code", "svg"}
SHOWN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "value"}

MAIL = "From: site@practice.test\nSubject: =?utf-8?b?5L2g5aW9?=\n\n\n"


class Words(HTMLParser):
    """What somebody reads or hears on a page, without what is quoted from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.quoted = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.quoted += tag in QUOTED
        self.said += [
            value or ""
            for name, value in attrs
            if name in SHOWN_ATTRIBUTES and (name != "value" or found.get("type") == "submit")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.quoted -= tag in QUOTED

    def handle_data(self, data: str) -> None:
        if not self.quoted:
            self.said.append(data)


def english(html: str, *given: str) -> list[str]:
    """given: what came from a row or a server."""
    found = []
    for said in Words(html).said:
        for text in sorted(given, key=len, reverse=True):
            said = said.replace(text, "")
        if ENGLISH.search(AS_IT_STANDS.sub("", said)):
            found.append(said)
    return found


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "zh-hans"})


@pytest.fixture
def member(db: None, visitor: Client) -> Client:
    user: Any = get_user_model().objects.create_user("ann", "ann@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    visitor.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return visitor


@pytest.fixture
def operator(db: None) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(SuperuserFactory(username="王"))
    return client


def shown(client: Client, name: str, *args: Any, post: dict[str, Any] | None = None) -> list[str]:
    """English on the page, after the redirects of a POST."""
    url = reverse(name, args=args)
    response = client.get(url) if post is None else client.post(url, post, follow=True)
    assert response.status_code in (200, 403)
    return english(response.content.decode())


@pytest.mark.django_db
def test_pages_for_everybody_are_chinese(visitor: Client) -> None:
    email = "new@example.com"
    signed_up = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    for name, post in [
        ("home", None),
        ("account_signup", None),
        ("account_signup", {"email": "x", "password1": "1234", "password2": "12345"}),
        ("account_signup", {"email": email, "password1": "1234", "password2": "1234"}),
        ("account_signup", signed_up),
        ("account_email_verification_sent", {}),
        ("account_login", None),
        ("account_login", {"login": email, "password": "wrong"}),
        ("account_reset_password", None),
        ("account_reset_password", {"email": "x"}),
        ("account_reset_password", {"email": email}),
        ("account_reset_password_from_key_done", None),
        ("account_inactive", None),
        ("practice:inbox", None),
    ]:
        assert shown(visitor, name, post=post) == [], (name, post)
    for name, args in [
        ("account_confirm_email", ["dead"]),
        ("account_reset_password_from_key", ["1", "dead-link"]),
    ]:
        assert shown(visitor, name, *args) == [], name


def test_pages_for_members_are_chinese(member: Client) -> None:
    for name, post in [
        ("profile", None),
        ("account_mail_language", None),
        ("account_email", None),
        ("account_email", {"action_add": "", "email": "ann@example.com"}),
        ("account_change_password", None),
        ("account_change_password", {"oldpassword": "x", "password1": "1", "password2": "2"}),
        ("account_reauthenticate", None),
        ("account_reauthenticate", {"password": "x"}),
        ("account_email", {"action_add": "", "email": "b@example.com"}),
        ("account_email", None),
        ("account_logout", None),
        ("account_logout", {}),
    ]:
        assert shown(member, name, post=post) == [], (name, post)


def test_the_page_that_asks_for_a_code_is_chinese() -> None:
    with translation.override("zh-hans"):
        form = ConfirmEmailVerificationCodeForm({"code": "1"}, code="2")
        page = "account/confirm_email_verification_code.html"
        context = {"verify_form": form, "email": "b@example.com", "can_resend": True}
        html = render_to_string(page, context)
    assert "验证码不正确" in html
    assert english(html) == []


@pytest.mark.parametrize("name", ["403", "403_csrf", "404", "429", "500"])
def test_pages_for_what_goes_wrong_are_chinese(name: str) -> None:
    with translation.override("zh-hans"):
        assert english(render_to_string(f"{name}.html")) == []


def test_the_practice_pages_are_chinese(operator: Client, settings: Any, tmp_path: Path) -> None:
    settings.MAILCENTER = {**settings.MAILCENTER, "PRACTICE_DIR": str(tmp_path)}
    assert shown(operator, "practice:inbox") == []
    inbox.deliver(practice.folder(), MAIL.encode())
    assert shown(operator, "practice:inbox") == []
    mail = reverse("practice:mail", args=[inbox.newest(practice.folder())[0].key])
    assert english(operator.get(mail).content.decode(), "From", "Subject") == []
    recipients = operator.get(reverse("practice:recipients")).content.decode()
    assert english(recipients, *(scenario.shown_reply for scenario in SCENARIOS.values())) == []


@pytest.fixture
def messages(db: None) -> list[Message]:
    """One in each state, with each kind of attempt and action."""
    Account.objects.update(address="site@practice.test", preset="qq")
    made = []
    for status in Message.Status.values:
        message = MessageFactory(
            status=status,
            subject="你好",
            language="zh-hans",
            from_email="网站 <site@practice.test>",
            requested_from="别人 <x@example.com>",
            expires_at=timezone.now() + timedelta(hours=1),
            to=["a@example.com", "b@example.com"],
            content__raw=b"Message-ID: <1@practice.test>\r\n\r\n",
            content__headers=[["Message-ID", "1"]],
            content__text="你好",
            content__html="<p>你好</p>",
            possible_duplicate=True,
        )
        for number, outcome in enumerate(Attempt.Outcome.values):
            AttemptFactory(
                from_email="网站 <site@practice.test>",
                message=message,
                number=number,
                outcome=outcome,
                stage="rcpt",
                reply_text="邮箱不存在",
                verdict="recipient-unknown",
                catalog_entry="mailbox-not-found",
                worker="1",
                dialogue=[{"verb": "MAIL", "code": 550, "text": "邮箱不存在", "ms": 3}],
            )
        for verb in OperatorAction.Verb.values:
            OperatorAction.objects.create(message=message, verb=verb, user_name="王")
        made.append(message)
    return made


def test_the_pages_of_messages_are_chinese(operator: Client, messages: list[Message]) -> None:
    Account.objects.update(paused_until=timezone.now() + timedelta(hours=1), pause_reason="等")
    found = {("list", ""): shown(operator, "admin:mailcenter_message_changelist")}
    for message in messages:
        for page in ("change", "history", "resend", "retry", "cancel", "arrived", "reveal"):
            name = f"admin:mailcenter_message_{page}"
            found[page, message.status] = shown(operator, name, message.pk)
        for page in ("resend", "retry", "cancel", "arrived", "reveal"):
            name = f"admin:mailcenter_message_{page}"
            found["done " + page, message.status] = shown(operator, name, message.pk, post={})
    assert {page: said for page, said in found.items() if said} == {}


def test_the_pages_for_many_messages_are_chinese(operator: Client, messages: list[Message]) -> None:
    chosen = {ACTION_CHECKBOX_NAME: [message.pk for message in messages]}
    for answer in ({}, {"post": "yes"}):
        post = chosen | {"action": "resend_selected"} | answer
        assert shown(operator, "admin:mailcenter_message_changelist", post=post) == []


def test_the_pages_of_attempts_and_accounts_are_chinese(
    operator: Client, messages: list[Message]
) -> None:
    assert shown(operator, "admin:index") == []
    assert shown(operator, "admin:mailcenter_attempt_changelist") == []
    attempt = messages[0].attempts.get(number=1)
    assert shown(operator, "admin:mailcenter_attempt_change", attempt.pk) == []
    for until in (None, timezone.now() + timedelta(hours=1)):
        Account.objects.update(paused_until=until, pause_reason="等")
        assert shown(operator, "admin:mailcenter_account_changelist") == []
        for page in ("change", "resume"):
            assert shown(operator, f"admin:mailcenter_account_{page}", Account.ENVIRONMENT) == []
    for _again in range(2):
        name = "admin:mailcenter_account_resume"
        assert shown(operator, name, Account.ENVIRONMENT, post={}) == []
