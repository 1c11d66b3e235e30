"""One statement, prepared once, for many rows that each have values of their own.

``bulk_create`` and ``bulk_update`` build their SQL anew for each number of rows, which costs
several times what the database itself does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model

Columns = dict[str, Any]


def insert_each(rows: Sequence[Model]) -> None:
    """Insert rows of one model; their keys stay unknown."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    _run(
        _insert(model, tuple(field.name for field in fields)),
        fields,
        ([field.pre_save(row, True) for field in fields] for row in rows),
    )


def update_each(model: type[Model], rows: Sequence[tuple[Columns, Columns]]) -> int:
    """rows: (columns that choose the row, columns to set), the same names in each pair.

    Returns how many rows were changed.
    """
    if not rows:
        return 0
    where, values = rows[0]
    return _run(
        _update(model, tuple(values), tuple(where)),
        [_field(model, name) for name in (*values, *where)],
        ([*values.values(), *where.values()] for where, values in rows),
    )


def _run(statement: str, fields: Sequence[Field[Any, Any]], rows: Iterable[list[Any]]) -> int:
    # The connection itself: its proxy costs more than the conversion of a value.
    database = connections[DEFAULT_DB_ALIAS]
    parameters = [
        [f.get_db_prep_save(value, database) for f, value in zip(fields, row, strict=True)]
        for row in rows
    ]
    with database.cursor() as cursor:
        cursor.executemany(statement, parameters)
        return int(cursor.rowcount)


@cache
def _insert(model: type[Model], names: tuple[str, ...]) -> str:
    columns = ", ".join(_column(model, name) for name in names)
    places = ", ".join("%s" for _name in names)
    return f"INSERT INTO {_table(model)} ({columns}) VALUES ({places})"  # noqa: S608


@cache
def _update(model: type[Model], values: tuple[str, ...], where: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_column(model, name)} = %s" for name in values)
    chosen = " AND ".join(f"{_column(model, name)} = %s" for name in where)
    return f"UPDATE {_table(model)} SET {changes} WHERE {chosen}"  # noqa: S608


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[Model], name: str) -> str:
    return connection.ops.quote_name(_field(model, name).column or name)


@cache
def _field(model: type[Model], name: str) -> Field[Any, Any]:
    """Raises ValueError where that is no column."""
    field = model._meta.get_field(name)
    if not isinstance(field, Field):
        raise ValueError(f"{name} is not a column of {model.__name__}.")
    return field
