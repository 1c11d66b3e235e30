"""What a visitor does, and what stands in the mails that follow."""

from __future__ import annotations

import re
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

PASSWORD = "correct-horse-7"
NEW_PASSWORD = "battery-staple-8"


def sign_up(client: Client, email: str = "new@example.com", **extra: Any) -> Any:
    data = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    return client.post(reverse("account_signup"), data, **extra)


def log_in(client: Client, email: str = "ann@example.com", password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


def link(message: EmailMultiAlternatives) -> str:
    found = re.search(r"https?://\S+/accounts/\S+", str(message.body))
    assert found
    return found[0]


def code(message: EmailMultiAlternatives) -> str:
    found = re.search(r"^ {4}(\S+)$", str(message.body), re.MULTILINE)
    assert found
    return found[1]


def kinds_of(messages: list[Any]) -> list[str]:
    return [message.mailcenter.kind for message in messages]


def without_token(html: str) -> str:
    """The CSRF token differs on every page."""
    return re.sub(r'value="[^"]{64}"', "", html)
