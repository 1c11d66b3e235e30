"""The page of one message explains what happened and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter.kinds import Kind
from mailcenter.models import Account, Message, OperatorAction
from mailcenter.replies import CATALOG
from tests.admin.conftest import ASK_THE_VISITOR
from tests.factories import AttemptFactory, MessageFactory, RecipientFactory, StaffFactory

Status = Message.Status
ATTACK = "<script>alert(1)</script>"
pytestmark = pytest.mark.django_db


def page(client: Client, message: Message, language: str = "en") -> str:
    url = reverse("admin:mailcenter_message_change", args=[message.pk])
    response = client.get(url, headers={"accept-language": language})
    assert response.status_code == 200
    return response.content.decode()


def refused() -> Message:
    message = MessageFactory(status=Status.FAILED, last_reply_code=535, last_verdict="auth")
    AttemptFactory(
        message=message,
        number=1,
        outcome="rejected",
        stage="auth",
        reply_code=535,
        reply_text="Login Fail.",
        verdict="auth",
        catalog_entry="qq-login-fail",
        dialogue=[{"verb": "AUTH", "code": 535, "text": "Login Fail.", "ms": 61}],
    )
    return message


def test_cause_and_cure_in_the_readers_language(superuser: Client) -> None:
    message = refused()
    entry = CATALOG["qq-login-fail"]
    english, chinese = page(superuser, message), page(superuser, message, "zh-hans")
    assert entry.cause.en in english
    assert entry.cure.en in english
    assert entry.cause.zh in chinese
    assert entry.cure.zh in chinese
    assert entry.cure.en not in chinese


def test_only_the_last_reply_is_explained(superuser: Client) -> None:
    message = refused()
    AttemptFactory(message=message, number=2)
    assert CATALOG["qq-login-fail"].cure.en not in page(superuser, message)


def test_a_refused_recipient_of_an_accepted_mail_is_explained(superuser: Client) -> None:
    message = MessageFactory(status=Status.SENT)
    RecipientFactory(
        message=message,
        status="rejected",
        reply_code=550,
        reply_text="Mailbox not found",
    )
    AttemptFactory(message=message)
    assert CATALOG["mailbox-not-found"].cause.en in page(superuser, message)


def test_attempts_newest_first_with_the_dialogue_folded(superuser: Client) -> None:
    message = refused()
    AttemptFactory(
        message=message,
        number=2,
        trigger="resend",
        triggered_by_name="Wang Fang",
        possible_duplicate=True,
        duration_ms=1240,
        remote_id="A-77",
    )
    html = page(superuser, message)
    assert html.index('id="attempt-2"') < html.index('id="attempt-1"')
    assert "resent by Wang Fang" in html
    assert "possible duplicate" in html
    assert "TLSv1.3" in html
    assert "smtp.qq.com:465" in html
    assert "1.2 s" in html
    assert "A-77" in html
    assert "<details>" in html
    assert "<td>AUTH</td>" in html


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"next_attempt_at": timezone.now() + timedelta(hours=2)}, "Next attempt at"),
        ({}, "It is due"),
        ({"expires_at": timezone.now() + timedelta(hours=2)}, "It is given up at"),
        ({"status": Status.SENDING}, "A worker has it in hand"),
        ({"status": Status.UNCERTAIN}, "the reader may have the mail or not"),
        ({"status": Status.FAILED}, "not tried again unless somebody resends it"),
    ],
)
def test_it_says_what_happens_next(superuser: Client, columns: dict[str, Any], words: str) -> None:
    assert words in page(superuser, MessageFactory(**columns))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"next_attempt_at": 4, "attempt_count": 1}, "Retries in <time"),
        ({"next_attempt_at": 4}, "Is sent in <time"),
        ({"next_attempt_at": -4, "attempt_count": 1}, "Due now"),
    ],
)
def test_the_first_line_says_when_and_offers_what_can_be_done(
    superuser: Client, columns: dict[str, Any], words: str
) -> None:
    minutes = timedelta(minutes=columns.pop("next_attempt_at"), seconds=30)
    message = MessageFactory(next_attempt_at=timezone.now() + minutes, **columns)
    html = page(superuser, message)
    line = html[html.index('class="state"') : html.index('class="tabs"')]
    assert words in line
    assert ("4\xa0minutes</time>" in line) is ("<time" in words)
    for act in ("retry", "cancel"):
        assert reverse(f"admin:mailcenter_message_{act}", args=[message.pk]) in line


@pytest.mark.parametrize("status", ["sent", "failed", "sending", "cancelled"])
def test_nothing_is_due_of_a_mail_that_does_not_wait(superuser: Client, status: str) -> None:
    html = page(superuser, MessageFactory(status=status, attempt_count=1))
    assert "Retries in" not in html
    assert "Due now" not in html


def test_an_account_without_an_end_of_its_pause_promises_no_time(superuser: Client) -> None:
    Account.objects.update(enabled=False)
    html = page(superuser, MessageFactory())
    assert "Due now" not in html
    assert "Is sent in" not in html


def test_each_part_of_the_page_has_an_address_of_its_own(superuser: Client) -> None:
    html = page(superuser, refused())
    parts = ["summary", "attempts", "text", "html", "headers"]
    assert re.findall('<li><a href="#(.*?)">', html) == parts
    assert re.findall('<section class="tab" id="(.*?)"', html) == parts
    for part in parts:
        assert f'aria-labelledby="{part}-heading"' in html
        assert f'<h2 id="{part}-heading">' in html


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"content__text": "Hello"}, ["This mail has no HTML part."]),
        ({"content__html": "<p>Hello</p>"}, ["This mail has no text part."]),
        ({"content": None}, ["Nothing of this mail was kept."] * 3),
        ({"content__raw": None}, ["its bytes have been erased."] * 2),
    ],
)
def test_a_part_that_is_not_there_says_so(
    superuser: Client, content: dict[str, Any], said: list[str]
) -> None:
    html = page(superuser, MessageFactory(**content))
    assert html.count(said[0]) == len(said)


def test_the_mail_before_and_the_one_after_in_the_list(superuser: Client) -> None:
    now = timezone.now()
    newest, failed, middle, oldest = (
        MessageFactory(status=status, created_at=now - timedelta(minutes=age))
        for age, status in enumerate(["failed", "sent", "failed", "failed"])
    )
    newest, failed = failed, newest

    def leads(query: str) -> list[str]:
        url = reverse("admin:mailcenter_message_change", args=[middle.pk])
        html = superuser.get(url + query).content.decode()
        return re.findall('<a rel="(?:prev|next)" href="(.*?)"', html)

    def address(message: Message) -> str:
        return reverse("admin:mailcenter_message_change", args=[message.pk])

    assert leads("") == [address(newest), address(oldest)]
    kept = "?_changelist_filters=status__exact%3Dfailed"
    assert leads(kept) == [address(failed) + kept, address(oldest) + kept]


def test_a_lock_is_read_out(superuser: Client) -> None:
    html = page(superuser, refused())
    assert '<span class="visually-hidden">encrypted connection</span>' in html


def test_a_paused_account_is_named_with_its_reason(superuser: Client) -> None:
    Account.objects.filter(pk=Account.ENVIRONMENT).update(
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=15),
        pause_reason="535 Login Fail.",
    )
    html = page(superuser, MessageFactory())
    assert "The account site@qq.com is paused: 535 Login Fail." in html
    assert "at the earliest" in html


def test_another_account_that_takes_it_over_is_named(superuser: Client) -> None:
    Account.objects.filter(pk=Account.ENVIRONMENT).update(
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=15),
        pause_reason="535 Login Fail.",
    )
    Account.objects.create(slug="environment-2", order=1, address="spare@qq.com")
    html = page(superuser, MessageFactory())
    assert "The account site@qq.com is paused: 535 Login Fail." in html
    assert "spare@qq.com takes it over." in html
    assert "at the earliest" not in html


def uncertain(**columns: Any) -> Message:
    message = MessageFactory(status=Status.UNCERTAIN, **columns)
    AttemptFactory(
        message=message,
        number=1,
        outcome="uncertain",
        stage="body",
        reply_code=None,
        reply_text="the server closed the connection",
        dialogue=[{"verb": "IMAP", "code": None, "text": "not in Sent Messages", "ms": 3}],
    )
    return message


def test_a_mail_that_is_looked_for_says_where_and_what_comes_after(
    superuser: Client, register_kind: Callable[[Kind], None]
) -> None:
    register_kind(Kind("urgent", "urgent", once_more=True))
    Account.objects.update(address="site@qq.com")
    soon = timezone.now() + timedelta(minutes=2)
    held = page(superuser, uncertain(look_at=soon))
    assert "the Sent folder of site@qq.com is looked into." in held
    assert "somebody has to decide whether it arrived" in held
    assert "It waits for somebody to decide" not in held
    assert "not in Sent Messages" in held
    again = page(superuser, uncertain(look_at=soon, kind="urgent"))
    assert "it is sent once more, marked as a possible duplicate" in again
    repeated = page(superuser, uncertain(look_at=soon, kind="urgent", possible_duplicate=True))
    assert "somebody has to decide whether it arrived" in repeated


def test_a_mail_that_is_looked_for_no_more_waits_for_somebody(superuser: Client) -> None:
    message = uncertain()
    html = page(superuser, message)
    assert "It waits for somebody to decide" in html
    assert "the Sent folder of" not in html
    MessageFactory(supersedes=message)
    assert "It waits for somebody to decide" not in page(superuser, message)


def test_the_copy_in_the_sent_folder_is_the_evidence(superuser: Client) -> None:
    evidence = "found in Sent Messages by its X-OQ-MSGID"
    message = MessageFactory(status=Status.SENT)
    AttemptFactory(
        message=message,
        reply_code=None,
        reply_text=evidence,
        dialogue=[{"verb": "IMAP", "code": None, "text": evidence, "ms": 3}],
    )
    html = page(superuser, message)
    assert "the Sent folder holds the mail" in html
    assert "<td>IMAP</td>" in html
    # Before the dialogue is unfolded, too.
    assert html.count(evidence) >= 2


def test_an_operators_word_is_told_from_the_providers(superuser: Client) -> None:
    message = MessageFactory(status=Status.SENT)
    for verb in ("resend", "arrived", "reveal"):
        OperatorAction.objects.create(message=message, verb=verb, user_name="Wang Fang")
    html = page(superuser, message)
    assert "Wang Fang said that it arrived, although no reply came back." in html
    OperatorAction.objects.create(message=message, verb="resend", user_name="Wang Fang")
    assert "The provider took it over." in page(superuser, message)


def test_a_mail_that_moved_says_from_where_and_under_which_name(superuser: Client) -> None:
    Account.objects.update(address="site@qq.com")
    Account.objects.create(slug="spare", address="spare@163.com")
    message = MessageFactory(account_id="spare")
    AttemptFactory(message=message, number=1, outcome="deferred")
    html = page(superuser, message)
    assert "It moved from the account site@qq.com to spare@163.com." in html
    assert "Its sender was replaced" not in html
    AttemptFactory(message=message, number=2, account_id="spare", from_email="Site <spare@163.com>")
    html = page(superuser, message)
    assert "It moved from the account site@qq.com to spare@163.com." in html
    assert (
        "Its sender was replaced: Site &lt;spare@163.com&gt; instead of "
        "Site &lt;site@practice.test&gt;." in html
    )


def test_a_mail_that_stayed_does_not_say_that_it_moved(superuser: Client) -> None:
    message = MessageFactory(status=Status.SENT)
    AttemptFactory(message=message)
    html = page(superuser, message)
    assert "It moved" not in html
    assert "Its sender was replaced" not in html


def test_the_number_of_queries_does_not_grow_with_the_attempts(superuser: Client) -> None:
    def queries(message: Message) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, message)
        return len(captured)

    message = MessageFactory()
    AttemptFactory(message=message, number=1)
    # The first page of a process asks for more.
    queries(message)
    few = queries(message)
    for number in range(2, 10):
        slug = f"environment-{number}"
        Account.objects.create(slug=slug)
        AttemptFactory(message=message, number=number, account_id=slug)
    assert queries(message) == few


def test_the_number_of_queries_does_not_grow_with_the_table(superuser: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(superuser, message)
        return len(captured)

    message = refused()
    for _number in range(2):
        MessageFactory()
    queries()
    few = queries()
    for _number in range(40):
        MessageFactory(to=["a@example.com", "b@example.com"])
    assert queries() == few


def test_a_rewritten_sender_is_pointed_out(superuser: Client) -> None:
    message = MessageFactory(requested_from="shop@example.com")
    assert "The program asked for shop@example.com" in page(superuser, message)


def test_replacements_link_both_ways(superuser: Client) -> None:
    older = MessageFactory(status=Status.EXPIRED)
    newer = MessageFactory(supersedes=older)
    for message, other in ((older, newer), (newer, older)):
        link = reverse("admin:mailcenter_message_change", args=[other.pk])
        assert f'href="{link}"' in page(superuser, message)


def test_operators_actions_are_listed(superuser: Client) -> None:
    message = MessageFactory()
    OperatorAction.objects.create(message=message, verb="retry", user_name="Wang Fang")
    html = page(superuser, message)
    assert "Wang Fang" in html
    assert "had it tried at once" in html


def test_what_strangers_wrote_stays_text(superuser: Client) -> None:
    message = MessageFactory(
        status=Status.FAILED,
        subject=ATTACK,
        from_email=f'"{ATTACK}" <a@example.com>',
        requested_from=f'"{ATTACK}" <b@example.com>',
        to=[f'"{ATTACK}"@example.com'],
        content__headers=[["X-Attack", ATTACK]],
        content__text=ATTACK,
        content__attachments=[{"name": ATTACK, "type": "text/plain", "bytes": 3}],
    )
    message.recipients.update(reply_code=550, reply_text=ATTACK)
    AttemptFactory(
        message=message,
        outcome="rejected",
        reply_code=550,
        reply_text=ATTACK,
        remote_id=ATTACK,
        peer=f"{ATTACK}:465 TLSv1.3",
        dialogue=[{"verb": "RCPT", "code": 550, "text": ATTACK, "ms": 1}],
    )
    html = page(superuser, message)
    assert ATTACK not in html
    assert html.count("&lt;script&gt;") > 8


def test_the_body_of_untagged_mail_is_closed(superuser: Client) -> None:
    message = MessageFactory(content__raw=b"Subject: x\r\n\r\nnobody else's business\r\n")
    html = page(superuser, message)
    assert "Its body is closed" in html
    assert "nobody else" not in html


def test_the_redacted_text_is_shown(superuser: Client) -> None:
    html = page(superuser, MessageFactory(content__text="Your link: ••••••", content__secret=True))
    assert "Your link: ••••••" in html
    assert "are masked" in html


def test_the_preview_runs_nothing_and_loads_nothing(superuser: Client) -> None:
    message = MessageFactory(
        content__html='<p style="color:red">Hi</p><script>alert(1)</script>'
        '<img src="https://tracker.example/x.gif">'
        '<a href="https://example.com" onclick="x()">go</a>'
    )
    url = reverse("admin:mailcenter_message_html", args=[message.pk])
    html = page(superuser, message)
    assert '<iframe sandbox="" referrerpolicy="no-referrer"' in html
    assert f'src="{url}"></iframe>' in html
    response = superuser.get(url)
    assert response["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'self'"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in response["Cache-Control"]
    body = response.content.decode()
    assert '<p style="color:red">Hi</p>' in body
    for gone in ("script", "tracker", "example.com", "onclick"):
        assert gone not in body


def test_nothing_to_preview_is_not_found(superuser: Client) -> None:
    url = reverse("admin:mailcenter_message_html", args=[MessageFactory().pk])
    assert superuser.get(url).status_code == 404


def test_buttons_follow_state_and_permission(superuser: Client, client: Client) -> None:
    waiting, failed = MessageFactory(), MessageFactory(status=Status.FAILED)
    uncertain = MessageFactory(status=Status.UNCERTAIN)

    def offered(browser: Client, message: Message) -> set[str]:
        html = page(browser, message)
        urls = {
            n: reverse(f"admin:mailcenter_message_{n}", args=[message.pk])
            for n in ("resend", "retry", "cancel", "arrived", "reveal")
        }
        return {name for name, url in urls.items() if f'href="{url}"' in html}

    assert offered(superuser, waiting) == {"retry", "cancel", "reveal"}
    assert offered(superuser, failed) == {"resend", "reveal"}
    assert offered(superuser, uncertain) == {"arrived", "resend", "reveal"}
    client.force_login(StaffFactory(permissions=["view_message"]))
    assert offered(client, failed) == offered(client, uncertain) == set()


def test_mail_that_only_the_visitor_can_ask_for_again_says_so(
    superuser: Client, code_kind: str
) -> None:
    message = MessageFactory(kind=code_kind, status=Status.FAILED, content__secret=True)
    html = page(superuser, message)
    assert ASK_THE_VISITOR in html
    assert reverse("admin:mailcenter_message_resend", args=[message.pk]) not in html


def test_an_attempt_has_a_page_of_its_own(superuser: Client) -> None:
    attempt = refused().attempts.get()
    response = superuser.get(reverse("admin:mailcenter_attempt_change", args=[attempt.pk]))
    assert CATALOG["qq-login-fail"].cure.en in response.content.decode()
