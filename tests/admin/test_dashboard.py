"""The first page of the app: its figures, who sees what, and what it costs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter.admin.dashboard.counted import Counted, Line, duration, percent, tallies
from mailcenter.models import Account, CountedHour, Message, Tally, WorkerHeartbeat
from mailcenter.replies import CATALOG
from tests.factories import AttemptFactory, MessageFactory, StaffFactory, TemplateVersionFactory
from tests.test_chinese_pages import english

pytestmark = pytest.mark.django_db

PAGE = "/admin/mailcenter/"
HOUR = timedelta(hours=1)
KIND, DOMAIN, REPLY = Tally.Subject.KIND, Tally.Subject.DOMAIN, Tally.Subject.REPLY
SAID = re.compile(r"<[^>]*>")


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hour ends within a test. What a factory makes now is due."""
    now = timezone.now() + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: now)


def this_hour() -> datetime:
    return timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def tally(
    subject: str, name: str, event: str, count: int, ago: int = 0, seconds: float = 0
) -> None:
    """ago: hours."""
    begin = this_hour() - ago * HOUR
    # Here the clock stands still: nothing tells the page that they have changed.
    tallies.cache_clear()
    hour, _new = CountedHour.objects.get_or_create(
        begins_at=begin, defaults={"counted_at": timezone.now()}
    )
    Tally.objects.create(
        hour=hour, subject=subject, name=name, event=event, count=count, seconds=seconds
    )


def beat(**columns: Any) -> WorkerHeartbeat:
    now = timezone.now()
    values = {"name": "host:1", "engine": "embedded", "started_at": now, "seen_at": now}
    return WorkerHeartbeat.objects.create(**values | columns)


def look(browser: Client, **query: str) -> Any:
    response = browser.get(PAGE, query)
    assert response.status_code == 200
    return response


def words(html: str) -> str:
    return " ".join(SAID.sub(" ", html).split())


def test_it_stands_where_the_list_of_the_app_stood(superuser: Client) -> None:
    assert reverse("mailcenter_dashboard") == PAGE == reverse("admin:app_list", args=["mailcenter"])
    html = look(superuser).content.decode()
    for name in ("message", "attempt", "account", "template"):
        assert f'<a href="{reverse(f"admin:mailcenter_{name}_changelist")}"' in html


def test_kinds_domains_and_the_whole(superuser: Client) -> None:
    tally(KIND, "password_reset", "queued", 1200)
    tally(KIND, "password_reset", "accepted", 900, ago=2, seconds=0.225)
    tally(KIND, "password_reset", "accepted", 90, ago=23, seconds=98.526)
    tally(KIND, "password_reset", "failed", 10)
    tally(KIND, "of-an-app-that-is-gone", "failed", 1)
    tally(DOMAIN, "qq.com", "accepted", 7, seconds=0.225)
    tally(DOMAIN, "163.com", "failed", 8)
    tally(DOMAIN, "", "accepted", 99, seconds=0.225)
    # Before the period.
    tally(KIND, "password_reset", "failed", 5000, ago=24)
    response = look(superuser)
    counted: Counted = response.context["counted"]
    reset, gone = counted.kinds
    assert (reset.label, reset.requested, reset.accepted) == ("password reset", "1,200", "990")
    assert (reset.failed, reset.share) == ("10", "99.0%")
    assert reset.p50 == "0.2 s"
    assert reset.p95 == "80 s"
    assert (gone.label, gone.failed, gone.p50) == ("of-an-app-that-is-gone", "1", "")
    assert [line.label for line in counted.domains] == ["163.com", "qq.com", "all others"]
    assert counted.everything.failed == "11"
    assert "password reset 1,200 990 10 99" in words(response.content.decode())


def test_many_domains_stand_in_one_line(superuser: Client) -> None:
    for number in range(12):
        tally(DOMAIN, f"{number}.example", "accepted", 100 - number, seconds=0.1)
    lines = look(superuser).context["counted"].domains
    assert [line.label for line in lines[:2]] == ["0.example", "1.example"]
    assert (len(lines), lines[-1].label, lines[-1].accepted) == (11, "all others", "179")


def test_many_kinds_stand_in_one_line(superuser: Client) -> None:
    for number in range(33):
        tally(KIND, f"kind-{number}", "accepted", 100 - number, seconds=0.1)
    response = look(superuser)
    lines = response.context["counted"].kinds
    assert [line.label for line in lines[:2]] == ["kind-0", "kind-1"]
    assert (len(lines), lines[-1].label, lines[-1].accepted) == (31, "all others", "207")
    assert "all others 0 207 0 100%" in words(response.content.decode())
    assert 'href=""' not in response.content.decode()


