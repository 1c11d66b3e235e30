"""The phrasebook: every entry of the catalogue, how often it was met, and what nobody knows yet."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from mailcenter.models import Attempt
from mailcenter.replies import CATALOG, CATCH_ALL, Entry
from mailcenter.replies.families import speakers
from mailcenter.replies.rule_in_words import rule
from mailcenter.replies.sources import source
from tests.factories import AttemptFactory, StaffFactory, SuperuserFactory, UserFactory

ATTACK = "<script>alert(1)</script>"
CHINESE = {"accept-language": "zh-hans"}
PAGE = reverse_lazy("admin:mailcenter_attempt_phrasebook")
pytestmark = pytest.mark.django_db


def page(client: Client, headers: dict[str, str] | None = None, **asked: str) -> str:
    response = client.get(PAGE, asked, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def found(client: Client, **asked: str) -> list[str]:
    """The slugs of the entries, as they are sorted."""
    return [phrase.entry.slug for phrase in client.get(PAGE, asked).context["phrases"]]


def unknown(client: Client, **asked: str) -> list[tuple[int | None, str, int, int, int]]:
    return [
        (each.code, each.text, each.met.week, each.met.month, each.met.newest)
        for each in client.get(PAGE, asked).context["unknown"]
    ]


def row(html: str, slug: str) -> str:
    return html.partition(f'id="entry-{slug}"')[2].partition("</tr>")[0]


def refused(slug: str, *, days_ago: float = 0, **columns: Any) -> Attempt:
    attempt: Attempt = AttemptFactory(
        outcome="rejected",
        catalog_entry=slug,
        started_at=timezone.now() - timedelta(days=days_ago),
        **columns,
    )
    return attempt


@pytest.fixture(scope="module")
def both(django_db_setup: None, django_db_blocker: Any) -> tuple[str, str]:
    """The page in English and in Chinese, made once."""
    with django_db_blocker.unblock(), transaction.atomic():
        browser = Client()
        browser.force_login(SuperuserFactory())
        pages = page(browser, {"accept-language": "en"}), page(browser, CHINESE)
        transaction.set_rollback(True)
    return pages


def link(attempt: Attempt) -> str:
    return f'href="{reverse("admin:mailcenter_attempt_change", args=[attempt.pk])}"'


def test_it_lies_beside_the_attempts(superuser: Client) -> None:
    assert str(PAGE).endswith("/mailcenter/attempt/phrasebook/")
    html = superuser.get(reverse("admin:mailcenter_attempt_changelist")).content.decode()
    assert f'href="{PAGE}"' in html


def test_an_explained_reply_leads_to_its_entry(superuser: Client, client: Client) -> None:
    attempt = refused("qq-login-fail")
    for name, key in (("message", attempt.message_id), ("attempt", attempt.pk)):
        address = reverse(f"admin:mailcenter_{name}_change", args=[key])
        assert f'href="{PAGE}#entry-qq-login-fail"' in superuser.get(address).content.decode()
    client.force_login(StaffFactory(permissions=["view_message"]))
    address = reverse("admin:mailcenter_message_change", args=[attempt.message_id])
    html = client.get(address).content.decode()
    assert "advice" in html
    assert str(PAGE) not in html


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.slug)
def test_every_entry_is_told_in_both_languages(both: tuple[str, str], entry: Entry) -> None:
    for html, language in zip(both, ("en", "zh-hans"), strict=True):
        said = row(html, entry.slug)
        for words in (entry.cause, entry.cure, rule(entry), speakers(entry)):
            assert escape(words.within(language)) in said
        assert escape(source(entry).within(language)) in said
        for pattern in (entry.code, entry.enhanced, entry.text):
            assert f"<code>{escape(pattern)}</code>" in said or not pattern
        if entry.url:
            assert f'<a href="{escape(entry.url)}" rel="noreferrer noopener">' in said
        assert "chip" in said


def test_how_often_each_was_met_and_the_newest(superuser: Client) -> None:
    for days in (40, 20, 8, 6):
        refused("qq-login-fail", days_ago=days)
    newest = refused("qq-login-fail")
    AttemptFactory()
    said = row(page(superuser), "qq-login-fail")
    assert '<td class="met number">2</td><td class="met number">4</td>' in said
    assert link(newest) in said
    never = row(page(superuser), "mailbox-full")
    assert (
        '<td class="met number">0</td><td class="met number">0</td><td class="met">–</td>' in never
    )


def test_most_frequent_first_else_as_asked(superuser: Client) -> None:
    for _again in range(3):
        refused("mailbox-full", days_ago=10)
    for _again in range(2):
        refused("timed-out")
    refused("qq-login-fail", days_ago=2)
    assert found(superuser)[:3] == ["mailbox-full", "timed-out", "qq-login-fail"]
    assert found(superuser, order="week")[:2] == ["timed-out", "qq-login-fail"]
    classes = [CATALOG[slug].verdict_class for slug in found(superuser, order="class")]
    assert classes[0] == "auth"
    assert len({*classes}) == sum(
        one != other for one, other in zip(classes, [None, *classes], strict=False)
    )
    html = page(superuser, q="qq", order="week")
    assert 'aria-sort="descending"><a href="?q=qq&amp;order=week">' in html
    assert '<a href="?q=qq&amp;order=class">' in html


@pytest.mark.parametrize(
    "words",
    [
        "qq-login-fail",
        "LOGIN FAIL",
        CATALOG["qq-login-fail"].cause.zh[:12],
        CATALOG["qq-login-fail"].cause.en[:25].upper(),
        CATALOG["qq-login-fail"].cure.zh[-10:],
        CATALOG["qq-login-fail"].cure.en[-25:],
        "535 Login fail. Account is abnormal",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_search_in_pattern_meaning_and_name(superuser: Client, words: str, language: str) -> None:
    response = superuser.get(PAGE, {"q": words}, headers={"accept-language": language})
    slugs = [phrase.entry.slug for phrase in response.context["phrases"]]
    assert "qq-login-fail" in slugs
    assert len(slugs) < len(CATALOG) / 2


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("5.1.1", "mailbox-not-found"),
        ("550 5.1.1 Nobody of that name", "mailbox-not-found"),
        ("556", "directmail-too-many-recipients"),
        ("563", "directmail-recipient-refused"),
    ],
)
def test_search_by_code(superuser: Client, words: str, slug: str) -> None:
    slugs = found(superuser, q=words)
    assert slug in slugs
    assert len(slugs) < 12


def test_a_search_that_finds_nothing_says_so(superuser: Client) -> None:
    assert found(superuser, q="no such words anywhere") == []
    assert '<td colspan="5">None.</td>' in page(superuser, q="no such words anywhere")


def test_filters_by_class_and_by_speaker(superuser: Client) -> None:
    auth = found(superuser, verdict="auth")
    assert {CATALOG[slug].verdict_class for slug in auth} == {"auth"}
    assert "qq-login-fail" in auth
    netease = found(superuser, whose="netease")
    assert netease
    assert all("netease" in CATALOG[slug].speakers for slug in netease)
    standards = found(superuser, whose="any")
    assert standards
    assert not any(CATALOG[slug].speakers for slug in standards)
    both = found(superuser, whose="netease", verdict="auth")
    assert set(both) == set(auth) & set(netease)


def test_what_makes_no_sense_is_not_asked_for(superuser: Client) -> None:
    nonsense = {"verdict": "x", "whose": "y", "order": "z", "q": "long " * 200}
    assert len(found(superuser, **nonsense)) == len(CATALOG)
    assert superuser.get(PAGE, {"q": "a\0"}).status_code == 400


def test_the_form_keeps_what_was_asked(superuser: Client) -> None:
    html = page(superuser, q='"fail"', verdict="auth", whose="qq", order="week")
    assert 'value="&quot;fail&quot;"' in html
    assert '<option value="auth" selected>' in html
    assert '<option value="qq" selected>' in html
    assert '<input type="hidden" name="order" value="week">' in html


@pytest.mark.parametrize("slug", [*sorted(CATCH_ALL), "no-longer-in-the-catalogue"])
def test_what_nobody_knows_is_listed_with_its_words(superuser: Client, slug: str) -> None:
    for days in (40, 10, 3):
        refused(slug, days_ago=days, reply_code=559, reply_text="Never heard of")
    newest = refused(slug, reply_code=559, reply_text="Never heard of")
    refused("mailbox-full", reply_code=552, reply_text="Mailbox is full")
    AttemptFactory()
    assert unknown(superuser) == [(559, "Never heard of", 2, 3, newest.pk)]
    said = page(superuser).partition('class="unknown"')[2].partition("</tr>")[0]
    assert "559" in said
    assert "Never heard of" in said
    assert link(newest) in said


def test_unknown_replies_that_differ_in_ids_alone_are_one(superuser: Client) -> None:
    refused("refused", reply_code=550, reply_text="5.7.9 Blocked, id=A12-x at 10:30 每天最多3封")
    newest = refused(
        "refused", reply_code=550, reply_text="5.7.9 Blocked, id=B7 at 9:01 每天最多50封"
    )
    others = [
        refused("refused", reply_code=550, reply_text="5.7.8 Blocked, id=B7 at 9:01 每天最多50封"),
        refused("refused", reply_code=551, reply_text="5.7.9 Blocked, id=B7 at 9:01 每天最多50封"),
        refused("refused", reply_code=550, reply_text="5.7.9 Blocked, id=B7 at 9:01 每月最多50封"),
        refused("unexpected", reply_code=None, reply_text=""),
    ]
    said = unknown(superuser)
    assert said[0] == (550, newest.reply_text, 2, 2, newest.pk)
    assert {newest for *_rest, newest in said[1:]} == {attempt.pk for attempt in others}


def test_unknown_replies_are_searched_too(superuser: Client) -> None:
    refused("refused", reply_code=550, reply_text="Blocked for ever")
    refused("refused", reply_code=554, reply_text="Go away")
    assert [text for _code, text, *_met in unknown(superuser, q="BLOCKED")] == ["Blocked for ever"]
    assert [text for _code, text, *_met in unknown(superuser, q="554 go")] == ["Go away"]


@pytest.mark.parametrize("headers", [None, CHINESE])
def test_what_strangers_wrote_stays_text(superuser: Client, headers: dict[str, str] | None) -> None:
    refused("refused", reply_text=ATTACK)
    html = page(superuser, headers, q=ATTACK)
    assert ATTACK not in html
    assert html.count("&lt;script&gt;") >= 2


def test_who_may_read_it(client: Client) -> None:
    response = client.get(PAGE)
    assert response.status_code == 302
    assert "login" in response["Location"]
    for user, status in (
        (UserFactory(permissions=["view_attempt"]), 302),
        (StaffFactory(permissions=["view_message", "view_account"]), 403),
        (StaffFactory(permissions=["view_attempt"]), 200),
    ):
        client.force_login(user)
        assert client.get(PAGE).status_code == status
    assert client.post(PAGE).status_code == 405


def test_the_number_of_queries_never_grows(superuser: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(superuser)
        return len(captured)

    page(superuser)
    assert queries() < 8
    refused("refused", reply_text="Something unheard of")
    one = queries()
    for slug in CATALOG:
        refused(slug, reply_text=f"Words of {slug}")
    assert queries() == one
    for number in range(30):
        refused("refused", reply_text=f"Something {'x' * number} unheard of")
    assert queries() == one
    assert one < 8


def test_only_so_many_unknown_replies_are_shown(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailcenter.admin.phrasebook.MOST_UNKNOWN", 2)
    for text in ("a", "b", "b", "c", "c", "c"):
        refused("refused", reply_text=text)
    assert [text for _code, text, *_met in unknown(superuser)] == ["c", "b"]
