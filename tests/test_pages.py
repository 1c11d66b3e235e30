"""Each page, in both languages: it opens, is labelled, needs no other host, holds no script."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

User = get_user_model()
pytestmark = pytest.mark.django_db
LANGUAGES = ("en", "zh-hans")
PASSWORD = "correct-horse-7"
OPEN = (
    "home",
    "account_signup",
    "account_login",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_inactive",
)
CLOSED = (
    "profile",
    "account_email",
    "account_mail_language",
    "account_change_password",
    "account_reauthenticate",
    "account_logout",
)


class Page(HTMLParser):
    """labels, inputs, hosts: what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lang: str | None = None
        self.headings = 0
        self.scripts = 0
        self.hosts: set[str] = set()
        self.labelled: set[str | None] = set()
        self.inputs: set[str | None] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "html":
            self.lang = found.get("lang")
        self.headings += tag == "h1"
        # The policy allows files of the site; a table for one of them runs nothing.
        inline = tag == "script" and not found.get("src") and found["type"] != "application/json"
        self.scripts += inline or any(name.startswith("on") for name in found)
        for name in ("src", "href", "action"):
            self.hosts.add(urlsplit(found.get(name) or "").netloc)
        if tag == "label":
            self.labelled.add(found.get("for"))
        if tag == "input" and found.get("type") != "hidden":
            self.inputs.add(found.get("id"))


def check(html: str, language: str) -> None:
    page = Page(html)
    assert page.lang == language
    assert page.headings == 1
    assert page.scripts == 0
    assert page.hosts == {""}
    assert page.inputs <= page.labelled


@pytest.fixture
def member() -> Any:
    user = User.objects.create_user("ann", "ann@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def logged_in(client: Client, member: Any) -> Client:
    client.post(reverse("account_login"), {"login": member.email, "password": PASSWORD})
    return client


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OPEN)
def test_pages_for_everybody(client: Client, name: str, language: str) -> None:
    response = client.get(reverse(name), headers={"accept-language": language})
    assert response.status_code == 200
    check(response.content.decode(), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CLOSED)
def test_pages_for_members(logged_in: Client, name: str, language: str) -> None:
    response = logged_in.get(reverse(name), headers={"accept-language": language})
    assert response.status_code == 200
    check(response.content.decode(), language)
    assert Client().get(reverse(name)).status_code == 302


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["403", "403_csrf", "404", "429", "500"])
def test_pages_for_what_goes_wrong(name: str, language: str) -> None:
    with translation.override(language):
        check(render_to_string(f"{name}.html"), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_confirmation_page_asks_before_it_confirms(
    client: Client, member: Any, language: str
) -> None:
    address = EmailAddress.objects.create(user=member, email="b@example.com")
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    html = client.get(path, headers={"accept-language": language}).content.decode()
    check(html, language)
    assert "b@example.com" in html
    # Whoever signed up with somebody else's address chose the password.
    assert {"en": "only if you signed up", "zh-hans": "确实是您本人"}[language] in html
    # A key made for the page would outlive the one in the mail.
    assert 'action="/accounts/confirm-email' not in html


def test_a_dead_link_says_so_and_offers_a_way_on(client: Client) -> None:
    html = client.get("/accounts/confirm-email/MQ:dead:link/").content.decode()
    check(html, "zh-hans")
    assert reverse("account_login") in html
    html = client.get("/accounts/password/reset/key/1-dead-link/").content.decode()
    check(html, "zh-hans")
    assert reverse("account_reset_password") in html


def test_an_error_stands_at_its_field(client: Client) -> None:
    response = client.post(reverse("account_signup"), {"email": "not an address"})
    html = response.content.decode()
    field = re.search(r'<div class="field wrong">(.*?)</div>', html, re.DOTALL)
    assert field
    assert 'id="id_email"' in field[1]
    assert 'class="errorlist"' in field[1]
    assert 'aria-invalid="true"' in field[1]
    assert 'aria-describedby="id_email_error"' in field[1]


def test_a_visitor_chooses_the_language(client: Client) -> None:
    page = reverse("account_login")
    response = client.post(
        reverse("set_language"),
        {"language": "en", "next": page},
        headers={"accept-language": "zh-hans"},
    )
    assert response.headers["Location"] == page
    html = client.get(page).content.decode()
    assert '<html lang="en">' in html
    assert "简体中文" in html


def test_the_language_can_be_chosen_on_a_page_that_answers_a_form(client: Client) -> None:
    # The Referer no longer says where that was.
    page = reverse("account_signup")
    html = client.post(page, {"email": "not an address"}).content.decode()
    assert f'<input type="hidden" name="next" value="{page}">' in html


def test_the_admin_is_entered_through_the_same_door(client: Client) -> None:
    response = client.get(reverse("admin:login"))
    assert response.headers["Location"].startswith(reverse("account_login"))


def test_logging_out_needs_a_post(logged_in: Client) -> None:
    logged_in.get(reverse("account_logout"))
    assert "_auth_user_id" in logged_in.session
    logged_in.post(reverse("account_logout"))
    assert "_auth_user_id" not in logged_in.session


def test_a_profile_shows_its_address(logged_in: Client) -> None:
    assert "ann@example.com" in logged_in.get(reverse("profile")).content.decode()