def test_each_hour_has_a_row_behind_the_chart(superuser: Client, settings: Any) -> None:
    tally(KIND, "other", "accepted", 3)
    tally(KIND, "system", "accepted", 4)
    tally(KIND, "other", "failed", 2, ago=23)
    tally(DOMAIN, "qq.com", "accepted", 50)
    bars = look(superuser).context["counted"].bars
    assert len(bars) == 24
    assert (bars[-1].accepted, bars[-1].failed) == (7, 0)
    assert (bars[0].accepted, bars[0].failed) == (0, 2)
    # For the chart, whatever stands between thousands.
    settings.USE_THOUSAND_SEPARATOR = True
    tally(KIND, "other", "accepted", 1234, ago=1)
    assert 'data-count="1234">1,234</td>' in look(superuser).content.decode()
    assert bars[-1].label == f"{timezone.localtime(this_hour()):%H:%M}"
    query = parse_qs(urlsplit(bars[-1].address).query)
    assert query["created_at__gte"] == [this_hour().isoformat()]
    assert superuser.get(bars[-1].address).status_code == 200


def test_of_a_week_each_bar_has_six_hours_and_none_is_lost(superuser: Client) -> None:
    for ago in range(8 * 24):
        tally(KIND, "other", "accepted", 1, ago=ago)
    counted = look(superuser, days="7").context["counted"]
    now = timezone.localtime()
    assert len(counted.bars) == 6 * 4 + now.hour // 6 + 1
    assert [bar.accepted for bar in counted.bars[:-1]] == [6] * (len(counted.bars) - 1)
    assert counted.bars[-1].accepted == now.hour % 6 + 1
    assert counted.bars[0].label.endswith("00:00")
    assert counted.everything.counts["accepted"] == sum(bar.accepted for bar in counted.bars)


@pytest.mark.parametrize("days", ["", "0", "30", "x", "7\0"])
def test_of_other_periods_it_shows_the_shortest(superuser: Client, days: str) -> None:
    assert look(superuser, days=days).context["period"].days == 1


def test_the_funnel_is_for_kinds_with_a_link_or_a_code(superuser: Client) -> None:
    for event, count in (("queued", 200), ("accepted", 150), ("opened", 51), ("done", 0)):
        tally(KIND, "login_code", event, count)
    tally(KIND, "security_notice", "queued", 5)
    response = look(superuser)
    ((label, steps),) = response.context["counted"].funnels
    assert label == "log-in code"
    assert [step.count for step in steps] == ["200", "150", "51", "0"]
    assert [step.width for step in steps] == [100, 75, 26, 0]
    assert [step.share[:-1] for step in steps] == ["100", "75.0", "25.5", ""]
    assert 'rect width="75%"' in response.content.decode()


def test_what_was_asked_for_before_the_period_makes_no_share_above_all(superuser: Client) -> None:
    tally(KIND, "login_code", "queued", 2)
    tally(KIND, "login_code", "opened", 4)
    ((_label, steps),) = look(superuser).context["counted"].funnels
    assert [(step.width, step.share) for step in steps][2] == (100, "")
    assert steps[0].width == 50


def test_replies_with_their_cures(superuser: Client) -> None:
    slug, entry = next(iter(CATALOG.items()))
    tally(REPLY, f"550 {slug}", "refused", 4)
    tally(REPLY, f"550 {slug}", "refused", 3, ago=1)
    tally(REPLY, f"- {slug}", "refused", 2)
    tally(REPLY, "421", "refused", 1)
    response = look(superuser)
    met = response.context["counted"].replies
    assert [(each.code, each.count, each.entry) for each in met] == [
        ("550", "7", entry),
        ("", "2", entry),
        ("421", "1", None),
    ]
    html = response.content.decode()
    assert f"{reverse('admin:mailcenter_attempt_phrasebook')}#entry-{slug}" in html
    assert entry.cure.en[:30] in words(html).replace("&#x27;", "'")


def test_the_lists_behind_the_figures_show_their_rows(superuser: Client) -> None:
    slug, entry = next(iter(CATALOG.items()))
    since = timezone.now()
    wanted = AttemptFactory(
        reply_code=550, verdict=entry.verdict_class, outcome="deferred", catalog_entry=slug
    )
    AttemptFactory(reply_code=250)
    Message.objects.update(status="failed", kind="system", finished_at=since)
    # What counts is when it failed, not when it was asked for.
    MessageFactory(status="expired", kind="system", created_at=since - 30 * HOUR, finished_at=since)
    MessageFactory(
        status="failed", kind="system", created_at=since - HOUR, finished_at=since - 30 * HOUR
    )
    sent = MessageFactory(
        status="sent", kind="system", created_at=since - 30 * HOUR, finished_at=since
    )
    other = MessageFactory(kind="login_code")
    tally(REPLY, f"550 {slug}", "refused", 1)
    tally(KIND, "system", "failed", 2)
    response = look(superuser)

    def listed(address: str) -> list[Any]:
        rows = superuser.get(address.replace("&amp;", "&")).context["cl"].result_list
        return sorted(row.pk for row in rows)

    counted = response.context["counted"]
    ended = Message.objects.filter(finished_at=since).exclude(pk=sent.pk)
    failed = sorted(ended.values_list("pk", flat=True))
    assert len(failed) == 3
    assert listed(counted.replies[0].address) == [wanted.pk]
    assert listed(counted.kinds[0].of_failed) == failed
    assert listed(counted.kinds[0].of_accepted) == [sent.pk]
    assert listed(response.context["sent_list"]) == [sent.pk]
    assert listed(response.context["failed_list"]) == failed
    assert listed(response.context["waiting_list"]) == [other.pk]


