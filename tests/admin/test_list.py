"""The lists of messages and attempts: what they show, how they go on, what they cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mailcenter.admin import attempts, long_lists
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.models import Account, Message
from tests.factories import AttemptFactory, MessageFactory, StaffFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def shown(superuser: Client, **filters: Any) -> list[Message]:
    response = superuser.get(reverse("admin:mailcenter_message_changelist"), filters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def page(superuser: Client, name: str = "message") -> str:
    return superuser.get(reverse(f"admin:mailcenter_{name}_changelist")).content.decode()


def test_a_row_says_what_became_of_the_mail(superuser: Client) -> None:
    MessageFactory(
        status=Status.FAILED,
        subject="Welcome aboard",
        to=["one@example.com", "two@example.com", "three@example.com"],
        kind="system",
        last_reply_code=550,
        last_verdict="recipient-unknown",
        attempt_count=3,
        created_at=timezone.now() - timedelta(hours=5),
    )
    html = page(superuser)
    assert "failed" in html
    assert "chip-bad" in html
    assert "one@example.com and 2 more" in html
    assert "Welcome aboard" in html
    assert "system" in html
    assert '<span class="code">550</span> no such recipient' in html
    assert '<td class="field-attempt_count">3</td>' in html
    assert "5\N{NO-BREAK SPACE}hours" in html
    assert "<time datetime=" in html


def test_a_waiting_mail_says_why(superuser: Client) -> None:
    Account.objects.update(
        address="site@qq.com",
        paused_until=timezone.now() + timedelta(minutes=15),
        pause_reason='535 <b>"Login"</b> ' + "Fail. " * 30,
    )
    MessageFactory(status=Status.SENT)
    assert "is paused" not in page(superuser)
    MessageFactory()
    html = page(superuser)
    assert html.count("The account site@qq.com is paused: 535 &lt;b&gt;") == 2
    # What is cut off stands in the title, and the time is never cut off.
    assert html.count("Fail. " * 29) == 1
    assert html.count("at the earliest") == 1


@pytest.mark.parametrize(
    ("parameter", "value", "wanted", "other"),
    [
        ("status__exact", "failed", {"status": "failed"}, {"status": "sent"}),
        ("kind", "system", {"kind": "system"}, {"kind": "other"}),
        ("last_verdict__exact", "auth", {"last_verdict": "auth"}, {"last_verdict": "tls"}),
        ("account__slug__exact", "second", {"account_id": "second"}, {}),
    ],
)
def test_filters(
    superuser: Client, parameter: str, value: str, wanted: dict[str, Any], other: dict[str, Any]
) -> None:
    Account.objects.create(slug="second")
    match = MessageFactory(**wanted)
    MessageFactory(**other)
    assert shown(superuser, **{parameter: value}) == [match]


def test_the_filters_on_offer(superuser: Client) -> None:
    Account.objects.create(slug="second")
    response = superuser.get(reverse("admin:mailcenter_message_changelist"))
    titles = [str(each.title) for each in response.context["cl"].filter_specs]
    assert titles == ["status", "kind", "meaning", "queued", "account"]
    response = superuser.get(reverse("admin:mailcenter_attempt_changelist"))
    titles = [str(each.title) for each in response.context["cl"].filter_specs]
    assert titles == ["outcome", "reply code", "meaning", "started"]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("message", "kind"),
        ("message", "status__exact"),
        ("message", "last_verdict__exact"),
        ("message", "message_id__startswith"),
        ("message", "q"),
        ("attempt", "outcome"),
        ("account", "q"),
    ],
)
def test_a_nul_in_a_filter_is_refused(superuser: Client, name: str, parameter: str) -> None:
    page = reverse(f"admin:mailcenter_{name}_changelist")
    assert superuser.get(page, {parameter: "a\0"}).status_code == 400


@pytest.mark.parametrize("page", ["change", "history"])
def test_a_nul_in_the_address_of_a_row_is_refused(superuser: Client, page: str) -> None:
    for name in ("message", "attempt", "account"):
        address = reverse(f"admin:mailcenter_{name}_{page}", args=["a\0"])
        assert superuser.get(address).status_code == 400


def test_filter_by_date(superuser: Client) -> None:
    new = MessageFactory()
    MessageFactory(created_at=timezone.now() - timedelta(days=40))
    since = (timezone.now() - timedelta(days=7)).isoformat()
    assert shown(superuser, created_at__gte=since) == [new]


def test_newest_first(superuser: Client) -> None:
    older = MessageFactory(created_at=timezone.now() - timedelta(days=1))
    newer = MessageFactory()
    assert shown(superuser) == [newer, older]


@pytest.mark.parametrize("name", ["message", "attempt"])
@pytest.mark.parametrize("query", [{}, {"p": "2"}, {"o": "-6"}, {"_live": "1"}])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    superuser: Client, name: str, query: dict[str, str]
) -> None:
    if name == "attempt" and "_live" in query:
        query = {}
    address = reverse(f"admin:mailcenter_{name}_changelist")

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert superuser.get(address, query).status_code == 200
        return [each["sql"] for each in captured]

    def fill(count: int) -> None:
        for message in MessageFactory.create_batch(count, to=["a@example.com", "b@example.com"]):
            AttemptFactory(message=message)

    fill(10)
    few = queries()
    fill(190)
    many = queries()
    assert len(many) == len(few)
    assert len(many) <= 12
    assert not [sql for sql in many if "mailcenter_content" in sql]


@pytest.mark.parametrize("name", ["message", "attempt"])
def test_no_more_rows_are_counted_than_the_pages_need(
    superuser: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lists, "COUNTED", 10)
    monkeypatch.setattr(ReadOnlyAdmin, "list_per_page", 4)
    now = timezone.now()
    made = [
        AttemptFactory(
            started_at=now - timedelta(minutes=number // 2),
            message__created_at=now - timedelta(minutes=number // 2),
        )
        for number in range(12)
    ]
    wanted = {row.pk if name == "attempt" else row.message_id for row in made}
    address = reverse(f"admin:mailcenter_{name}_changelist")
    html = superuser.get(address).content.decode()
    assert f"more than 10 {name}s" in html
    assert "Go on from here" not in html

    seen: list[int] = []
    query = "?p=1"
    while query:
        response = superuser.get(address + query)
        listed = response.context["cl"]
        seen += [row.pk for row in listed.result_list]
        more_pages = listed.page_num < listed.paginator.num_pages
        query = listed.get_query_string({"p": listed.page_num + 1}) if more_pages else listed.rest
    # Where a list goes on, the last rows of a moment may come twice; none is left out.
    assert set(seen) == wanted
    assert len(seen) <= len(wanted) + 2


def test_in_the_other_order_it_goes_on_too(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lists, "COUNTED", 2)
    now = timezone.now()
    oldest, *_between, newest = (
        MessageFactory(created_at=now - timedelta(days=days)) for days in (3, 2, 1)
    )
    address = reverse("admin:mailcenter_message_changelist")
    column = list(superuser.get(address).context["cl"].list_display).index("age")
    listed = superuser.get(address, {"o": str(column)}).context["cl"]
    assert listed.result_list[0] == oldest
    rest = superuser.get(address + listed.rest).context["cl"].result_list
    assert rest[-1] == newest


@pytest.mark.parametrize("number", ["0", "-1", "99", "x"])
def test_a_page_that_does_not_exist_is_the_nearest_one(superuser: Client, number: str) -> None:
    match = MessageFactory()
    assert shown(superuser, p=number) == [match]


def test_date_shortcuts(superuser: Client) -> None:
    now = timezone.now()
    made = [
        MessageFactory(created_at=now - timedelta(days=days, seconds=1)) for days in (0, 5, 20, 80)
    ]
    MessageFactory(created_at=now - timedelta(days=100))
    address = reverse("admin:mailcenter_message_changelist")
    listed = superuser.get(address).context["cl"]
    [since] = [spec for spec in listed.filter_specs if isinstance(spec, long_lists.Since)]
    found = {
        str(choice["display"]): len(
            superuser.get(address + choice["query_string"]).context["cl"].result_list
        )
        for choice in since.choices(listed)
    }
    found.pop("Today")  # At midnight a mail of a second ago is not.
    assert found == {
        "Any date": len(made) + 1,
        "Past 7 days": 2,
        "Past 30 days": 3,
        "Past 90 days": 4,
    }


def test_counts_of_every_filter_are_not_on_offer(superuser: Client) -> None:
    MessageFactory()
    for name in ("message", "attempt"):
        assert "_facets" not in page(superuser, name)


def test_the_rows_alone_take_the_place_of_those_on_the_page(superuser: Client) -> None:
    match = MessageFactory(subject="Welcome", status=Status.FAILED)
    MessageFactory(subject="Other", status=Status.SENT)
    whole = reverse("admin:mailcenter_message_changelist", query={"status__exact": "failed"})
    html = superuser.get(f"{whole}&_live=1").content.decode()
    assert "<html" not in html
    assert "Welcome" in html
    assert "Other" not in html
    assert "1 message" in html
    # Links lead back to the list, not to its rows.
    assert f"/{match.pk}/change/?_changelist_filters=status__exact%3Dfailed" in html
    assert "_live" not in html
    assert html.strip() in superuser.get(whole).content.decode()


def test_the_rows_alone_need_the_same_permission(client: Client) -> None:
    client.force_login(StaffFactory(permissions=["view_attempt"]))
    address = reverse("admin:mailcenter_message_changelist")
    assert client.get(address, {"_live": "1"}).status_code == 403


def test_the_codes_on_offer_are_those_that_were_met(superuser: Client) -> None:
    for code in (550, 250, 550, None):
        AttemptFactory(reply_code=code)
    address = reverse("admin:mailcenter_attempt_changelist")
    listed = superuser.get(address).context["cl"]
    [codes] = [each for each in listed.filter_specs if isinstance(each, attempts.CodeFilter)]
    assert codes.lookup_choices == [("250", "250"), ("550", "550")]
    for value in ("x", "551", "1" * 30):
        assert superuser.get(address, {"reply_code": value}).context["cl"].result_list == []


def test_attempts_are_searched_in_the_newest(
    superuser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "NEWEST", 2)
    now = timezone.now()
    made = [
        AttemptFactory(reply_text="Ok: queued as 1", started_at=now - timedelta(days=days))
        for days in range(3)
    ]
    address = reverse("admin:mailcenter_attempt_changelist")
    assert superuser.get(address, {"q": "queued"}).context["cl"].result_list == made[:2]


def test_what_strangers_wrote_stays_text(superuser: Client) -> None:
    attack = "<script>alert(1)</script>"
    message = MessageFactory(subject=attack, to=[f'"{attack}"@example.com'])
    AttemptFactory(message=message, outcome="rejected", reply_text=attack)
    for name in ("message", "attempt"):
        html = page(superuser, name)
        assert attack not in html
        assert "&lt;script&gt;" in html


def test_attempts_are_listed_by_code_outcome_verdict_and_date(superuser: Client) -> None:
    match = AttemptFactory(outcome="rejected", reply_code=550, verdict="recipient-unknown")
    AttemptFactory(started_at=timezone.now() - timedelta(days=40))
    url = reverse("admin:mailcenter_attempt_changelist")
    since = (timezone.now() - timedelta(days=7)).isoformat()
    for filters in (
        {"reply_code": "550"},
        {"outcome__exact": "rejected"},
        {"verdict__exact": "recipient-unknown"},
        {"started_at__gte": since},
    ):
        response = superuser.get(url, filters)
        assert list(response.context["cl"].result_list) == [match], filters
    link = reverse("admin:mailcenter_message_change", args=[match.message_id])
    assert link in response.content.decode()
