"""One statement for many rows that each have values of their own.

``bulk_create`` and ``bulk_update`` build their SQL anew each time, which costs several times what
the database itself does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Field, Model

Columns = dict[str, Any]
# What every database takes as it is; to ask the field costs more than the whole statement.
PLAIN = frozenset({str, int, bool, type(None)})


def insert_each(rows: Sequence[Model]) -> None:
    """Insert rows of one model; their keys stay unknown."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    statement = _insert(model, tuple(field.name for field in fields), _at_once(len(rows)))
    _run(statement, fields, [[getattr(row, field.attname) for field in fields] for row in rows])


def update_each(model: type[Model], rows: Sequence[tuple[Columns, Columns]]) -> int:
    """rows: (columns that choose the row, columns to set), the same names in each pair.

    A name that ends in ``__gt`` chooses what is greater. Returns how many rows were changed.
    """
    if not rows:
        return 0
    where, values = rows[0]
    return _run(
        _update(model, tuple(values), tuple(where), _at_once(len(rows))),
        [_field(model, name) for name in (*values, *where)],
        [[*values.values(), *where.values()] for where, values in rows],
    )


def _at_once(rows: int) -> int:
    """How many rows one statement names: SQLite is as fast with one after the other."""
    return rows if connection.vendor == "postgresql" else 1


def _run(statement: str, fields: Sequence[Field[Any, Any]], rows: list[list[Any]]) -> int:
    # The connection itself: its proxy costs more than the conversion of a value.
    database = connections[DEFAULT_DB_ALIAS]
    parameters = [
        [
            value if type(value) in PLAIN else field.get_db_prep_save(value, database)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]
    with database.cursor() as cursor:
        if _at_once(len(rows)) == len(rows):
            cursor.execute(statement, list(chain.from_iterable(parameters)))
        else:
            cursor.executemany(statement, parameters)
        return int(cursor.rowcount)


@cache
def _insert(model: type[Model], names: tuple[str, ...], rows: int) -> str:
    columns = ", ".join(_column(model, name) for name in names)
    places = ", ".join("%s" for _name in names)
    return f"INSERT INTO {_table(model)} ({columns}) VALUES " + ", ".join([f"({places})"] * rows)  # noqa: S608


@cache
def _update(model: type[Model], values: tuple[str, ...], where: tuple[str, ...], rows: int) -> str:
    if rows == 1:
        changes = ", ".join(f"{_column(model, name)} = %s" for name in values)
        chosen = " AND ".join(f"{_column(model, name)} {_operator(name)} %s" for name in where)
        return f"UPDATE {_table(model)} SET {changes} WHERE {chosen}"  # noqa: S608
    # PostgreSQL would take every value of a list for text.
    types = [_field(model, name).rel_db_type(connection) for name in (*values, *where)]
    row = "({})".format(", ".join(f"%s::{kind}" for kind in types))
    given = [f"v{number}" for number in range(len(types))]
    named = list(zip((*values, *where), given, strict=True))
    changes = ", ".join(f"{_column(model, name)} = v.{v}" for name, v in named[: len(values)])
    chosen = " AND ".join(
        f"t.{_column(model, name)} {_operator(name)} v.{v}" for name, v in named[len(values) :]
    )
    return (
        f"UPDATE {_table(model)} AS t SET {changes} "  # noqa: S608
        f"FROM (VALUES {', '.join([row] * rows)}) AS v({', '.join(given)}) WHERE {chosen}"
    )


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
