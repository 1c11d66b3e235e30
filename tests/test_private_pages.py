"""Nothing keeps a private page, no page tells its address on, and none loads from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from project.private_pages import POLICY

User = get_user_model()
pytestmark = pytest.mark.django_db


@pytest.fixture
def key_page() -> str:
    """Where the link of a verification mail leads."""
    user = User.objects.create_user("ann", "ann@example.com")
    address = EmailAddress.objects.create(user=user, email=user.email, primary=True)
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("wang"))
    return client


@pytest.mark.parametrize(
    "name",
    [
        "home",
        "profile",
        "account_email",
        "account_mail_language",
        "account_change_password",
        "admin:index",
    ],
)
def test_pages_of_somebody_logged_in_are_kept_nowhere(operator: Client, name: str) -> None:
    assert "no-store" in operator.get(reverse(name))["Cache-Control"]


def test_pages_that_a_key_opens_are_kept_nowhere(client: Client, key_page: str) -> None:
    assert "no-store" in client.get(key_page)["Cache-Control"]
    reset = reverse("account_reset_password_from_key", args=["1", "set-password"])
    assert "no-store" in client.get(reset)["Cache-Control"]


def test_pages_for_everybody_may_be_kept(client: Client) -> None:
    assert "Cache-Control" not in client.get(reverse("home"))


@pytest.mark.parametrize("behind", ["", "%20", "x/y/"])
def test_a_key_stays_out_of_the_referer(client: Client, key_page: str, behind: str) -> None:
    # A page about an error, which a mangled link leads to, loads styles as well.
    assert client.get(key_page + behind)["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("sent", [{"origin": "https://testserver"}, {}])
def test_a_form_is_taken_from_a_browser_that_obeys(key_page: str, sent: dict[str, Any]) -> None:
    visitor = Client(enforce_csrf_checks=True)
    visitor.get(key_page, secure=True)
    token = visitor.cookies["csrftoken"].value
    visitor.post(
        key_page,
        {"csrfmiddlewaretoken": token},
        secure=True,
        headers={"referer": "https://testserver/", **sent},
    )
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize("path", ["/", "/admin/", "/accounts/login/", "/no-such-page/"])
def test_a_page_loads_from_this_site_alone_and_stands_in_no_frame(
    operator: Client, path: str
) -> None:
    policy = operator.get(path, follow=True)["Content-Security-Policy"]
    assert policy == POLICY
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_what_is_no_page_needs_no_policy(operator: Client) -> None:
    response = operator.get(reverse("admin:jsi18n"))
    assert "Content-Security-Policy" not in response


def test_a_developer_can_read_the_page_about_an_error(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    assert "Content-Security-Policy" not in client.get("/no-such-page/")
    assert "Content-Security-Policy" in client.get("/")
