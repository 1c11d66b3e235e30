"""What an operator does to one message: asked on GET, done and recorded on POST."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailcenter.models import Account, Message, OperatorAction
from tests.admin.conftest import ASK_THE_VISITOR
from tests.factories import AttemptFactory, MessageFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def url(act: str, message: Message) -> str:
    return reverse(f"admin:mailcenter_message_{act}", args=[message.pk])


def post(client: Client, act: str, message: Message, **data: str) -> HttpResponse:
    return client.post(url(act, message), data, follow=True)


def recorded(message: Message) -> list[tuple[str, str]]:
    return list(message.actions.values_list("verb", "user_name"))


def test_a_failed_mail_waits_in_the_queue_again(superuser: Client) -> None:
    message = MessageFactory(status=Status.FAILED)
    response = post(superuser, "resend", message)
    assert "The mail is in the queue." in response.content.decode()
    message.refresh_from_db()
    assert message.status == Status.QUEUED
    assert message.next_trigger == "resend"
    assert recorded(message) == [("resend", "wang")]
    entry = LogEntry.objects.get()
    assert entry.object_id == str(message.pk)
    assert entry.user.get_username() == "wang"


def test_a_sent_mail_can_be_resent_singly(superuser: Client) -> None:
    message = MessageFactory(status=Status.SENT)
    asked = superuser.get(url("resend", message)).content.decode()
    assert "the reader gets a second copy" in asked
    post(superuser, "resend", message)
    copy = Message.objects.get(supersedes=message)
    assert copy.status == Status.QUEUED
    assert copy.message_id != message.message_id


def test_a_mail_with_a_link_is_replaced_by_a_fresh_one(superuser: Client, link_kind: str) -> None:
    message = MessageFactory(
        kind=link_kind,
        status=Status.SENT,
        expires_at=timezone.now() + timedelta(hours=1),
        content__secret=True,
        content__raw=None,
    )
    asked = superuser.get(url("resend", message)).content.decode()
    assert "A new mail with a fresh link goes to the same address." in asked
    assert "The link in the older mail stays valid until" in asked
    response = post(superuser, "resend", message)
    fresh = Message.objects.get(supersedes=message)
    assert response.redirect_chain[-1][0] == reverse(
        "admin:mailcenter_message_change", args=[fresh.pk]
    )
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert recorded(message) == [("resend", "wang")]


def test_a_second_click_sends_nothing_more(superuser: Client, link_kind: str) -> None:
    message = MessageFactory(kind=link_kind, status=Status.FAILED, content__secret=True)
    post(superuser, "resend", message)
    response = post(superuser, "resend", message)
    assert "is on its way already" in response.content.decode()
    assert Message.objects.filter(supersedes=message).count() == 1


def test_a_dead_link_is_not_called_valid(superuser: Client, link_kind: str) -> None:
    for status, expires in ((Status.SENT, -1), (Status.FAILED, 1)):
        message = MessageFactory(
            kind=link_kind, status=status, expires_at=timezone.now() + timedelta(hours=expires)
        )
        assert "stays valid" not in superuser.get(url("resend", message)).content.decode()


def test_an_uncertain_mail_needs_a_second_confirmation(superuser: Client) -> None:
    message = MessageFactory(status=Status.UNCERTAIN)
    asked = superuser.get(url("resend", message)).content.decode()
    assert 'type="checkbox" name="duplicate"' in asked
    assert "may get a duplicate" in asked
    response = post(superuser, "resend", message)
    assert "Confirm that a second copy does no harm." in response.content.decode()
    message.refresh_from_db()
    assert message.status == Status.UNCERTAIN
    assert recorded(message) == []
    assert not LogEntry.objects.exists()
    post(superuser, "resend", message, duplicate="yes")
    message.refresh_from_db()
    assert message.status == Status.QUEUED
    assert message.possible_duplicate


def test_a_code_is_not_resent_and_the_page_says_who_can(superuser: Client, code_kind: str) -> None:
    message = MessageFactory(kind=code_kind, status=Status.FAILED, content__secret=True)
    asked = superuser.get(url("resend", message)).content.decode()
    assert ASK_THE_VISITOR in asked
    assert 'type="submit" class="default"' not in asked
    assert ASK_THE_VISITOR in post(superuser, "resend", message).content.decode()
    assert Message.objects.get().status == Status.FAILED
    assert recorded(message) == []


def test_erased_bytes_are_not_resent(superuser: Client) -> None:
    message = MessageFactory(status=Status.FAILED, content__raw=None)
    assert "have been erased" in post(superuser, "resend", message).content.decode()
    assert Message.objects.get().status == Status.FAILED


def test_retry_now(superuser: Client) -> None:
    message = MessageFactory(next_attempt_at=timezone.now() + timedelta(hours=2))
    post(superuser, "retry", message)
    message.refresh_from_db()
    assert message.next_attempt_at <= timezone.now()
    assert recorded(message) == [("retry", "wang")]
    assert LogEntry.objects.count() == 1


def test_retry_names_a_pause_that_stands_in_the_way(superuser: Client) -> None:
    until = timezone.now() + timedelta(minutes=15)
    Account.objects.filter(pk=Account.ENVIRONMENT).update(paused_until=until)
    Account.objects.update(pause_reason="535 Login Fail.")
    asked = superuser.get(url("retry", MessageFactory())).content.decode()
    assert "is paused: 535 Login Fail." in asked
    assert "at the earliest" in asked


def test_retry_says_nothing_of_an_account_that_may_send(superuser: Client) -> None:
    later = timezone.now() + timedelta(hours=2)
    asked = superuser.get(url("retry", MessageFactory(next_attempt_at=later))).content.decode()
    assert "The mail is tried at once instead of at" in asked
    assert "at the earliest" not in asked


def test_an_uncertain_mail_that_arrived_counts_as_accepted(superuser: Client) -> None:
    message = MessageFactory(status=Status.UNCERTAIN, content__secret=True)
    asked = superuser.get(url("arrived", message)).content.decode()
    assert "nothing more is sent" in asked
    assert "is erased" in asked
    response = post(superuser, "arrived", message)
    assert "The mail counts as accepted." in response.content.decode()
    assert "wang said that it arrived" in response.content.decode()
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert recorded(message) == [("arrived", "wang")]
    assert LogEntry.objects.get().object_id == str(message.pk)


def test_who_was_refused_by_name_is_named_before(superuser: Client) -> None:
    message = MessageFactory(status=Status.UNCERTAIN, to=["a@example.com", "b@example.com"])
    message.recipients.filter(address="b@example.com").update(
        status="deferred", reply_code=450, reply_text="Later"
    )
    step = {"verb": "RCPT", "code": 450, "text": "Later", "ms": 1}
    AttemptFactory(message=message, outcome="uncertain", dialogue=[step])
    asked = superuser.get(url("arrived", message)).content.decode()
    assert "that they have no copy: b@example.com." in asked


def test_what_was_found_since_the_question_is_not_sent_again(superuser: Client) -> None:
    message = MessageFactory(status=Status.UNCERTAIN)
    asked = superuser.get(url("resend", message)).content.decode()
    seen = re.search(r'name="status" value="(\w+)"', asked)
    assert seen
    Message.objects.filter(pk=message.pk).mark_sent(timezone.now())
    response = post(superuser, "resend", message, status=seen[1], duplicate="yes")
    assert "Something has just happened to this mail." in response.content.decode()
    assert Message.objects.get().status == Status.SENT
    assert recorded(message) == []


def test_cancel(superuser: Client) -> None:
    message = MessageFactory()
    post(superuser, "cancel", message)
    message.refresh_from_db()
    assert message.status == Status.CANCELLED
    assert recorded(message) == [("cancel", "wang")]
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("status", [Status.SENT, Status.QUEUED, Status.SENDING, Status.FAILED])
def test_only_an_uncertain_mail_is_said_to_have_arrived(superuser: Client, status: str) -> None:
    message = MessageFactory(status=status)
    assert "Nobody needs to decide" in post(superuser, "arrived", message).content.decode()
    message.refresh_from_db()
    assert message.status == status
    assert recorded(message) == []
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("act", ["retry", "cancel"])
def test_only_a_waiting_mail_is_tried_or_cancelled(superuser: Client, act: str) -> None:
    message = MessageFactory(status=Status.SENT)
    assert "Only a waiting mail" in post(superuser, act, message).content.decode()
    message.refresh_from_db()
    assert message.status == Status.SENT
    assert recorded(message) == []


RAW = (
    b"From: site@practice.test\r\nSubject: =?utf-8?b?5L2g5aW9?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
    b"--y\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nthe whole <text>\r\n"
    b"--y\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>whole</p><script>alert(1)</script>"
    b'<img src="https://tracker.example/x"><img src="cid:a">\r\n'
    b"--y--\r\n"
    b"--x\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
    b"AAAA\r\n"
    b"--x\r\nContent-Type: text/csv\r\n"
    b"Content-Disposition: attachment; filename=list.csv\r\n\r\na\r\n"
    b"--x--\r\n"
)


def test_reveal_shows_the_whole_mail_and_records_it(superuser: Client) -> None:
    message = MessageFactory(status=Status.SENT, content__raw=RAW)
    asked = superuser.get(url("reveal", message)).content.decode()
    assert "the whole" not in asked.replace("the whole mail", "")
    response = superuser.post(url("reveal", message))
    html = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "你好" in html
    assert "the whole &lt;text&gt;" in html
    assert "list.csv" in html
    assert '<iframe sandbox="" referrerpolicy="no-referrer"' in html
    assert "default-src &#x27;none&#x27;" in html
    assert "data:image/png;base64,AAAA" in html
    assert "alert(1)" not in html
    assert "tracker.example" not in html
    assert recorded(message) == [("reveal", "wang")]
    assert LogEntry.objects.count() == 1


def test_a_revealed_mail_is_shown_with_its_looks(superuser: Client) -> None:
    policy = superuser.post(url("reveal", MessageFactory()))["Content-Security-Policy"]
    assert "default-src 'self'; style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_mail_that_opens_an_account_is_revealed_to_nobody(superuser: Client) -> None:
    message = MessageFactory(
        content__secret=True, content__raw=b"Subject: x\r\n\r\nsecret-link\r\n"
    )
    html = post(superuser, "reveal", message).content.decode()
    assert "nobody but its reader may see it whole" in html
    assert "secret-link" not in html
    assert recorded(message) == []


def test_bytes_that_no_key_opens_are_reported(superuser: Client) -> None:
    message = MessageFactory()
    message.content.sealed = b"sealed with a key that is gone"
    message.content.save()
    assert "No key opens this" in post(superuser, "reveal", message).content.decode()


@pytest.mark.parametrize("act", ["resend", "retry", "cancel", "arrived", "reveal"])
def test_asking_changes_nothing(superuser: Client, act: str) -> None:
    for status in (Status.QUEUED, Status.FAILED, Status.SENT, Status.UNCERTAIN):
        message = MessageFactory(status=status)
        before = Message.objects.filter(pk=message.pk).values().get()
        assert superuser.get(url(act, message), {"duplicate": "yes"}).status_code == 200
        assert superuser.head(url(act, message)).status_code == 200
        assert superuser.put(url(act, message)).status_code == 405
        assert Message.objects.filter(pk=message.pk).values().get() == before
    assert not OperatorAction.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_post_needs_its_token(superuser: Client) -> None:
    message = MessageFactory(status=Status.FAILED)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = superuser.cookies
    address = url("resend", message)
    assert strict.post(address).status_code == 403
    assert Message.objects.get().status == Status.FAILED
    main = strict.get(address).content.decode().partition('<div id="content-main"')[2]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', main)
    assert token
    strict.post(address, {"csrfmiddlewaretoken": token[1]})
    assert Message.objects.get().status == Status.QUEUED


def test_history_is_not_edited(superuser: Client) -> None:
    message = MessageFactory()
    row = [message.pk]
    assert superuser.get(reverse("admin:mailcenter_message_add")).status_code == 403
    assert superuser.post(reverse("admin:mailcenter_message_delete", args=row)).status_code == 403
    assert superuser.post(reverse("admin:mailcenter_message_change", args=row)).status_code == 403
    assert Message.objects.filter(pk=message.pk).exists()
