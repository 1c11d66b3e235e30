"""An operator sends a verification or reset mail afresh."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import translation

from mailcenter.exceptions import ResendRefused
from mailcenter.flows import fresh
from mailcenter.models import Message
from tests.flows.visitor import sign_up

User = get_user_model()
pytestmark = pytest.mark.django_db


@pytest.fixture
def verification(outbox_backend: None, client: Client) -> Message:
    sign_up(client, headers={"accept-language": "en"})
    return Message.objects.get()


@pytest.fixture
def reset(outbox_backend: None, client: Client, member: Any) -> Message:
    client.post(reverse("account_reset_password"), {"email": member.email})
    return Message.objects.get()


def test_a_fresh_verification_goes_to_the_same_address_in_its_language(
    verification: Message,
) -> None:
    with translation.override("zh-hans"):
        fresh.send_verification(verification)
    again = Message.objects.exclude(pk=verification.pk).get()
    assert again.recipients.get().address == "new@example.com"
    assert (again.kind, again.language) == ("email_verification", "en")


def test_a_check_sends_nothing(verification: Message) -> None:
    assert fresh.check_verification(verification).email == "new@example.com"
    assert Message.objects.count() == 1


def test_a_fresh_reset_goes_to_the_same_address(reset: Message) -> None:
    fresh.send_reset(reset)
    again = Message.objects.exclude(pk=reset.pk).get()
    assert again.recipients.get().address == "ann@example.com"
    assert (again.kind, again.user) == ("password_reset", reset.user)


def test_a_verified_address_gets_no_fresh_verification(verification: Message) -> None:
    EmailAddress.objects.update(verified=True)
    with pytest.raises(ResendRefused):
        fresh.send_verification(verification)


@pytest.mark.parametrize("send", [fresh.send_verification, fresh.send_reset])
@pytest.mark.parametrize("change", ["inactive", "gone", "address moved"])
def test_nothing_fresh_for_an_account_that_is(
    change: str, send: Any, verification: Message
) -> None:
    user = verification.user
    assert user
    if change == "inactive":
        User.objects.update(is_active=False)
    elif change == "gone":
        user.delete()
    else:
        EmailAddress.objects.update(email="other@example.com")
        User.objects.update(email="other@example.com")
    with pytest.raises(ResendRefused):
        send(Message.objects.get())
    assert Message.objects.count() == 1


@pytest.mark.parametrize("send", [fresh.send_verification, fresh.check_reset, fresh.refuse_code])
def test_a_code_is_never_sent_afresh(send: Any, by_code: None, verification: Message) -> None:
    with pytest.raises(ResendRefused):
        send(verification)
