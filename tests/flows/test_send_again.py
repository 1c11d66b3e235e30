"""The "send the mail again" button."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from tests.flows.visitor import kinds_of, sign_up, without_token

pytestmark = pytest.mark.django_db


def test_the_button_sends_the_mail_again_after_a_cool_down(
    client: Client, mailoutbox: Any, settings: Any
) -> None:
    page = sign_up(client).headers["Location"]
    client.post(page)
    assert len(mailoutbox) == 1

    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    response = client.post(page)
    assert response.headers["Location"] == page
    assert kinds_of(mailoutbox) == ["email_verification", "email_verification"]
    assert mailoutbox[1].to == ["new@example.com"]


def test_the_button_answers_alike_for_new_taken_and_verified_addresses(
    member: Any, mailoutbox: Any, settings: Any
) -> None:
    answers = []
    for email in ("new@example.com", "ann@example.com", "done@example.com"):
        visitor = Client()
        settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
        page = sign_up(visitor, email).headers["Location"]
        EmailAddress.objects.filter(email="done@example.com").update(verified=True)
        settings.ACCOUNT_RATE_LIMITS = {"confirm_email": "1/60s/key"}
        for _ in range(2):
            answer = visitor.post(page, follow=True).content.decode()
            answers.append(without_token(answer).replace(email, "ADDRESS"))

    assert len(set(answers[::2])) == 1
    assert len(set(answers[1::2])) == 1
    assert answers[0] != answers[1]
    assert kinds_of(mailoutbox)[1::2] == ["email_verification", "account_exists", "account_exists"]


def test_an_address_gets_so_many_mails_a_day_and_no_more(
    client: Client, mailoutbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed as often as the cool-down lets it: a mailbox is not to be filled by strangers."""
    page = sign_up(client).headers["Location"]
    begun = time.time()
    for press in range(1, 30):
        monkeypatch.setattr(time, "time", lambda minutes=3.1 * press: begun + 60 * minutes)
        # The log-in that waits ends after an hour; a stranger would begin anew.
        client.post(page) if client.session.get("account_login") else sign_up(client)
    assert len(mailoutbox) == 20


def test_the_button_does_nothing_for_a_stranger(client: Client, mailoutbox: Any) -> None:
    page = reverse("account_email_verification_sent")
    response = client.post(page, {"email": "new@example.com"})
    assert response.headers["Location"] == reverse("account_login")
    assert not mailoutbox