def test_what_is_so_now(superuser: Client) -> None:
    now = timezone.now()
    oldest = MessageFactory(
        created_at=now - timedelta(minutes=200), next_attempt_at=now + timedelta(hours=1)
    )
    late = MessageFactory(created_at=now - timedelta(hours=2), priority=8)
    urgent = MessageFactory(created_at=now - timedelta(hours=1), priority=1)
    MessageFactory(expires_at=now - timedelta(minutes=1), priority=0)
    MessageFactory(status="sending")
    held = MessageFactory(status="uncertain")
    MessageFactory(status="uncertain", look_at=now)
    MessageFactory(supersedes=MessageFactory(status="uncertain"), status="sent")
    response = look(superuser)
    present = response.context["present"]
    assert [str(n) for n in (present.waiting, present.sending, present.undecided)] == [
        "4",
        "1",
        "1",
    ]
    assert (present.oldest, present.next) == (oldest, urgent)
    Message.objects.filter(pk=urgent.pk).delete()
    assert look(superuser).context["present"].next == late
    html = response.content.decode()
    assert reverse("admin:mailcenter_message_change", args=[oldest.pk]) in html
    assert "oldest: 3 hours ago" in words(html)
    assert "The oldest waits: It is not due yet." in html
    assert held.status == "uncertain"


def test_a_long_queue_is_not_counted_to_its_end(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailcenter.admin.dashboard.present.COUNTED", 3)
    MessageFactory.create_batch(5)
    assert str(look(superuser).context["present"].waiting) == "3+"


def test_the_tallies_are_read_again_only_once_they_have_changed(superuser: Client) -> None:
    def failed() -> str:
        return str(look(superuser).context["counted"].everything.failed)

    def fail(counted_at: datetime) -> None:
        Tally.objects.create(hour=hour, subject=KIND, name="new", event="failed", count=2)
        CountedHour.objects.update(counted_at=counted_at)

    tally(KIND, "other", "failed", 1)
    hour = CountedHour.objects.get()
    assert failed() == "1"
    fail(hour.counted_at)
    assert failed() == "1"
    Tally.objects.filter(name="new").delete()
    fail(hour.counted_at + timedelta(minutes=1))
    assert failed() == "3"


def test_mail_that_waits_for_a_word_is_counted_as_far_as_anybody_reads(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailcenter.admin.dashboard.present.MOST_UNDECIDED", 2)
    for count in ("1", "2", "2+", "2+"):
        MessageFactory(status="uncertain")
        assert str(look(superuser).context["present"].undecided) == count


def test_accounts_with_their_budgets(superuser: Client) -> None:
    Account.objects.update(per_day=200, per_minute=9, preset="qq", address="shop@qq.com")
    Account.objects.update(day=timezone.localdate(), sent_that_day=50)
    account = look(superuser).context["accounts"][0]
    assert (account.today, account.minute) == ("50 of 200, 150 left", "0 of 9, 9 left")
    assert account.used == 25


def test_workers_alive_and_silent(superuser: Client) -> None:
    beat(name="alive:1")
    beat(name="gone:2", seen_at=timezone.now() - timedelta(hours=2))
    html = words(look(superuser).content.decode())
    assert "✓ alive alive:1" in html
    assert "✕ silent gone:2" in html


def test_when_it_was_counted(superuser: Client) -> None:
    assert "Nothing has been counted yet" in look(superuser).content.decode()
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    CountedHour.objects.create(begins_at=this_hour(), counted_at=at)
    CountedHour.objects.create(begins_at=this_hour() - HOUR, counted_at=at - HOUR)
    assert "Counted at Jan. 2, 2026, 11:04 a.m." in look(superuser).content.decode()


def test_in_chinese_no_word_is_english(superuser: Client, settings: Any) -> None:
    slug = next(iter(CATALOG))
    for event in Tally.Event.values:
        tally(KIND, "password_reset", event, 30, seconds=0.1)
    tally(DOMAIN, "qq.com", "failed", 3)
    tally(REPLY, f"550 {slug}", "refused", 3)
    MessageFactory(created_at=timezone.now() - HOUR, next_attempt_at=timezone.now() - HOUR)
    MessageFactory(status="uncertain")
    Account.objects.create(slug="shop")
    version = TemplateVersionFactory(published=True)
    type(version.template).objects.failed(version, "broken")

    def see(query: str = "") -> None:
        html = superuser.get(PAGE + query, headers={"accept-language": "zh-hans"}).content.decode()
        assert english(html, "wang", "host:1", "qq.com", "shop", "environment", slug) == []

    see()
    beat(started_at=timezone.now() - HOUR)
    CountedHour.objects.update(counted_at=timezone.now() - HOUR)
    see("?days=7")
    Account.objects.update(paused_until=timezone.now() + HOUR, pause_reason="535")
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": {"PROVIDER": "qq", "ADDRESS": "shop"}}
    see()
    Account.objects.update(enabled=False)
    see("?_live=1")


def test_the_fragment_is_what_changes_on_the_page(superuser: Client) -> None:
    tally(KIND, "other", "accepted", 3)
    MessageFactory()
    part = look(superuser, _live="1", days="7").content.decode()
    whole = look(superuser, days="7").content.decode()
    assert "<html" not in part
    for name in re.findall(r'id="(\w[\w-]*)"[^>]* data-live', whole):
        assert f'id="{name}"' in part
    # All but what grows with time.
    assert re.sub(r"(?s)<time.*?</time>", "", part).strip() in re.sub(
        r"(?s)<time.*?</time>", "", whole
    )


def test_only_by_get(superuser: Client) -> None:
    assert superuser.post(PAGE).status_code == 405
    assert superuser.head(PAGE).status_code == 200


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        (["view_message"], set()),
        (["view_message", "view_attempt"], {"replies"}),
        (["view_message", "view_account"], {"accounts"}),
    ],
)
def test_what_a_reader_may_not_open_is_not_there(held: list[str], shown: set[str]) -> None:
    browser = Client()
    browser.force_login(StaffFactory(permissions=held))
    html = look(browser).content.decode()
    assert {name for name in ("replies", "accounts") if f'id="{name}"' in html} == shown


