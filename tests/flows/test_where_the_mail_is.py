"""What the pages after sign-up say about the mail, and to whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter.flows import following
from mailcenter.flows.whereabouts import CAUSES
from mailcenter.models import Account, Message, Recipient
from mailcenter.replies import VerdictClass
from tests.factories import SuperuserFactory
from tests.flows.visitor import PASSWORD, log_in, sign_up, without_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox_backend", "still_clock")]
Status = Message.Status
AT_10_42 = datetime(2026, 1, 2, 2, 42, tzinfo=UTC)  # in Shanghai
LATER = datetime(2099, 1, 2, 2, 42, tzinfo=UTC)
STATES: list[tuple[dict[str, Any], str]] = [
    ({}, "waiting"),
    ({"status": Status.SENDING, "lease_owner": "w", "lease_expires_at": LATER}, "waiting"),
    ({"last_verdict": VerdictClass.TEMPORARY, "next_attempt_at": LATER}, "delayed"),
    ({"last_verdict": VerdictClass.RATE_LIMITED}, "delayed"),
    ({"status": Status.SENT, "sent_at": AT_10_42}, "accepted"),
    ({"status": Status.DELIVERED, "sent_at": AT_10_42}, "arrived"),
    ({"status": Status.UNCERTAIN}, "unsure"),
    ({"status": Status.FAILED, "last_verdict": VerdictClass.RECIPIENT_UNKNOWN}, "refused"),
    ({"status": Status.BOUNCED, "last_verdict": VerdictClass.RECIPIENT_UNKNOWN}, "refused"),
    ({"status": Status.FAILED, "last_verdict": VerdictClass.RECIPIENT_FULL}, "full"),
    ({"status": Status.FAILED, "last_verdict": VerdictClass.AUTH}, "failed"),
    ({"status": Status.FAILED, "last_verdict": ""}, "failed"),
    ({"status": Status.EXPIRED}, "late"),
    ({"status": Status.CANCELLED}, "stopped"),
    ({"status": Status.SUPPRESSED}, "stopped"),
]
FRESH = {
    "status": Status.QUEUED,
    "last_verdict": "",
    "lease_owner": "",
    "lease_expires_at": None,
    "next_attempt_at": AT_10_42,
}
OPEN = {"waiting", "delayed", "unsure"}
MAIL_STATUS = "account_mail_status"


def visitor(language: str = "en") -> Client:
    return Client(headers={"accept-language": language})


def told(client: Client) -> str:
    return client.get(reverse(MAIL_STATUS)).content.decode()


def state(html: str) -> str:
    found = re.search(r'data-state="(\w+)"', html)
    return found[1] if found else ""


def page(client: Client) -> str:
    return client.get(reverse("account_email_verification_sent")).content.decode()


def set_row(**columns: Any) -> None:
    Message.objects.update(**columns)


@pytest.mark.parametrize(("columns", "expected"), STATES)
def test_each_state_of_the_row_has_its_sentence(columns: dict[str, Any], expected: str) -> None:
    client = visitor()
    sign_up(client)
    set_row(**columns)

    sentence = told(client)
    assert state(sentence) == expected
    assert ("data-final" in sentence) is (expected not in OPEN)
    # Without the script the page says the same.
    assert sentence.strip() in page(client)


def test_times_are_told(client: Client) -> None:
    sign_up(client)
    set_row(status=Status.SENT, sent_at=AT_10_42)
    assert ">10:42</time>" in told(client)
    set_row(status=Status.QUEUED, last_verdict=VerdictClass.TEMPORARY, next_attempt_at=LATER)
    assert ">10:42</time>" in told(client)


def test_a_paused_account_is_a_delay() -> None:
    client = visitor()
    sign_up(client)
    Account.objects.filter(pk=Account.ENVIRONMENT).update(
        paused_until=timezone.now() + timedelta(hours=1), pause_reason="wrong code"
    )
    sentence = told(client)
    assert state(sentence) == "delayed"
    assert "wrong code" not in sentence


@pytest.mark.parametrize("columns", [columns for columns, _state in STATES])
def test_no_words_of_a_provider_and_no_name_of_an_account(columns: dict[str, Any]) -> None:
    client = visitor()
    sign_up(client)
    set_row(last_reply_code=550, **columns)
    Recipient.objects.update(reply_code=550, reply_text="550 PROVIDERS WORDS")
    Account.objects.update(paused_until=LATER, pause_reason="550 PROVIDERS WORDS")
    assert "PROVIDERS" not in page(client)
    assert "550" not in told(client)
    assert Account.ENVIRONMENT not in told(client)


def test_every_meaning_of_a_reply_has_a_cause_for_visitors() -> None:
    assert set(CAUSES) == set(VerdictClass)


def test_nobody_else_is_told() -> None:
    mine, other = visitor(), visitor()
    sign_up(mine)
    assert state(told(mine)) == "waiting"
    assert told(other) == ""
    sign_up(other, "other@example.com")
    set_row(status=Status.SENT, sent_at=AT_10_42)
    sign_up(mine, "third@example.com")
    assert (state(told(mine)), state(told(other))) == ("waiting", "accepted")


def test_a_mail_that_another_session_caused_is_not_followed() -> None:
    first, second = visitor(), visitor()
    sign_up(first)
    set_row(status=Status.SENT, sent_at=AT_10_42)
    sign_up(second)  # within the cool-down: nothing is sent
    assert Message.objects.count() == 1
    assert state(told(second)) == "unknown"
    # Nor does the wait tell that somebody else asked a moment ago.
    assert "in 3 min" in page(second)


def test_a_flow_that_sends_nothing_leaves_the_earlier_state() -> None:
    client = visitor()
    sign_up(client)
    set_row(status=Status.SENT, sent_at=AT_10_42)
    sign_up(client)
    client.post(reverse("account_email_verification_sent"))
    assert Message.objects.count() == 1
    assert state(told(client)) == "accepted"


def test_the_button_makes_the_pages_follow_the_new_mail(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    client = visitor()
    sign_up(client)
    set_row(status=Status.FAILED, last_verdict=VerdictClass.TEMPORARY)
    assert state(told(client)) == "failed"
    client.post(reverse("account_email_verification_sent"))
    assert state(told(client)) == "waiting"


def test_a_reset_tells_nothing_and_changes_nothing(member: Any) -> None:
    client = visitor()
    sign_up(client)
    set_row(status=Status.SENT, sent_at=AT_10_42)
    for email in (member.email, "nobody@example.com"):
        answer = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        assert state(answer.content.decode()) == ""
        assert state(told(client)) == "accepted"


def test_after_the_log_in_nothing_is_told() -> None:
    client = visitor()
    sign_up(client)
    EmailAddress.objects.update(verified=True)
    log_in(client, "new@example.com")
    assert "_auth_user_id" in client.session
    assert told(client) == ""


def test_what_a_member_causes_is_not_followed(member: Any) -> None:
    client = visitor()
    log_in(client)
    change = {"email": "second@example.com", "action_add": ""}
    again = client.post(reverse("account_email"), change).headers["Location"]
    client.post(again, {"password": PASSWORD})
    assert Message.objects.filter(kind="email_verification").exists()
    assert following.MAIL_KEY not in client.session


def test_an_operators_resend_looks_alike_for_a_new_and_a_taken_address(member: Any) -> None:
    operator = visitor()
    operator.force_login(SuperuserFactory())
    for email in ("new@example.com", member.email):
        client = visitor()
        sign_up(client, email)
        failed = Message.objects.latest("pk")
        Message.objects.filter(pk=failed.pk).update(status=Status.FAILED)
        assert state(told(client)) == "failed"
        operator.post(reverse("admin:mailcenter_message_resend", args=[failed.pk]))
        assert state(told(client)) == "waiting"
    assert Message.objects.filter(supersedes__isnull=False).count() == 1
    assert following.MAIL_KEY not in operator.session


def seen(email: str, states: list[dict[str, Any]]) -> list[str]:
    """All that a visitor can see while the mail goes through these states, and after a resend."""
    client = visitor()
    pages = []

    def look() -> None:
        for html in (page(client), told(client)):
            pages.append(without_token(html).replace(email, "ADDRESS"))

    sign_up(client, email)
    for columns in states:
        set_row(**{**FRESH, **columns})
        look()
    pages[-1] += resent(client).replace(email, "ADDRESS")
    look()
    pages[-1] += resent(client).replace(email, "ADDRESS")
    look()
    return pages


def resent(client: Client) -> str:
    url = reverse("account_email_verification_sent")
    answer = client.post(url, {"action": "resend"}, follow=True)
    return f"{answer.status_code} {without_token(answer.content.decode())}"


def compare_taken_with_new(settings: Any, taken: str) -> None:
    found = []
    for email in ("new@example.com", taken):
        Message.objects.all().delete()
        settings.ACCOUNT_RATE_LIMITS = {"confirm_email": "2/60s/key"}
        found.append(seen(email, [columns for columns, _state in STATES]))
        assert Message.objects.count() == 2
    assert found[0] == found[1]
    states = [state(html) for html in found[0][1::2]]
    assert states == [expected for _columns, expected in STATES] + ["waiting", "waiting"]


def test_a_taken_address_is_told_of_as_a_new_one(member: Any, settings: Any) -> None:
    compare_taken_with_new(settings, member.email)


def test_a_taken_address_is_told_of_as_a_new_one_by_code(
    by_code: None, member: Any, settings: Any
) -> None:
    compare_taken_with_new(settings, member.email)


def test_a_new_code_for_a_taken_address_lives_as_long(
    by_code: None, member: Any, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    for email in ("new@example.com", member.email):
        client = visitor()
        sign_up(client, email)
        session = client.session
        session["account_email_verification_code"]["at"] -= 590
        session.save()
        resent(client)
        renewed = client.session["account_email_verification_code"]["at"]
        assert renewed > session["account_email_verification_code"]["at"] + 500


def test_the_wait_is_told_in_words(settings: Any) -> None:
    client = visitor()
    sign_up(client)
    assert "You can have another one sent in 3 min." in page(client)
    assert 'data-seconds="180"' in page(client)
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": "1/45s/key"}
    assert "You can have another one sent in 45 s." in page(client)
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    assert "You can have another one sent" not in page(client)


@pytest.mark.parametrize(
    ("domain", "host"),
    [("qq.com", "mail.qq.com"), ("163.com", "mail.163.com"), ("live.com", "outlook.live.com")],
)
def test_a_link_opens_the_mailbox(domain: str, host: str) -> None:
    client = visitor()
    sign_up(client, f"new@{domain}")
    link = re.search(r'<p class="mailbox"><a [^>]*>', page(client))
    assert link
    assert f'href="https://{host}/' in link[0]
    assert 'rel="noopener noreferrer"' in link[0]


def test_an_unknown_domain_has_no_such_link() -> None:
    client = visitor()
    sign_up(client)
    assert "mailbox" not in page(client)


def test_nothing_of_it_is_kept_in_a_cache() -> None:
    client = visitor()
    sign_up(client)
    assert "no-store" in client.get(reverse(MAIL_STATUS)).headers["Cache-Control"]


def test_a_look_is_cheap(django_assert_max_num_queries: Any) -> None:
    client = visitor()
    sign_up(client)
    with django_assert_max_num_queries(5):
        assert state(told(client)) == "waiting"


def test_another_language_changes_nothing_but_the_words() -> None:
    client = visitor()
    sign_up(client)
    here = reverse("account_email_verification_sent")
    client.post(reverse("set_language"), {"language": "zh-hans", "next": here})
    html = page(client)
    assert '<html lang="zh-hans">' in html
    assert state(html) == "waiting"
    assert "new@example.com" in html
