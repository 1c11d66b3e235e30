"""Sign-up: what is mailed, to whom, and what its link or code does."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from mailcenter.flows.adapter import AccountAdapter
from tests.flows.visitor import code, kinds_of, link, log_in, sign_up, without_token

User = get_user_model()
pytestmark = pytest.mark.django_db


def test_sign_up_sends_one_tagged_verification_mail(client: Client, mailoutbox: Any) -> None:
    response = sign_up(client, headers={"accept-language": "en"})

    assert response.headers["Location"] == reverse("account_email_verification_sent")
    [mail] = mailoutbox
    assert mail.to == ["new@example.com"]
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"
    tag = mail.mailcenter
    assert (tag.kind, tag.language, tag.cancelled) == ("email_verification", "en", False)
    assert tag.user == User.objects.get(email="new@example.com")
    assert tag.expires_at
    path = urlsplit(link(mail)).path
    assert path in mail.alternatives[0].content
    assert path not in tag.redacted.text + tag.redacted.html


def test_links_lead_to_site_url_whatever_host_is_asked(member: Any, mailoutbox: Any) -> None:
    forged = {"host": "evil.example"}
    sign_up(Client(), headers=forged)
    Client().post(reverse("account_reset_password"), {"email": member.email}, headers=forged)
    sign_up(Client(), member.email, headers=forged)

    assert kinds_of(mailoutbox) == ["email_verification", "password_reset", "account_exists"]
    for mail in mailoutbox:
        assert "evil.example" not in mail.body + mail.alternatives[0].content
        assert urlsplit(link(mail)).netloc == "site.example"


def test_opening_the_link_verifies_nothing_and_confirming_does(
    client: Client, mailoutbox: Any
) -> None:
    sign_up(client)
    path = urlsplit(link(mailoutbox[0])).path

    assert Client().get(path).status_code == 200
    assert not EmailAddress.objects.get().verified
    client.post(path)
    assert EmailAddress.objects.get().verified
    assert log_in(client, "new@example.com").headers["Location"] == reverse("profile")


def test_a_taken_address_gets_the_same_answer_and_a_mail_that_says_so(
    client: Client, member: Any, mailoutbox: Any
) -> None:
    pages = []
    for email in ("ann@example.com", "new@example.com"):
        visitor = Client()
        response = sign_up(visitor, email)
        page = visitor.get(response.headers["Location"])
        pages.append(without_token(page.content.decode()).replace(email, "ADDRESS"))

    assert pages[0] == pages[1]
    assert kinds_of(mailoutbox) == ["account_exists", "email_verification"]
    assert User.objects.filter(email="ann@example.com").count() == 1


def test_a_taken_address_costs_as_many_password_hashes_as_a_new_one(
    member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    counts = []
    for email in ("new@example.com", member.email):
        hashed.clear()
        sign_up(Client(), email)
        counts.append(len(hashed))
    assert counts == [1, 1]


def test_no_account_without_its_mail(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(AccountAdapter, "render_mail", broken)
    with pytest.raises(RuntimeError):
        sign_up(client)
    assert not User.objects.exists()


def test_sign_up_by_code(by_code: None, client: Client, mailoutbox: Any) -> None:
    page = sign_up(client).headers["Location"]
    [mail] = mailoutbox
    secret = code(mail)
    assert secret in mail.alternatives[0].content
    assert secret not in mail.mailcenter.redacted.text + mail.mailcenter.redacted.html
    assert "/accounts/" not in mail.body

    assert client.post(page, {"code": "wrong"}).status_code == 200
    assert not EmailAddress.objects.get().verified
    client.post(page, {"code": secret})
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize("typed", ["other@example.com", "not an address"])
def test_by_code_too_a_taken_address_gets_the_same_answer(
    by_code: None, member: Any, typed: str
) -> None:
    pages = []
    for email in ("ann@example.com", "new@example.com"):
        visitor = Client(headers={"accept-language": "en"})
        page = sign_up(visitor, email).headers["Location"]
        # allauth would take another address here, but for a new account only.
        for response in (
            visitor.get(page),
            visitor.post(page, {"action": "change", "email": typed}),
        ):
            html = without_token(response.content.decode()).replace(email, "ADDRESS")
            pages.append((response.status_code, html))

    assert pages[:2] == pages[2:]
    assert "Correct the address" in pages[0][1]


def test_a_new_code_lives_as_long_as_its_mail_says(
    by_code: None, client: Client, mailoutbox: Any, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    sign_up(client)
    session = client.session
    session["account_email_verification_code"]["at"] -= 590
    session.save()

    client.post(reverse("account_email_verification_sent"), {"action": "resend"})

    assert client.session["account_email_verification_code"]["at"] > (
        session["account_email_verification_code"]["at"] + 500
    )
    assert code(mailoutbox[1]) != code(mailoutbox[0])
