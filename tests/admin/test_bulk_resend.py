"""Resend many: counted first, and never a mail that somebody has."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mailcenter.admin import bulk_resend
from mailcenter.models import Message, OperatorAction
from tests.admin.conftest import ASK_THE_VISITOR
from tests.factories import MessageFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def act(client: Client, *messages: Message, **more: str) -> str:
    data = {
        "action": "resend_selected",
        "_selected_action": [str(message.pk) for message in messages],
        **more,
    }
    url = reverse("admin:mailcenter_message_changelist")
    return client.post(url, data, follow=True).content.decode()


def queued_again() -> set[int]:
    rows = Message.objects.filter(status=Status.QUEUED, next_trigger="resend")
    return set(rows.values_list("pk", flat=True))


def test_the_first_post_only_counts(superuser: Client, code_kind: str) -> None:
    failed = MessageFactory.create_batch(2, status=Status.FAILED)
    others = [
        MessageFactory(status=status)
        for status in (Status.SENT, Status.QUEUED, Status.CANCELLED, Status.UNCERTAIN)
    ]
    code = MessageFactory(status=Status.FAILED, kind=code_kind)
    html = act(superuser, *failed, *others, code)
    assert "2 mails will be sent again." in html
    assert "1 mail: accepted already" in html
    assert "1 mail: This mail is still on its way" in html
    assert "1 mail: stopped on purpose" in html
    assert f"1 mail: {ASK_THE_VISITOR}" in html
    assert "its reader may get a duplicate" in html
    assert queued_again() == set()
    assert not OperatorAction.objects.exists()


def test_the_second_post_sends_what_failed_and_nothing_else(superuser: Client) -> None:
    failed = [MessageFactory(status=status) for status in (Status.FAILED, Status.EXPIRED)]
    others = [
        MessageFactory(status=status)
        for status in set(Status) - {Status.FAILED, Status.EXPIRED, Status.UNCERTAIN}
    ]
    uncertain = MessageFactory(status=Status.UNCERTAIN)
    html = act(superuser, *failed, *others, uncertain, post="yes")
    assert "2 mails are in the queue." in html
    assert "1 mail skipped: The reader may have this mail already." in html
    assert queued_again() == {message.pk for message in failed}
    assert Message.objects.count() == len(failed) + len(others) + 1
    assert OperatorAction.objects.filter(verb="resend").count() == 2
    assert LogEntry.objects.count() == 2


def test_uncertain_mails_go_only_where_the_operator_ticked_it(superuser: Client) -> None:
    uncertain = MessageFactory(status=Status.UNCERTAIN)
    act(superuser, uncertain, post="yes", duplicate="yes")
    assert queued_again() == {uncertain.pk}
    uncertain.refresh_from_db()
    assert uncertain.possible_duplicate


def test_a_mail_that_has_been_replaced_is_left_alone(superuser: Client, link_kind: str) -> None:
    older = MessageFactory(status=Status.FAILED, kind=link_kind)
    MessageFactory(status=Status.SENT, kind=link_kind, supersedes=older)
    assert "replaced by another mail already" in act(superuser, older, post="yes")
    assert Message.objects.count() == 2


def test_one_refusal_does_not_stop_the_others(superuser: Client) -> None:
    broken, whole = MessageFactory.create_batch(2, status=Status.FAILED)
    broken.content.sealed = b"sealed with a key that is gone"
    broken.content.save()
    html = act(superuser, broken, whole, post="yes")
    assert "No key opens this" in html
    assert queued_again() == {whole.pk}
    assert OperatorAction.objects.get().message == whole


def test_too_many_at_once_are_refused(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_resend, "MOST", 2)
    many = MessageFactory.create_batch(3, status=Status.FAILED)
    assert "Select 2 messages at most" in act(superuser, *many, post="yes")
    assert queued_again() == set()
