"""What the list shows as a file: who gets it, what is in it, what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from mailcenter.admin.message_export import COLUMNS, harmless_cell
from mailcenter.models import Content, Message
from tests.factories import MessageFactory, StaffFactory

Status = Message.Status
pytestmark = pytest.mark.django_db


def export(client: Client, ending: str, **query: str) -> bytes:
    address = reverse("admin:mailcenter_message_export", query=query)
    response = client.post(address, {"format": ending})
    assert response.status_code == 200
    assert f'.{ending}"' in response.headers["Content-Disposition"]
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return b"".join(response)


def table(client: Client, **query: str) -> list[dict[str, str]]:
    text = export(client, "csv", **query).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_is_what_excel_reads(superuser: Client) -> None:
    message = MessageFactory(subject="请验证,\n“邮箱”", to=["a@qq.com", "b@qq.com"])
    assert export(superuser, "csv").startswith(b"\xef\xbb\xbfuuid,kind,status,")
    [row] = table(superuser)
    assert row["uuid"] == str(message.uuid)
    assert row["subject"] == message.subject
    assert row["recipients"] == "a@qq.com; b@qq.com"
    assert row["created_at"] == message.created_at.isoformat()
    assert row["expires_at"] == ""


def test_json_lines_hold_the_same_and_each_recipient(superuser: Client) -> None:
    older = MessageFactory()
    newer = MessageFactory(supersedes=older, to=["a@qq.com"], last_reply_code=250)
    lines = export(superuser, "jsonl").decode().splitlines()
    first, second = map(json.loads, lines)
    assert set(first) == {*COLUMNS, "recipients"}
    assert (first["uuid"], first["supersedes"]) == (str(newer.uuid), str(older.uuid))
    assert first["last_reply_code"] == 250
    assert second["expires_at"] is None
    assert first["recipients"] == [
        {
            "role": "to",
            "address": "a@qq.com",
            "status": "queued",
            "reply_code": None,
            "reply_text": "",
        }
    ]


def test_it_holds_what_the_filter_shows(superuser: Client) -> None:
    match = MessageFactory(status=Status.FAILED, to=["ann@qq.com"])
    MessageFactory(status=Status.FAILED)
    MessageFactory(status=Status.SENT, to=["ann@qq.com"])
    rows = table(superuser, q="to:ann", status__exact="failed")
    assert [row["uuid"] for row in rows] == [str(match.uuid)]


@pytest.mark.parametrize(
    "query", [{"q": "status:lost"}, {"created_at__gte": "never"}, {"q": "a\0"}, {"nothing": "1"}]
)
def test_a_list_that_does_not_exist_is_not_exported(
    superuser: Client, query: dict[str, str]
) -> None:
    MessageFactory()
    address = reverse("admin:mailcenter_message_export", query=query)
    response = superuser.post(address, {"format": "csv"}, follow=True)
    assert response.redirect_chain
    assert "nothing was exported" in response.content.decode()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(superuser: Client, first: str) -> None:
    attack = f"{first}HYPERLINK(1)"
    MessageFactory(subject=attack)
    [row] = table(superuser)
    assert row["subject"] == f"'{attack}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [("\0=1", "'=1"), ("a\0b", "ab"), ("a=1", "a=1"), ("", ""), (-1, -1), (None, None)],
)
def test_a_cell(value: Any, cell: Any) -> None:
    assert harmless_cell(value) == cell


def test_no_body_and_no_sealed_byte_is_in_it(superuser: Client) -> None:
    MessageFactory(subject="Hello", content__text="the words of the body")
    Content.objects.update(redacted={"text": "the words of the body", "html": "", "headers": []})
    for ending in ("csv", "jsonl"):
        assert b"the words of the body" not in export(superuser, ending)


def test_who_exported_what_stays_on_record(superuser: Client) -> None:
    export(superuser, "jsonl", q="to:ann")
    entry = LogEntry.objects.get()
    assert entry.user.get_username() == "wang"
    assert entry.change_message == "Exported messages (jsonl): q=to%3Aann"


def test_it_needs_a_post_with_a_token(superuser: Client) -> None:
    address = reverse("admin:mailcenter_message_export")
    assert superuser.get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = superuser.cookies
    assert strict.post(address, {"format": "csv"}).status_code == 403


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (["view_message"], 403),
        (["export_message"], 403),
        (["view_message", "resend_message", "reveal_message"], 403),
        (["view_message", "export_message"], 200),
    ],
)
def test_it_has_a_permission_of_its_own(client: Client, held: list[str], status: int) -> None:
    client.force_login(StaffFactory(permissions=held))
    address = reverse("admin:mailcenter_message_export")
    assert client.post(address, {"format": "csv"}).status_code == status
    listed = client.get(reverse("admin:mailcenter_message_changelist"))
    assert (address in listed.content.decode()) is (status == 200)


def test_it_is_read_in_chunks(superuser: Client, django_assert_max_num_queries: Any) -> None:
    MessageFactory.create_batch(30, to=["a@qq.com"])
    with django_assert_max_num_queries(8):
        assert len(table(superuser)) == 30
