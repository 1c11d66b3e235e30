"""Put made-up mail into the database in bulk, and take it out again.

It writes below the verbs that a real mail goes through: no worker, no reply and no operator had a
part in these rows. Each message is marked by its uuid, each user by a password that opens nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Field, Model

from mailcenter.management.made_up_mail import MARK, NAMES, SECOND_HALF, Mail, Row, Site
from mailcenter.models import Attempt, Content, Message, Recipient

# Rows of Message to one transaction.
BATCH = 5000
REMOVED_AT_ONCE = 1000
# Unusable, as it begins with "!"; Django's own go on with 40 random characters.
USER_MARK = "!seedmail"
FIRST = uuid.UUID(int=MARK << 64)
LAST = uuid.UUID(int=MARK << 64 | (1 << 64) - 1)


def seed(rows: int, users: int, number: int, now: datetime) -> Iterator[int]:
    """number: of the sequence of random values. How many messages were made, after each batch.

    Where there are some already, these come beside them.
    """
    made = Message.objects.filter(uuid__range=(FIRST, LAST)).order_by("-uuid").first()
    first = 0 if made is None else (made.uuid.int & (SECOND_HALF - 1)) + 1
    readers = list(_make_users(users, number)) if users else []
    mails = Site(rows, number, readers, now, first).mails()
    while batch := list(islice(mails, BATCH)):
        with transaction.atomic():
            _insert(batch)
        yield len(batch)
    if connection.vendor == "postgresql":
        # As it would by itself some minutes later.
        with connection.cursor() as cursor:
            for model in (Message, Content, Recipient, Attempt):
                cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def remove() -> Iterator[int]:
    """How many messages and users went, after each batch."""
    for model, made in (
        (Message, Message.objects.filter(uuid__range=(FIRST, LAST))),
        (get_user_model(), get_user_model()._default_manager.filter(password=USER_MARK)),
    ):
        while keys := list(made.values_list("pk", flat=True)[:REMOVED_AT_ONCE]):
            with transaction.atomic():
                model._default_manager.filter(pk__in=keys).only("pk").delete()
            yield len(keys)


def _make_users(users: int, number: int) -> Iterator[tuple[Any, str]]:
    """Key and address of each."""
    model = get_user_model()
    manager = model._default_manager
    name, address = model.USERNAME_FIELD, model.get_email_field_name()
    there = manager.filter(password=USER_MARK).count()
    site = Site(0, number, [], datetime.now(UTC))
    for begin in range(there, there + users, BATCH):
        batch = []
        for n in range(begin, min(begin + BATCH, there + users)):
            email = site.address(f"{NAMES[n % len(NAMES)]}-seed-{n}")
            columns = {name: email if name == address else f"seed-{n}", address: email}
            batch.append(model(**columns, password=USER_MARK))
        for user in manager.bulk_create(batch):
            yield user.pk, getattr(user, address)


def _insert(mails: Sequence[Mail]) -> None:
    keys = _next_keys(len(mails))
    _write(Message, [{"id": key} | mail.message for key, mail in zip(keys, mails, strict=True)])
    for model, rows_of in (
        (Content, lambda mail: [mail.content]),
        (Recipient, lambda mail: mail.recipients),
        (Attempt, lambda mail: mail.attempts),
    ):
        _write(
            model,
            [
                {"message_id": key} | row
                for key, mail in zip(keys, mails, strict=True)
                for row in rows_of(mail)
            ],
        )


def _next_keys(count: int) -> list[int]:
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, count],
            )
            return [key for (key,) in cursor.fetchall()]
        # Nobody else writes while this transaction lasts.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + 1 + count))


def _write(model: type[Model], rows: Sequence[Row]) -> None:
    """Rows with the same columns each; the others get their defaults."""
    if not rows:
        return
    fields, defaults = _columns(model, "id" in rows[0])
    prepare = _for_postgresql if connection.vendor == "postgresql" else _for_sqlite
    values = [[prepare(row.get(name, defaults[name])) for name in fields] for row in rows]
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in fields.values())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for given in values:
                    copy.write_row(given)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", values)  # noqa: S608


@cache
def _columns(model: type[Model], with_key: bool) -> tuple[dict[str, str], Row]:
    """Attribute -> column, and attribute -> default."""
    fields: list[Field[Any, Any]] = [
        field for field in model._meta.concrete_fields if with_key or not field.primary_key
    ]
    return (
        {field.attname: field.column or field.attname for field in fields},
        {field.attname: field.get_default() for field in fields},
    )


def _for_postgresql(value: Any) -> Any:
    return value


def _for_sqlite(value: Any) -> Any:
    """As Django would."""
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return value.hex if isinstance(value, uuid.UUID) else value
