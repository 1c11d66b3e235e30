"""Password reset, by link and by code."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from mailcenter.models import Message
from tests.flows.visitor import NEW_PASSWORD, code, kinds_of, link, without_token

pytestmark = pytest.mark.django_db


def test_reset_by_link(client: Client, member: Any, mailoutbox: Any) -> None:
    client.post(reverse("account_reset_password"), {"email": member.email})
    [mail] = mailoutbox
    assert (mail.mailcenter.kind, mail.mailcenter.user) == ("password_reset", member)
    key = urlsplit(link(mail)).path.rstrip("/").rpartition("/")[2]
    redacted = mail.mailcenter.redacted
    assert key not in redacted.text + redacted.html

    form = client.get(link(mail)).headers["Location"]
    assert key not in form
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert mailoutbox[1].mailcenter.kind == "security_notice"
    assert client.session.get("_auth_user_id") is None
    assert "Location" not in client.get(link(mail)).headers


def test_reset_by_code(by_code: None, client: Client, member: Any, mailoutbox: Any) -> None:
    response = client.post(reverse("account_reset_password"), {"email": member.email})
    [mail] = mailoutbox
    assert code(mail) not in mail.mailcenter.redacted.text + mail.mailcenter.redacted.html

    response = client.post(response.headers["Location"], {"code": code(mail)})
    client.post(
        response.headers["Location"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert kinds_of(mailoutbox) == ["password_reset", "security_notice"]


def test_an_unknown_address_gets_the_same_answer_and_an_unsent_record(
    outbox_backend: None, client: Client, member: Any
) -> None:
    answers = []
    for email in ("nobody@example.com", member.email):
        response = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        answers.append(without_token(response.content.decode()))

    assert answers[0] == answers[1]
    rows = {row.recipients.get().address: row for row in Message.objects.all()}
    assert rows["nobody@example.com"].kind == "unknown_account"
    assert rows["nobody@example.com"].status == Message.Status.CANCELLED
    assert rows[member.email].status == Message.Status.QUEUED
