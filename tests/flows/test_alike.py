"""A new address and a taken one: nothing that a visitor sees or counts tells them apart."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mailcenter import kinds
from mailcenter.flows.canonical import canonical
from mailcenter.models import Message
from tests.flows.visitor import PASSWORD, sign_up, without_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox_backend", "still_clock")]
HERE = "account_email_verification_sent"
STATUS = "account_mail_status"
# What is typed for a taken address, for a new one, and the account of the first.
PAIRS: list[tuple[str, str, dict[str, Any]]] = [
    ("ann@example.com", "new@example.com", {"verified": True}),
    ("ann@example.com", "new@example.com", {"verified": False}),
    ("ann@example.com", "new@example.com", {"verified": True, "active": False}),
    ("Ann@EXAMPLE.com", "New@EXAMPLE.com", {"verified": True}),
    ("ann@xn--fsqu00a.cn", "new@xn--fsqu00a.cn", {"verified": True}),
]
# By then the cool-down is over.
LATER = "later"
RESEND = ("post", HERE, {"action": "resend"})
LOOK: list[Any] = [("get", HERE, {}), ("get", STATUS, {})]
STORY: list[Any] = [
    *LOOK,
    RESEND,
    *LOOK,
    LATER,
    RESEND,
    *LOOK,
    LATER,
    RESEND,
    *LOOK,
    LATER,
    RESEND,
    *LOOK,
    # Going back, and another tab.
    ("get", "account_signup", {}),
    ("get", "account_login", {}),
    ("post", HERE, {"code": "wrong"}),
    ("post", HERE, {"action": "change", "email": "third@example.com"}),
    *LOOK,
    ("post", "account_correct_address", {}),
    *LOOK,
    ("get", "account_signup", {}),
    RESEND,
]


@pytest.fixture(params=["link", "code"])
def by(request: pytest.FixtureRequest) -> str:
    if request.param == "code":
        request.getfixturevalue("by_code")
    return str(request.param)


@pytest.mark.parametrize("headers", [{}, {"x-requested-with": "XMLHttpRequest"}])
@pytest.mark.parametrize(("taken", "new", "account"), PAIRS)
def test_a_taken_address_is_answered_as_a_new_one(
    by: str, taken: str, new: str, account: dict[str, Any], headers: dict[str, str]
) -> None:
    make_account(canonical(taken).lower(), **account)
    answers: list[list[dict[str, Any]]] = []
    for email in (taken, new):
        cache.clear()
        client = Client(headers={"accept-language": "en", **headers})
        form = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
        answers.append([])
        for step in [("get", "account_signup", {}), ("post", "account_signup", form), *STORY]:
            if step == LATER:
                cache.clear()
            else:
                answers[-1].append(answer(client, email, *step))
    for of_taken, of_new in zip(*answers, strict=True):
        assert of_taken == of_new
    assert sum(one["mails"] for one in answers[0]) in {3, 4}


@pytest.mark.parametrize("account", [{"verified": True}, {"verified": False}])
def test_a_look_costs_as_many_statements(by: str, account: dict[str, Any]) -> None:
    make_account("ann@example.com", **account)
    counts = []
    for email in ("ann@example.com", "new@example.com"):
        client = Client()
        sign_up(client, email)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(reverse(STATUS)).content
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_both_mails_of_a_sign_up_are_sent_alike() -> None:
    new, taken = kinds.get("email_verification"), kinds.get("account_exists")
    assert (new.priority, new.once_more) == (taken.priority, taken.once_more)


def test_both_mails_are_given_up_after_the_same_time(by: str) -> None:
    """Else the page would say "too late" of the one and "waits" of the other."""
    make_account("ann@example.com", verified=True)
    seconds = []
    for email in ("ann@example.com", "new@example.com"):
        sign_up(Client(), email)
        mail = Message.objects.latest("pk")
        assert mail.expires_at
        seconds.append(round((mail.expires_at - mail.created_at).total_seconds()))
    assert seconds[0] == seconds[1]


def test_one_visitor_cannot_have_many_addresses_mailed_again_and_again(
    by: str, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "5/m/ip", "confirm_email": None}
    statuses = []
    for number in range(3):
        client = Client()
        sign_up(client, f"{number}@example.com")
        statuses.append(client.post(reverse(HERE), {"action": "resend"}).status_code)
    assert statuses == [302, 302, 429]
    assert Message.objects.count() == 5


def test_the_way_back_keeps_no_endless_number_of_sessions(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
    url = reverse("account_correct_address")
    given = {"address": "ann@example.com"}
    statuses = [Client().post(url, given).status_code for _visitor in range(3)]
    assert statuses == [302, 302, 429]


@pytest.mark.parametrize(
    "address", ['a"><script>alert(1)</script>@gmial.com', "安" * 5000 + "@qq.con"]
)
def test_an_address_is_only_ever_text(client: Client, address: str) -> None:
    pages = [sign_up(client, address).content.decode()]
    client.post(reverse("account_correct_address"), {"address": address})
    pages.append(client.get(reverse("account_signup")).content.decode())
    for html in pages:
        assert "<script>alert" not in html
        assert 'a"><' not in html


def test_no_page_holds_a_script_or_style_of_its_own(client: Client) -> None:
    """The site's policy would not run it."""
    pages = [client.get(reverse("account_signup"))]
    sign_up(client)
    pages += [client.get(reverse(HERE)), client.get(reverse(STATUS))]
    for page in pages:
        html = page.content.decode()
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        scripts = re.findall(r"<script[^>]*>", html)
        assert all(" src=" in tag or 'type="application/json"' in tag for tag in scripts)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)


def make_account(email: str, *, verified: bool, active: bool = True) -> None:
    user = get_user_model().objects.create_user("ann", email, PASSWORD, is_active=active)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)


def answer(client: Client, email: str, method: str, name: str, data: Any) -> dict[str, Any]:
    """All of it that a visitor can see, and how many mails it caused."""
    mails = Message.objects.count()
    found = getattr(client, method)(reverse(name), data)
    # In allauth's JSON the page stands with its quotes escaped.
    words = without_token(found.content.decode().replace(r"\"", '"'))
    local = email.partition("@")[0]
    return {
        "step": (method, name, sorted(data)),
        "status": found.status_code,
        "words": re.sub(rf"\b{local}@", "NAME@", words, flags=re.IGNORECASE),
        "lower": words.count(local.lower() + "@"),
        "headers": {
            key: value
            for key, value in found.headers.items()
            if key not in {"Expires", "Content-Length"}
        },
        "cookies": {
            key: (cookie["path"], cookie["max-age"], cookie["samesite"], cookie["httponly"])
            for key, cookie in found.cookies.items()
        },
        "mails": Message.objects.count() - mails,
    }
