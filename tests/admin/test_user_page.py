"""The mails of one user, and another one that lets the user in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter import inviting
from mailcenter.exceptions import ResendRefused
from mailcenter.models import Message, OperatorAction
from tests.factories import MessageFactory, RecipientFactory, StaffFactory, UserFactory
from tests.flows.visitor import sign_up

pytestmark = pytest.mark.django_db
User = get_user_model()
Status = Message.Status


def page(browser: Client, user: Any, name: str = "user") -> str:
    response = browser.get(reverse(f"admin:mailcenter_message_{name}", args=[user.pk]))
    assert response.status_code == 200
    return response.content.decode()


def invite(browser: Client, user: Any, **values: str) -> str:
    """What the page says then."""
    url = reverse("admin:mailcenter_message_invite", args=[user.pk])
    return browser.post(url, values, follow=True).content.decode()


@pytest.fixture
def newcomer(settings: Any) -> Any:
    """Who has signed up; the mail that verifies the address has not arrived."""
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
    sign_up(Client(headers={"accept-language": "en"}))
    Message.objects.get()
    become(Status.FAILED)
    return User.objects.get(email="new@example.com")


def become(status: str) -> None:
    Message.objects.update(status=status)


def test_it_lists_the_users_mails_with_their_outcome(superuser: Client) -> None:
    user = UserFactory()
    theirs = MessageFactory(
        user=user, status=Status.FAILED, last_reply_code=550, last_verdict="recipient-unknown"
    )
    others = MessageFactory(user=UserFactory())
    html = page(superuser, user)
    assert reverse("admin:mailcenter_message_change", args=[theirs.pk]) in html
    assert "chip-bad" in html
    assert "550</span> no such recipient" in html
    assert reverse("admin:mailcenter_message_change", args=[others.pk]) not in html


def test_the_newest_mails_come_first_and_the_rest_is_named(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailcenter.admin.users.SHOWN", 2)
    user, now = UserFactory(), timezone.now()
    for days in range(3):
        MessageFactory(user=user, subject=f"Day {days}", created_at=now - timedelta(days=days))
    html = page(superuser, user)
    assert html.index("Day 0") < html.index("Day 1")
    assert "Day 2" not in html
    assert "The newest 2 are shown." in html


def test_the_number_of_queries_does_not_grow_with_the_mails(superuser: Client) -> None:
    user = UserFactory()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, user)
        return len(captured)

    MessageFactory(user=user)
    queries()
    few = queries()
    for _number in range(20):
        MessageFactory(user=user)
    assert queries() == few <= 12


def test_the_page_of_the_user_and_of_a_message_lead_to_it(superuser: Client) -> None:
    user = UserFactory()
    link = f'href="{reverse("admin:mailcenter_message_user", args=[user.pk])}"'
    own = reverse("admin:auth_user_change", args=[user.pk])
    message = reverse("admin:mailcenter_message_change", args=[MessageFactory(user=user).pk])
    for address in (own, message):
        assert link in superuser.get(address).content.decode()
    assert f'href="{own}"' in page(superuser, user)


def test_without_the_right_to_view_messages_nothing_leads_there(client: Client) -> None:
    staff = StaffFactory()
    staff.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client.force_login(staff)
    html = client.get(reverse("admin:auth_user_change", args=[staff.pk])).content.decode()
    assert reverse("admin:mailcenter_message_user", args=[staff.pk]) not in html


def test_the_button_and_the_link_follow_the_rights(superuser: Client, client: Client) -> None:
    user = UserFactory()
    invitation = reverse("admin:mailcenter_message_invite", args=[user.pk])
    assert invitation in page(superuser, user)
    client.force_login(StaffFactory(permissions=["view_message"]))
    html = page(client, user)
    assert invitation not in html
    assert reverse("admin:auth_user_change", args=[user.pk]) not in html


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "%00"])
def test_a_user_who_is_not_there_is_not_found(superuser: Client, key: str) -> None:
    base = reverse("admin:mailcenter_message_changelist")
    assert superuser.get(f"{base}user/{key}/").status_code in (400, 404)


def test_who_has_not_verified_the_address_gets_a_fresh_verification(
    superuser: Client, newcomer: Any
) -> None:
    old = Message.objects.get()
    assert "new@example.com: address verification" in page(superuser, newcomer, "invite")
    assert Message.objects.count() == 1
    assert "The mail is in the queue." in invite(superuser, newcomer)
    new = Message.objects.exclude(pk=old.pk).get()
    assert (new.kind, new.user, new.supersedes) == ("email_verification", newcomer, old)
    assert new.recipients.get().address == "new@example.com"
    assert (new.next_trigger, new.triggered_by_name) == ("resend", "wang")
    assert OperatorAction.objects.get().user_name == "wang"
    assert {entry.object_id for entry in LogEntry.objects.all()} == {str(newcomer.pk)}


def test_who_has_verified_it_gets_a_link_that_sets_a_password(
    superuser: Client, newcomer: Any
) -> None:
    EmailAddress.objects.update(verified=True)
    old = Message.objects.get()
    assert "new@example.com: password reset" in page(superuser, newcomer, "invite")
    invite(superuser, newcomer)
    new = Message.objects.exclude(pk=old.pk).get()
    assert (new.kind, new.user, new.supersedes) == ("password_reset", newcomer, old)
    assert (new.next_trigger, new.triggered_by_name) == ("resend", "wang")
    assert OperatorAction.objects.get().message == old


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("inactive", "The account is deactivated."),
        ("another address", "This address no longer belongs to the account."),
        ("several addresses", "The mail went to several addresses."),
        ("on its way", "is on its way to this user already"),
        ("no mail", "No mail with a link has gone to this user yet"),
    ],
)
def test_what_would_be_of_no_use_is_refused_with_the_reason(
    superuser: Client, newcomer: Any, change: str, words: str
) -> None:
    if change == "inactive":
        User.objects.filter(pk=newcomer.pk).update(is_active=False)
    elif change == "another address":
        EmailAddress.objects.update(email="other@example.com")
        User.objects.filter(pk=newcomer.pk).update(email="other@example.com")
    elif change == "several addresses":
        RecipientFactory(message=Message.objects.get(), address="other@example.com")
    elif change == "on its way":
        become(Status.QUEUED)
    else:
        Message.objects.all().delete()
    before = Message.objects.count()
    assert words in page(superuser, newcomer, "invite")
    assert words in invite(superuser, newcomer)
    assert Message.objects.count() == before
    assert not OperatorAction.objects.exists()
    assert not LogEntry.objects.exists()


def test_two_clicks_send_one_mail(superuser: Client, newcomer: Any) -> None:
    invite(superuser, newcomer)
    assert "on its way to this user already" in invite(superuser, newcomer)
    assert Message.objects.count() == 2


def test_a_possible_duplicate_has_to_be_confirmed(superuser: Client, newcomer: Any) -> None:
    become(Status.UNCERTAIN)
    assert 'name="duplicate"' in page(superuser, newcomer, "invite")
    invite(superuser, newcomer)
    assert Message.objects.count() == 1
    invite(superuser, newcomer, duplicate="yes")
    assert Message.objects.count() == 2


def test_a_site_by_code_sends_none(settings: Any, superuser: Client, newcomer: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
    settings.ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
    with pytest.raises(ResendRefused, match="Ask the visitor"):
        inviting.prepare(newcomer)
