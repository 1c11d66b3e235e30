"""One statement for many rows that each have values of their own.

``bulk_create`` and ``bulk_update`` build their SQL anew each time, which costs several times what
the database itself does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model

Columns = dict[str, Any]
# What every database takes as it is; to ask the field costs more than the whole statement.
PLAIN = frozenset({str, int, bool, type(None)})


class _Block(threading.local):
    """asked: what a thread still has to ask of its statements; None: nothing waits."""

    asked: list[Callable[[], None]] | None = None


_block = _Block()


@contextmanager
def together() -> Iterator[None]:
    """Inside, PostgreSQL gets one statement after the other without waiting for their results.

    What an ``update_each`` misses is raised at the end of the block.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    asked: list[Callable[[], None]] = []
    _block.asked = asked
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
    finally:
        _block.asked = None
    for ask in asked:
        ask()


def insert_each(rows: Sequence[Model]) -> None:
    """Insert rows of one model; their keys stay unknown."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    statement = _insert(model, tuple(field.name for field in fields), connection.vendor)
    _run(statement, fields, [[getattr(row, field.attname) for field in fields] for row in rows])


def update_each(
    model: type[Model],
    rows: Sequence[tuple[Columns, Columns]],
    missing: type[Exception] | None = None,
) -> None:
    """rows: (columns that choose the row, columns to set), the same names in each pair.

    A name that ends in ``__gt`` chooses what is greater. missing: raised where one of the rows
    is not there.
    """
    if not rows:
        return
    where, values = rows[0]
    cursor = _run(
        _update(model, tuple(values), tuple(where), connection.vendor),
        [_field(model, name) for name in (*values, *where)],
        [[*values.values(), *where.values()] for where, values in rows],
    )

    def ask() -> None:
        if missing and cursor.rowcount < len(rows):
            raise missing

    if _block.asked is None:
        ask()
    else:
        _block.asked.append(ask)


def _run(statement: str, fields: Sequence[Field[Any, Any]], rows: list[list[Any]]) -> Any:
    """The cursor: inside ``together`` it knows nothing yet."""
    # The connection itself: its proxy costs more than the conversion of a value.
    database = connections[DEFAULT_DB_ALIAS]
    parameters = [
        [
            value if type(value) in PLAIN else field.get_db_prep_save(value, database)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]
    cursor = database.cursor()
    if database.vendor == "postgresql":
        cursor.execute(statement, [list(column) for column in zip(*parameters, strict=True)])
    else:
        cursor.executemany(statement, parameters)
    return cursor


@cache
def _insert(model: type[Model], names: tuple[str, ...], vendor: str) -> str:
    columns = ", ".join(_column(model, name) for name in names)
    if vendor == "postgresql":
        rows = f"SELECT * FROM {_given(model, names)}"  # noqa: S608
    else:
        rows = "VALUES ({})".format(", ".join("%s" for _name in names))
    return f"INSERT INTO {_table(model)} ({columns}) {rows}"


@cache
def _update(
    model: type[Model], values: tuple[str, ...], where: tuple[str, ...], vendor: str
) -> str:
    many = vendor == "postgresql"
    new = iter(f"given.v{number}" if many else "%s" for number in range(len(values + where)))
    changes = ", ".join(f"{_column(model, name)} = {next(new)}" for name in values)
    chosen = " AND ".join(
        f"{_table(model)}.{_column(model, name)} {_operator(name)} {next(new)}" for name in where
    )
    source = f"FROM {_given(model, values + where)} " if many else ""
    return f"UPDATE {_table(model)} SET {changes} {source}WHERE {chosen}"  # noqa: S608


def _given(model: type[Model], names: tuple[str, ...]) -> str:
    """PostgreSQL's rows from one list a column: however many, the statement stays the same."""
    lists = ", ".join(f"%s::{_field(model, name).rel_db_type(connection)}[]" for name in names)
    return f"unnest({lists}) AS given({', '.join(f'v{n}' for n in range(len(names)))})"


def _operator(name: str) -> str:
    return ">" if name.endswith("__gt") else "="


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[Model], name: str) -> str:
    return connection.ops.quote_name(_field(model, name).column or name)


@cache
def _field(model: type[Model], name: str) -> Field[Any, Any]:
    """Raises ValueError where that is no column."""
    field = model._meta.get_field(name.removesuffix("__gt"))
    if not isinstance(field, Field):
        raise ValueError(f"{name} is not a column of {model.__name__}.")
    return field
