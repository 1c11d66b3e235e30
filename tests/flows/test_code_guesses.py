"""A code is judged so many times, however many requests read the session at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.flows.visitor import code, sign_up

pytestmark = pytest.mark.django_db
ALLOWED = 3


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


class Parallel:
    """Each guess starts from the session as it was: none has seen the count of the others."""

    def __init__(self, client: Client, page: str) -> None:
        self.client = client
        self.page = page
        self.session = Session.objects.get(pk=client.session.session_key)

    def guess(self, code: str) -> Any:
        self.session.save()
        return self.client.post(self.page, {"code": code})


def test_guesses_at_the_code_of_an_address(by_code: None, client: Client, mailoutbox: Any) -> None:
    visitor = Parallel(client, sign_up(client).headers["Location"])
    for _ in range(ALLOWED):
        visitor.guess("wrong")
    visitor.guess(code(mailoutbox[0]))
    assert not EmailAddress.objects.get().verified


def test_guesses_at_the_code_of_a_reset(
    by_code: None, client: Client, member: Any, mailoutbox: Any
) -> None:
    response = client.post(reverse("account_reset_password"), {"email": member.email})
    visitor = Parallel(client, response.headers["Location"])
    for _ in range(ALLOWED):
        visitor.guess("wrong")
    assert visitor.guess(code(mailoutbox[0])).status_code == 200


def test_the_last_guess_may_be_the_right_one(
    by_code: None, client: Client, mailoutbox: Any
) -> None:
    visitor = Parallel(client, sign_up(client).headers["Location"])
    for _ in range(ALLOWED - 1):
        visitor.guess("wrong")
    visitor.guess(code(mailoutbox[0]))
    assert EmailAddress.objects.get().verified


def test_a_new_code_may_be_guessed_anew(
    by_code: None, client: Client, member: Any, mailoutbox: Any
) -> None:
    page = reverse("account_reset_password")
    for mails in (1, 2):
        response = client.post(page, {"email": member.email})
        for _ in range(ALLOWED - 1):
            client.post(response.headers["Location"], {"code": "wrong"})
        response = client.post(response.headers["Location"], {"code": code(mailoutbox[mails - 1])})
        if mails == 1:
            assert response.status_code == 302
    assert response.headers["Location"] == reverse("account_complete_password_reset")
