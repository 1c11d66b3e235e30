"""Slips of the finger in an address: what is asked about, and that nothing is blocked."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from mailcenter.flows import slips
from mailcenter.flows.webmail import DOMAINS
from tests.flows.visitor import PASSWORD, sign_up

# tests/browser/test_story_of_a_wrong_address.py types them all.
SLIPS = {
    "qq.con": "qq.com",
    "qq.cm": "qq.com",
    "qqcom": "qq.com",
    "qqq.com": "qq.com",
    "vipqq.com": "vip.qq.com",
    "vip.qq.con": "vip.qq.com",
    "163.cm": "163.com",
    "163.ocm": "163.com",
    "126.co": "126.com",
    "yeah.ne": "yeah.net",
    "gmial.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmil.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "gmail.comm": "gmail.com",
    "gmailcom": "gmail.com",
    "GMIAL.com": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmai.com": "hotmail.com",
    "outlok.com": "outlook.com",
    "yaho.com": "yahoo.com",
    "icoud.com": "icloud.com",
    "foxmial.com": "foxmail.com",
    "aliyun.con": "aliyun.com",
}
RIGHT = [
    "mail.com",
    "email.com",
    "ymail.com",
    "cloud.com",
    "qq.cn",
    "188.com",
    "139.com",
    "263.com",
    "162.com",
    "163.net",
    "sina.cn",
    "yahoo.co.uk",
    "live.cn",
    "love.com",
    "example.com",
    "practice.test",
    "例子.cn",
]


@pytest.mark.parametrize(("typed", "right"), SLIPS.items())
def test_a_slip_is_noticed(typed: str, right: str) -> None:
    assert slips.meant(f"Ann@{typed}") == f"Ann@{right}"


@pytest.mark.parametrize("domain", [*RIGHT, *DOMAINS, *slips.NEIGHBOURS])
def test_a_real_domain_is_left_alone(domain: str) -> None:
    assert slips.meant(f"ann@{domain}") == ""


@pytest.mark.parametrize("typed", ["", "@", "ann", "ann@", "@gmial.com", "@@", " "])
def test_what_is_no_address_yet_is_left_alone(typed: str) -> None:
    assert slips.meant(typed) == ""


@pytest.mark.django_db
def test_the_form_asks_once_and_then_takes_the_address(client: Client, mailoutbox: Any) -> None:
    answer = sign_up(client, "ann@gmial.com")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "<strong>ann@gmail.com</strong>" in html
    assert 'aria-describedby="id_email_error"' in html
    assert not mailoutbox

    kept = answer.context["form"]["kept_address"].value()
    again = {"email": "ann@gmial.com", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post(reverse("account_signup"), {**again, "kept_address": kept})
    assert answer.headers["Location"] == reverse("account_email_verification_sent")
    assert mailoutbox[0].to == ["ann@gmial.com"]


@pytest.mark.django_db
def test_another_slip_is_asked_about_anew(client: Client) -> None:
    data = {"email": "ann@qq.con", "password1": PASSWORD, "kept_address": "ann@gmial.com"}
    answer = client.post(reverse("account_signup"), data)
    assert "<strong>ann@qq.com</strong>" in answer.content.decode()


@pytest.mark.django_db
def test_what_is_no_valid_address_gets_the_suggestion_too(client: Client) -> None:
    html = sign_up(client, "ann@gmailcom").content.decode()
    assert "<strong>ann@gmail.com</strong>" in html


@pytest.mark.django_db
def test_the_suggestion_is_taken_without_a_script(client: Client) -> None:
    sign_up(client, "ann@gmial.com")
    answer = client.post(reverse("account_correct_address"), {"address": "ann@gmail.com"})
    assert answer.headers["Location"] == reverse("account_signup")
    assert 'value="ann@gmail.com"' in client.get(reverse("account_signup")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("by", ["link", "code"])
def test_the_address_is_corrected_after_sign_up(
    client: Client, member: Any, request: Any, mailoutbox: Any, taken: bool, by: str
) -> None:
    if by == "code":
        request.getfixturevalue("by_code")
    email = member.email if taken else "new@example.com"
    sign_up(client, email)
    answer = client.post(reverse("account_correct_address"))
    assert answer.headers["Location"] == reverse("account_signup")
    assert email not in answer.headers["Location"]
    answer = client.get(reverse("account_signup"))
    assert f'value="{email}"' in answer.content.decode()

    sign_up(client, "right@example.com")
    assert mailoutbox[-1].to == ["right@example.com"]
    page = client.get(reverse("account_email_verification_sent")).content.decode()
    assert "right@example.com" in page
    assert not EmailAddress.objects.filter(email="new@example.com", verified=True).exists()


@pytest.mark.django_db
def test_the_way_back_needs_a_post_and_tells_a_stranger_nothing(client: Client) -> None:
    sign_up(Client())
    assert client.get(reverse("account_correct_address")).status_code == 405
    client.post(reverse("account_correct_address"))
    assert "new@example.com" not in client.get(reverse("account_signup")).content.decode()