def test_who_may_not_see_messages_gets_the_list_of_the_app() -> None:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(StaffFactory(permissions=["view_account"]))
    tally(KIND, "other", "failed", 3)
    for query in ({}, {"_live": "1"}):
        response = look(browser, **query)
        assert response.templates[0].name == "admin/app_index.html"
        assert "counted" not in response.context
    browser.force_login(StaffFactory())
    assert browser.get(PAGE).status_code == 404


def test_no_query_grows_with_the_rows_and_twelve_are_enough(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    """As staff, whose permissions cost two, with everything on the page."""
    names = ["message", "attempt", "account", "template"]
    client.force_login(StaffFactory(permissions=[f"view_{name}" for name in names]))
    beat()
    version = TemplateVersionFactory(published=True)
    type(version.template).objects.failed(version, "broken")
    Account.objects.update(
        paused_at=timezone.now(), paused_until=timezone.now() + HOUR, pause_reason="535"
    )
    slug = next(slug for slug, entry in CATALOG.items() if entry.account_wide)

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            look(client)
        return [each["sql"] for each in captured]

    def fill(count: int, number: int) -> None:
        for status in ("queued", "sent", "uncertain"):
            for message in MessageFactory.create_batch(count, status=status, content=None):
                AttemptFactory(message=message, catalog_entry=slug)
        for name in range(number, number + 5):
            tally(KIND, f"kind-{name}", "accepted", 1, seconds=0.1)
            tally(DOMAIN, f"{name}.example", "failed", 1)
            tally(REPLY, f"{name} {slug}", "refused", 1)
            Account.objects.create(
                slug=f"account-{name}",
                paused_at=timezone.now(),
                paused_until=timezone.now() + HOUR,
            )

    fill(20, 0)
    few = queries()
    fill(180, 5)
    many = queries()
    assert len(many) == len(few)
    assert len(many) <= 12
    assert not [sql for sql in many if "mailcenter_content" in sql]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (119.4, "119 s"), (120, "2 min"),
     (7199, "120 min"), (7200, "2 h"), (180_000, "50 h")],
)  # fmt: skip
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 9, "0"), (9, 9, "100"), (1, 3, "33.3"), (99_999, 100_000, "99.9"), (1, 100_000, "0.1")],
)
def test_a_share_is_all_or_nothing_only_where_it_is(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == f"{shown}%"


def test_of_nothing_there_is_no_share() -> None:
    assert (Line().share, Line().p50, Line().p95) == ("", "", "")
