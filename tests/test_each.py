"""One statement for many rows; test_postgresql.py runs this with statements that don't wait."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailcenter.models import Attempt, Content, Message, Recipient
from mailcenter.models.each import insert_each, sql_type, together, update_all, update_each
from mailcenter.models.tree import Expression, insert_tree
from tests.factories import MessageFactory

COPIED = (
    "kind",
    "from_email",
    "message_id",
    "account_id",
    "created_at",
    "next_attempt_at",
    "size_bytes",
)

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
    rows = [(250, "{'a', \"b\"}", first.pk, 1), (None, "", second.pk, 2)]
    update_each(Attempt, ("message", "number"), ("reply_code", "reply_text"), rows)
    found = Attempt.objects.order_by("number").values_list("reply_code", "reply_text", "dialogue")
    assert [(code, text) for code, text, _steps in found] == [(250, "{'a', \"b\"}"), (None, "")]
    assert [steps[0]["ms"] for _code, _text, steps in found] == [1, 2]


def test_a_row_that_is_missing_undoes_the_whole_block():
    message = MessageFactory()
    statement = "UPDATE mailcenter_message SET subject = %s WHERE id {keys}"

    def change(*several: list[int]) -> None:
        with together():
            for keys in several:
                update_all(statement, keys, ["new"], missing=LookupError)

    with pytest.raises(LookupError):
        change([message.pk], [message.pk, message.pk + 1])
    assert Message.objects.get().subject == message.subject
    change([message.pk])
    assert Message.objects.get().subject == "new"


def test_an_error_in_the_block_is_djangos_and_leaves_the_connection_usable():
    message = MessageFactory()

    def insert(times: int) -> None:
        with together():
            for _time in range(times):
                insert_each([attempt(message, 1)])

    with pytest.raises(IntegrityError):
        insert(2)
    assert not Attempt.objects.exists()
    insert(1)
    assert Attempt.objects.count() == 1


def test_a_row_knows_its_key_and_those_below_point_to_it():
    message, other = MessageFactory(), MessageFactory(content=None)
    content = Content(sealed=b"\0\xff", redacted={"text": "好 %s"}, secret=False)
    row = Message(
        **{name: getattr(message, name) for name in COPIED},
        subject=Expression("(SELECT subject FROM mailcenter_message WHERE id = %s)", (other.pk,)),
    )
    recipients = [Recipient(address=f"{n}@example.com", role="to") for n in range(3)]
    with transaction.atomic():
        insert_tree(row, [content], recipients)
    found = Message.objects.get(pk=row.pk)
    assert (found.subject, found.created_at) == (other.subject, message.created_at)
    assert bytes(found.content.sealed) == b"\0\xff"
    assert found.content.redacted == {"text": "好 %s"}
    assert {r.address for r in found.recipients.all()} == {r.address for r in recipients}


def test_a_cast_names_no_length_to_which_it_would_shorten_in_silence():
    assert sql_type(Recipient._meta.get_field("address")) == "varchar"
