"""Resend many: counted first, and never a mail that somebody has."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mailcenter.admin import bulk_resend, messages
from mailcenter.models import Content, Message, OperatorAction
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


def test_of_too_many_some_are_left(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_resend, "MOST", 2)
    many = MessageFactory.create_batch(3, status=Status.FAILED)
    asked = act(superuser, *many)
    assert "2 mails will be sent again." in asked
    assert "1 more mail is too many for one go" in asked
    assert "no time for 1 more mail" in act(superuser, *many, post="yes")
    assert queued_again() == {many[0].pk, many[1].pk}
    # What went has left the ones that can go.
    act(superuser, *many, post="yes")
    assert queued_again() == {message.pk for message in many}


def test_no_request_takes_for_ever(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    many = MessageFactory.create_batch(3, status=Status.FAILED)
    found = bulk_resend.plan(Message.objects.all())
    monkeypatch.setattr(bulk_resend, "SECONDS", -1)
    assert bulk_resend.plan(Message.objects.all()).left == 3
    monkeypatch.setattr(bulk_resend, "plan", lambda queryset: found)
    assert "no time for 2 more mails" in act(superuser, *many, post="yes")
    assert queued_again() == {many[0].pk}


def across(client: Client, query: dict[str, str], **more: str) -> str:
    """All that the filter shows, on every page."""
    data = {"action": "resend_selected", "select_across": "1", "_selected_action": "1", **more}
    url = reverse("admin:mailcenter_message_changelist", query=query)
    return client.post(url, data, follow=True).content.decode()


def test_all_that_the_filter_shows(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages.MessageAdmin, "list_per_page", 2)
    meant = MessageFactory.create_batch(5, status=Status.FAILED, to=["ann@qq.com"])
    MessageFactory(status=Status.FAILED, to=["bob@qq.com"])
    MessageFactory(status=Status.EXPIRED, to=["ann@qq.com"])
    query = {"status__exact": "failed", "q": "to:ann"}
    asked = across(superuser, query)
    assert "5 mails will be sent again." in asked
    form = fields(asked)
    assert set(form["keys"].split(",")) == {str(message.pk) for message in meant}
    # One that failed since then was not confirmed.
    MessageFactory(status=Status.FAILED, to=["ann@qq.com"])
    action = re.search('<form method="post" action="([^"]+)"', asked)
    assert action
    page = superuser.post(unescape(action[1]), form, follow=True)
    assert "5 mails are in the queue." in page.content.decode()
    assert page.redirect_chain[-1][0] == reverse(
        "admin:mailcenter_message_changelist", query=query
    ).replace("%3A", ":").replace(":", "%3A")
    assert queued_again() == {message.pk for message in meant}


def test_a_thousand_fit_into_the_form(superuser: Client) -> None:
    made = MessageFactory(status=Status.FAILED)
    Message.objects.bulk_create(
        copied(made, message_id=f"<{number}@many.test>") for number in range(1100)
    )
    Content.objects.bulk_create(
        Content(message=message, sealed=b"sealed", redacted={}, secret=False)
        for message in Message.objects.exclude(pk=made.pk)
    )
    asked = across(superuser, {"status__exact": "failed"})
    assert "1000 mails will be sent again." in asked
    assert "101 more mails are too many for one go" in asked
    form = fields(asked)
    assert len(form) < 10
    assert len(form["keys"].split(",")) == 1000


@pytest.mark.parametrize("keys", ["", "a,b", "9" * 30, "-1", "0"])
def test_keys_that_are_none(superuser: Client, keys: str) -> None:
    message = MessageFactory(status=Status.SENT)
    act(superuser, message, post="yes", keys=keys)
    assert queued_again() == set()


def fields(html: str) -> dict[str, str]:
    """Those of the form that confirms."""
    form = html.partition('<form method="post" action="/')[2]
    found = re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


def copied(message: Message, **columns: Any) -> Message:
    names = ("kind", "status", "from_email", "account_id", "created_at", "next_attempt_at")
    kept = {name: getattr(message, name) for name in (*names, "size_bytes", "finished_at")}
    return Message(**kept, **columns)
