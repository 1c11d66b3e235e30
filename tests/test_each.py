"""One statement for many rows; test_postgresql.py runs this with statements that don't wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailcenter.models import Attempt, Message
from mailcenter.models.each import insert_each, together, update_each
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(message: Message, number: int) -> Attempt:
    return Attempt(
        message=message,
        number=number,
        account_id="environment",
        from_email="site@practice.test",
        trigger=Attempt.Trigger.AUTO,
        worker="worker",
        started_at=timezone.now(),
        dialogue=[{"verb": "MAIL", "code": 250, "text": "好", "ms": number}],
    )


def test_each_row_gets_its_own_values():
    first, second = MessageFactory(), MessageFactory()
    insert_each([attempt(first, 1), attempt(second, 2)])
    rows = [
        ({"message": first.pk, "number": 1}, {"reply_code": 250, "reply_text": "{'a', \"b\"}"}),
        ({"message": second.pk, "number": 2}, {"reply_code": None, "reply_text": ""}),
    ]
    update_each(Attempt, rows)
    found = Attempt.objects.order_by("number").values_list("reply_code", "reply_text", "dialogue")
    assert [(code, text) for code, text, _steps in found] == [(250, "{'a', \"b\"}"), (None, "")]
    assert [steps[0]["ms"] for _code, _text, steps in found] == [1, 2]


def test_a_row_that_is_missing_undoes_the_whole_block():
    message, now = MessageFactory(), timezone.now()
    rows = [
        ({"id": message.pk, "created_at__gt": now - timedelta(hours=1)}, {"subject": "new"}),
        ({"id": message.pk, "created_at__gt": now + timedelta(hours=1)}, {"subject": "newer"}),
    ]

    def change(*several: list) -> None:
        with transaction.atomic(), together():
            for some in several:
                update_each(Message, some, missing=LookupError)

    with pytest.raises(LookupError):
        change(rows[:1], rows)
    assert Message.objects.get().subject == message.subject
    change(rows[:1])
    assert Message.objects.get().subject == "new"


def test_an_error_in_the_block_is_djangos_and_leaves_the_connection_usable():
    message = MessageFactory()

    def insert(times: int) -> None:
        with transaction.atomic(), together():
            for _time in range(times):
                insert_each([attempt(message, 1)])

    with pytest.raises(IntegrityError):
        insert(2)
    assert not Attempt.objects.exists()
    insert(1)
    assert Attempt.objects.count() == 1
