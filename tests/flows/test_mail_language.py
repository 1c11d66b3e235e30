"""A user chooses the language of mail, whatever the pages are read in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from mailcenter.models import MailLanguage

pytestmark = pytest.mark.django_db
PAGE = "/accounts/mail-language/"
AS_THE_PAGE = "As the page you are on"


@pytest.fixture
def client(member: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(member)
    return client


def chosen() -> list[tuple[str, str]]:
    return list(MailLanguage.objects.values_list("user__username", "language"))


def profile(client: Client) -> str:
    return client.get(reverse("profile")).content.decode()


def test_a_choice_is_kept_and_shown(client: Client) -> None:
    assert AS_THE_PAGE in profile(client)
    response = client.post(PAGE, {"language": "zh-hans"})
    assert response.headers["Location"] == reverse("profile")
    assert chosen() == [("ann", "zh-hans")]
    assert '<dd><span lang="zh-hans">简体中文</span></dd>' in profile(client)
    assert '<option value="zh-hans" selected>' in client.get(PAGE).content.decode()


def test_another_choice_takes_its_place(client: Client) -> None:
    for language in ("zh-hans", "en"):
        client.post(PAGE, {"language": language})
    assert chosen() == [("ann", "en")]


def test_without_a_choice_the_page_decides_again(client: Client) -> None:
    client.post(PAGE, {"language": "en"})
    client.post(PAGE, {"language": ""})
    assert chosen() == []
    assert AS_THE_PAGE in profile(client)


@pytest.mark.parametrize("language", ["fr", "zh", "'"])
def test_a_language_that_the_site_has_not_is_refused(client: Client, language: str) -> None:
    response = client.post(PAGE, {"language": language})
    assert response.status_code == 200
    assert "field wrong" in response.content.decode()
    assert escape(language) in response.content.decode()
    assert chosen() == []


def test_a_language_that_the_site_gave_up_counts_as_none(client: Client, member: Any) -> None:
    MailLanguage.objects.create(user=member, language="fr")
    page = client.get(PAGE).content.decode()
    assert "selected" not in page
    assert profile(client)


def test_everybody_has_a_choice_of_their_own(client: Client) -> None:
    other = get_user_model().objects.create_user("bob")
    MailLanguage.objects.create(user=other, language="en")
    client.post(PAGE, {"language": "zh-hans", "user": other.pk})
    assert sorted(chosen()) == [("ann", "zh-hans"), ("bob", "en")]


def test_looking_changes_nothing(client: Client) -> None:
    client.get(PAGE, {"language": "en"})
    assert chosen() == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_the_log_in(method: str) -> None:
    response = getattr(Client(), method)(PAGE, {"language": "en"})
    assert response.headers["Location"].startswith(reverse("account_login"))
    assert chosen() == []


def test_a_post_from_elsewhere_is_refused(member: Any) -> None:
    visitor = Client(enforce_csrf_checks=True)
    visitor.force_login(member)
    assert visitor.post(PAGE, {"language": "en"}).status_code == 403
    assert chosen() == []


def test_the_page_is_kept_nowhere(client: Client) -> None:
    assert "no-store" in client.get(PAGE)["Cache-Control"]


def test_the_choice_goes_with_the_account(client: Client, member: Any) -> None:
    client.post(PAGE, {"language": "en"})
    member.delete()
    assert chosen() == []
