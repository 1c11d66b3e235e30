"""Changes of an account are told to its owner."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from tests.flows.visitor import NEW_PASSWORD, PASSWORD, link, log_in

pytestmark = pytest.mark.django_db


def test_a_changed_password_is_noticed(client: Client, member: Any, mailoutbox: Any) -> None:
    log_in(client)
    client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
        headers={"accept-language": "en"},
    )
    [mail] = mailoutbox
    assert mail.subject == "Your password was changed"
    assert (mail.to, mail.mailcenter.user) == ([member.email], member)
    assert "127.0.0.1" not in mail.body


def test_an_operator_changes_the_password_where_it_is_noticed(client: Client, member: Any) -> None:
    member.is_staff = True
    member.save()
    log_in(client)
    for answer in (client.get, client.post):
        response = answer("/admin/password_change/")
        assert response.headers["Location"] == reverse("account_change_password")


def test_a_changed_address_is_noticed_at_the_old_one(
    client: Client, member: Any, mailoutbox: Any
) -> None:
    log_in(client)
    page = reverse("account_email")
    change = {"email": "second@example.com", "action_add": ""}
    response = client.post(page, change)
    assert response.headers["Location"].startswith(reverse("account_reauthenticate"))
    client.post(response.headers["Location"], {"password": PASSWORD})

    [mail] = mailoutbox
    assert (mail.to, mail.mailcenter.kind) == (["second@example.com"], "email_verification")
    client.post(urlsplit(link(mail)).path)
    notice = mailoutbox[1]
    assert (notice.to, notice.mailcenter.user) == (["ann@example.com"], member)
    assert "s***@example.com" in notice.body
    assert "second@example.com" not in notice.body
    assert [address.email for address in EmailAddress.objects.all()] == ["second@example.com"]
