"""What the log keeps of a mail after it was sent: link opened or code entered, and done."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter import inviting, resend, sealing
from mailcenter.flows import progress
from mailcenter.models import Message
from tests.factories import MessageFactory, SuperuserFactory
from tests.flows.visitor import NEW_PASSWORD, code, link, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox_backend")]
HERE = "account_email_verification_sent"
NEW_PASSWORDS = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
Committed = Callable[..., Any]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """Do something, and what is put off until the commit."""

    def do(act: Callable[..., Any], *args: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return act(*args)

    return do


def text(message: Message) -> Any:
    """As its reader has it."""
    raw = message_from_bytes(sealing.unseal(message.content.sealed), policy=policy.default)
    body = raw.get_body(("plain",))
    assert body
    return SimpleNamespace(body=body.get_content())


def secret_path(message: Message) -> str:
    return urlsplit(link(text(message))).path


def newest(kind: str) -> Message:
    return Message.objects.filter(kind=kind).latest("pk")


def marks(message: Message) -> tuple[bool, bool]:
    """Whether it was opened, and what it is for done."""
    message.refresh_from_db()
    return bool(message.opened_at), bool(message.done_at)


def ask_for_reset(client: Client, email: str) -> tuple[Message, str]:
    """The mail, and the page that follows."""
    page = client.post(reverse("account_reset_password"), {"email": email})
    return newest("password_reset"), page.headers["Location"]


def test_the_link_of_a_verification(committed: Committed) -> None:
    sign_up(Client())
    mail = newest("email_verification")
    path = secret_path(mail)
    for wrong in (path[:-5] + "x/", "/accounts/confirm-email/MQ:dead:link/"):
        committed(Client().get, wrong)
        committed(Client().post, wrong)
    assert marks(mail) == (False, False)

    committed(Client().get, path)
    assert marks(mail) == (True, False)
    opened_at = mail.opened_at
    committed(Client().get, path)
    committed(Client().post, path)
    assert marks(mail) == (True, True)
    assert mail.opened_at == opened_at


def test_the_code_of_a_verification(by_code: None, client: Client, committed: Committed) -> None:
    page = sign_up(client).headers["Location"]
    mail = newest("email_verification")
    committed(client.post, page, {"code": "wrong"})
    assert marks(mail) == (False, False)
    committed(client.post, page, {"code": code(text(mail))})
    assert marks(mail) == (True, True)
    assert mail.opened_at == mail.done_at


def test_the_link_of_a_reset(client: Client, member: Any, committed: Committed) -> None:
    mail, _page = ask_for_reset(client, member.email)
    committed(Client().get, secret_path(mail)[:-5] + "x/")
    committed(Client().get, reverse("account_reset_password_from_key", args=["1", "set-password"]))
    assert marks(mail) == (False, False)

    form = client.get(secret_path(mail)).headers["Location"]
    committed(client.get, form)
    assert marks(mail) == (True, False)
    committed(client.post, form, {"password1": NEW_PASSWORD, "password2": "another"})
    assert marks(mail) == (True, False)
    committed(client.post, form, NEW_PASSWORDS)
    assert marks(mail) == (True, True)


def test_the_code_of_a_reset(
    by_code: None, client: Client, member: Any, committed: Committed
) -> None:
    mail, page = ask_for_reset(client, member.email)
    committed(client.post, page, {"code": "wrong"})
    assert marks(mail) == (False, False)

    form = committed(client.post, page, {"code": code(text(mail))}).headers["Location"]
    assert marks(mail) == (True, False)
    # From now on allauth gives as much time again.
    Message.objects.update(expires_at=timezone.now())
    committed(client.post, form, {"password1": NEW_PASSWORD, "password2": "another"})
    assert marks(mail) == (True, False)
    committed(client.post, form, NEW_PASSWORDS)
    assert marks(mail) == (True, True)


@pytest.mark.parametrize("active", [True, False])
def test_the_code_of_a_log_in(
    log_in_by_code: None, client: Client, member: Any, committed: Committed, active: bool
) -> None:
    client.post(reverse("account_request_login_code"), {"email": member.email})
    mail, page = newest("login_code"), reverse("account_confirm_login_code")
    committed(client.post, page, {"code": "wrong"})
    assert marks(mail) == (False, False)

    type(member).objects.update(is_active=active)
    committed(client.post, page, {"code": code(text(mail))})
    assert marks(mail) == (True, active)
    assert ("_auth_user_id" in client.session) is active


def test_an_address_that_another_mail_proves_does_not_mark_its_verification(
    by_code: None, client: Client, committed: Committed
) -> None:
    sign_up(Client())
    verification = newest("email_verification")
    mail, page = ask_for_reset(client, "new@example.com")
    committed(client.post, page, {"code": code(text(mail))})
    assert EmailAddress.objects.get().verified
    assert marks(mail) == (True, False)
    assert marks(verification) == (False, False)


def test_the_newest_mail_is_marked_whichever_link_was_used(
    client: Client, committed: Committed, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    sign_up(client)
    older = newest("email_verification")
    client.post(reverse(HERE))
    newer = newest("email_verification")
    others = [
        MessageFactory(
            kind=kind, to=[address], user=newer.user, expires_at=newer.expires_at, status="sent"
        )
        for kind, address in (
            ("email_verification", "new@example.co"),
            ("password_reset", "new@example.com"),
        )
    ]
    assert newer != older
    committed(client.post, secret_path(older))
    assert marks(newer) == (True, True)
    assert [marks(mail) for mail in [older, *others]] == [(False, False)] * 3


def test_a_mail_whose_secret_is_dead_is_not_the_one(committed: Committed) -> None:
    sign_up(Client())
    mail = newest("email_verification")
    path = secret_path(mail)
    Message.objects.update(expires_at=timezone.now())
    committed(Client().get, path)
    committed(Client().post, path)
    assert marks(mail) == (False, False)


def test_an_address_that_somebody_else_has_verified_meanwhile_is_not_done(
    member: Any, committed: Committed
) -> None:
    sign_up(Client())
    mail = newest("email_verification")
    EmailAddress.objects.create(user=member, email="new@example.com", verified=True)
    committed(Client().post, secret_path(mail))
    assert marks(mail) == (False, False)


@pytest.mark.parametrize("act", [resend.resend, lambda mail, who: inviting.invite(mail.user, who)])
@pytest.mark.parametrize("kind", ["email_verification", "password_reset"])
def test_what_an_operator_sends_afresh_is_the_newest(
    client: Client, committed: Committed, kind: str, act: Any
) -> None:
    sign_up(client)
    if kind == "password_reset":
        EmailAddress.objects.update(verified=True)
        ask_for_reset(client, "new@example.com")
    Message.objects.all().cancel(timezone.now())
    first = newest(kind)
    fresh = act(first, SuperuserFactory())
    assert fresh.supersedes == first

    if kind == "password_reset":
        form = client.get(secret_path(fresh)).headers["Location"]
        committed(client.get, form)
        committed(client.post, form, NEW_PASSWORDS)
    else:
        committed(client.post, secret_path(fresh))
    assert marks(fresh) == (True, True)
    assert not Message.objects.exclude(pk=fresh.pk).filter(opened_at__isnull=False)


@pytest.mark.django_db(transaction=True)
def test_a_mark_that_fails_stops_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        # The database itself has refused something.
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    sign_up(client)
    path = secret_path(newest("email_verification"))
    monkeypatch.setattr(progress, "newest", fail)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 302
    assert EmailAddress.objects.get().verified
    assert caplog.text.count("no_such_table") >= 2
    assert not Message.objects.filter(opened_at__isnull=False)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans a table this small")
@pytest.mark.parametrize(
    ("whose", "index"),
    [
        ({"address": "ann@example.com", "user_id": None}, "recipient_address_folded"),
        ({"address": "", "user_id": 1}, "mailcenter_message_user_id"),
    ],
)
def test_an_index_finds_the_mail(whose: dict[str, Any], index: str) -> None:
    plan = progress.newest("email_verification", **whose).explain()
    assert index in plan
    assert "SCAN" not in plan
