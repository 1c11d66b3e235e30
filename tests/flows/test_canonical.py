"""One mailbox has one spelling, and an address that mail can't go to is refused at its field."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcenter import addresses
from mailcenter.exceptions import RefusedMessage
from mailcenter.flows.canonical import canonical
from tests.flows.visitor import NEW_PASSWORD, PASSWORD, kinds_of, link, log_in, sign_up

User = get_user_model()

LONG_DOMAIN = ".".join(["x" * 60] * 4) + ".example.com"
UNDELIVERABLE = [
    "a@" + "例" * 63 + ".cn",
    "a@℀.com",
    "a@．.com",
    "a@\uffff.com",
    "a@א1a.com",
    "a@\u2028x.com",
    '"a"@example.com',
    '"a\\ b"@example.com',
    "用户@example.com",
    "a" * 243 + "@example.com",
    f"a@{LONG_DOMAIN}XYZ",
    "a@" + ".".join(["例" * 40] * 9) + ".cn",
]


@pytest.mark.parametrize(
    ("typed", "one"),
    [
        ("v@EXAMPLE.com", "v@example.com"),
        ("v@ｅxample.com", "v@example.com"),
        ("v@exａmple。com", "v@example.com"),
        ("v@例子.cn", "v@例子.cn"),
        ("v@xn--fsqu00a.cn", "v@例子.cn"),
        ("v@xn--strae-oqa.example", "v@xn--strae-oqa.example"),
        ("a" * 242 + "@example.com", "a" * 242 + "@example.com"),
    ],
)
def test_each_spelling_of_a_mailbox_becomes_one(typed: str, one: str) -> None:
    assert canonical(typed) == one
    assert canonical(one) == one


@settings(deadline=None)
@given(st.from_regex(r"\A[a-z]{1,5}@[\w.-]{1,20}\.(com|例子)\Z"))
def test_it_names_the_same_mailbox_in_one_way(typed: str) -> None:
    try:
        one = canonical(typed)
    except RefusedMessage:
        return
    assert addresses.split(one) == addresses.split(typed)
    assert canonical(one) == one
    assert len(one) <= 254


@pytest.mark.django_db
@pytest.mark.parametrize("email", UNDELIVERABLE)
def test_the_forms_refuse_what_mail_can_not_go_to(
    outbox_backend: None, client: Client, member: Any, email: str
) -> None:
    asked = [
        sign_up(client, email),
        client.post(reverse("account_reset_password"), {"email": email}),
    ]
    log_in(client)
    page = reverse("account_reauthenticate")
    client.post(page, {"password": PASSWORD})
    asked.append(client.post(reverse("account_email"), {"email": email, "action_add": ""}))
    for response in asked:
        assert response.status_code == 200
        assert response.context["form"].errors["email"]
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [member.email]


@pytest.mark.django_db
def test_an_address_too_long_is_named_so(client: Client) -> None:
    response = sign_up(client, "a" * 243 + "@example.com", headers={"accept-language": "en"})
    assert "254" in response.context["form"].errors["email"][0]


@pytest.mark.django_db
def test_one_mailbox_gets_one_account_and_one_cool_down(client: Client, mailoutbox: Any) -> None:
    for email in ("v@example.com", "v@ｅxample.com", "v@exａmple.com", '"v"@example.com'):
        sign_up(Client(), email)
    assert User.objects.count() == 1
    assert [(mail.to, mail.mailcenter.kind) for mail in mailoutbox if mail.to] == [
        (["v@example.com"], kind) for kind in kinds_of(mailoutbox)
    ]
    assert kinds_of(mailoutbox).count("email_verification") == 1


@pytest.mark.django_db
def test_each_spelling_opens_the_account_and_resets_its_password(
    client: Client, mailoutbox: Any
) -> None:
    sign_up(client, "v@xn--fsqu00a.cn")
    assert User.objects.get().email == "v@例子.cn"
    EmailAddress.objects.update(verified=True)

    client.post(reverse("account_reset_password"), {"email": "v@xn--fsqu00a.cn"})
    assert (mailoutbox[1].to, kinds_of(mailoutbox)[1]) == (["v@例子.cn"], "password_reset")
    form = client.get(urlsplit(link(mailoutbox[1])).path).headers["Location"]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    for email in ("v@xn--fsqu00a.cn", "v@例子.cn", "V@例子.CN"):
        visitor = Client()
        log_in(visitor, email, NEW_PASSWORD)
        assert "_auth_user_id" in visitor.session


@pytest.mark.django_db
def test_a_log_in_with_what_is_no_address_is_refused_as_any_other(client: Client) -> None:
    response = log_in(client, '"a"@example.com')
    assert response.status_code == 200
    assert response.context["form"].errors
