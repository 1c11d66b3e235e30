"""The search box of the messages: keys, words, and sentences where it can't be understood."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter.admin import message_search
from mailcenter.models import Message, Recipient
from tests.factories import MessageFactory

Status = Message.Status
pytestmark = pytest.mark.django_db
LIST = "admin:mailcenter_message_changelist"


def shown(superuser: Client, words: str) -> list[Message]:
    response = superuser.get(reverse(LIST), {"q": words})
    assert response.context["cl"].search.problem == ""
    return list(response.context["cl"].result_list)


def problem(superuser: Client, words: str) -> str:
    """Nothing is shown with it, and what was typed stays in the box."""
    MessageFactory()
    response = superuser.get(reverse(LIST), {"q": words})
    assert response.context["cl"].result_list == []
    html = response.content.decode()
    search = response.context["cl"].search
    assert 'role="alert"' in html
    assert response.context["cl"].query == words
    return str(search.problem)


@pytest.mark.parametrize(
    "words",
    [
        "to:ann@qq.com",
        "to:Ann@QQ.com",
        "to:ann",
        "收件人：ann@qq.com",
        "TO:<ann@qq.com>",
        'to:"ann@qq.com"',
        "status:failed",
        "status:FAILED",
        "状态:失败",
        "状态：失败",
        "status:失败",
        "code:550",
        "kind:system",
        "类型:系统",
        "before:2026-11-02",
        'before:"2026-11-01 12:00"',
        "msgid:<one@practice.test>",
        "msgid:one@practice.test",
        "to:ann status:failed code:550 welcome",
        "ann@qq.com",
        "ann",
        "one@practice.test",
        "WELCOME",
        "“Welcome aboard”",
        "aboard welcome",
        "to:ann to:nobody",
        "Re: welcome",
        "11:30 welcome",
        "欢迎：welcome",
    ],
)
def test_it_finds(superuser: Client, words: str) -> None:
    match = MessageFactory(
        to=["other@163.com", "Ann@qq.com"],
        status=Status.FAILED,
        last_reply_code=550,
        kind="system",
        subject="Re: 11:30 欢迎：Welcome aboard",
        message_id="<one@practice.test>",
        created_at=timezone.make_aware(datetime(2026, 11, 1, 10)),
    )
    MessageFactory(to=["bob@qq.com"], last_reply_code=250, subject="Hello")
    assert shown(superuser, words) == [match]


def test_by_uuid(superuser: Client) -> None:
    match, _other = MessageFactory.create_batch(2)
    assert shown(superuser, str(match.uuid)) == [match]


def test_after_holds_the_day_and_before_does_not(superuser: Client) -> None:
    # The day of the site, which is not UTC's.
    first, last = (
        MessageFactory(created_at=timezone.make_aware(datetime(2026, 10, day, hour)))
        for day, hour in ((1, 0), (31, 23))
    )
    assert shown(superuser, "after:2026-10-01 before:2026-11-01") == [last, first]
    assert shown(superuser, "after:2026-10-02") == [last]
    assert shown(superuser, "before:2026-10-31") == [first]


@pytest.mark.parametrize("pattern", ["a_n", "a%", "an\\"])
def test_an_address_is_no_pattern(superuser: Client, pattern: str) -> None:
    MessageFactory(to=["ann@qq.com"])
    assert shown(superuser, f"to:{pattern}") == []
    assert shown(superuser, pattern) == []


def test_domains_in_chinese(superuser: Client) -> None:
    match = MessageFactory(to=["ann@xn--fsqu00a.cn"])
    assert shown(superuser, "to:ann@例子.cn") == [match]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("form:ann", "“form:” is no key"),
        ("status:lost", "“lost” is no status; there are queued, sending,"),
        ("code:5xx", "“5xx” is no reply code"),
        ("code:5500", "“5500” is no reply code"),
        ("kind:letter", "“letter” is no kind of mail"),
        ("before:yesterday", "“yesterday” is no day; write it as 20"),
        ("before:2026-02-30", "“2026-02-30” is no day"),
        ("after:0001-01-01", "“0001-01-01” is no day"),
        ("to:", "right after “to:”"),
        ("to: ann@qq.com", "right after “to:”"),
        ('状态:""', "right after “状态:”"),
        ("to:@qq.com", "before the @"),
        ("@qq.com", "before the @"),
        ("status:sent status:failed", "“status:” can stand there once."),
        (" ".join(f"to:{letter}" for letter in "abcdef"), "5 addresses at most"),
    ],
)
def test_what_it_does_not_understand_it_says(superuser: Client, words: str, sentence: str) -> None:
    assert sentence in problem(superuser, words)


def test_what_is_typed_stays_text(superuser: Client) -> None:
    html = superuser.get(reverse(LIST), {"q": "<b>x</b>:y <i>:x a:<u>z"}).content.decode()
    assert "<b>x" not in html
    assert "<u>z" not in html


def test_an_action_on_a_search_with_a_problem_hits_nothing(superuser: Client) -> None:
    MessageFactory(status=Status.FAILED)
    data = {
        "action": "resend_selected",
        "select_across": "1",
        "_selected_action": "1",
        "post": "yes",
    }
    superuser.post(f"{reverse(LIST)}?q=status%3Alost", data)
    assert not Message.objects.filter(status=Status.QUEUED).exists()


def test_the_filters_stay_with_a_search(superuser: Client) -> None:
    match = MessageFactory(status=Status.FAILED, to=["ann@qq.com"])
    MessageFactory(status=Status.SENT, to=["ann@qq.com"])
    response = superuser.get(reverse(LIST), {"q": "to:ann", "status__exact": "failed"})
    assert response.context["cl"].result_list == [match]
    assert 'type="hidden" name="status__exact" value="failed"' in response.content.decode()


def test_words_are_looked_for_in_the_newest_messages(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "NEWEST", 2)
    now = timezone.now()
    old, *newer = (
        MessageFactory(subject="Hello", created_at=now - timedelta(days=days)) for days in (9, 2, 1)
    )
    assert shown(superuser, "hello") == newer[::-1]
    before = timezone.localdate() - timedelta(days=1)
    assert shown(superuser, f"hello before:{before.isoformat()}") == [newer[0], old]


def test_a_common_address_is_looked_for_in_the_newest_messages(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "NEWEST", 2)
    monkeypatch.setattr(message_search, "FEW", 2)
    rows = [MessageFactory(to=["ann@qq.com"]) for _number in range(3)]
    response = superuser.get(reverse(LIST), {"q": "to:ann"})
    assert response.context["cl"].result_list == rows[:0:-1]
    assert "More than 2 mails went to addresses" in response.content.decode()


def test_the_help_shows_examples_that_work(superuser: Client) -> None:
    examples = message_search.examples()
    html = superuser.get(reverse(LIST)).content.decode()
    for typed, _words in examples:
        assert not message_search.parse(typed).problem
    assert 'href="?q=to%3Aann%40qq.com"' in html


@pytest.mark.parametrize(
    ("words", "most"),
    [("to:ann@qq.com", 8), ("ann@qq.com", 8), ("msgid:x@y", 8), ("hello", 8), ("hello you", 8)],
)
def test_a_search_reads_as_few_rows_as_it_can(
    superuser: Client, words: str, most: int, django_assert_max_num_queries: Any
) -> None:
    MessageFactory.create_batch(2, to=["ann@qq.com"])
    with django_assert_max_num_queries(most):
        superuser.get(reverse(LIST), {"q": words})


def test_an_address_is_found_by_its_index() -> None:
    MessageFactory.create_batch(3, to=["ann@qq.com", "bob@qq.com"])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So few rows would be read one by one.
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Recipient.objects.beginning_with("ann").values("message").explain()
    assert "recipient_address_folded" in plan


@pytest.mark.parametrize("words", ["to:ann", "ann", "msgid:x@y"])
def test_no_search_compares_a_part_of_an_address(superuser: Client, words: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        superuser.get(reverse(LIST), {"q": words})
    assert not [q["sql"] for q in captured if "LIKE" in q["sql"] and "recipient" in q["sql"]]


def test_many_newer_messages_hide_no_older_one(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "FEW", 2)
    old = MessageFactory(subject="Hello", created_at=timezone.now() - timedelta(days=9))
    addressed = MessageFactory(to=["hello@qq.com"], created_at=old.created_at)
    MessageFactory.create_batch(3, subject="Hello")
    before = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert shown(superuser, f"hello before:{before}") == [addressed, old]
    # Among so many subjects addresses are not looked for, which it says.
    response = superuser.get(reverse(LIST), {"q": "hello"})
    assert addressed not in response.context["cl"].result_list
    assert "for addresses write to:hello" in response.content.decode()
    assert shown(superuser, "to:hello") == [addressed]
