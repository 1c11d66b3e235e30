"""A new row and those that point to it, in one statement where the database can.

Somebody waits for a mail to be queued: the ORM would take three statements and build each anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

from mailcenter.models.each import column, fields_of, insert_each, prepared, sql_type, table


@dataclass(frozen=True)
class Expression:
    """What the database works out by itself, in the place of a value: SQL and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def insert_tree(root: Model, *branches: Sequence[Model]) -> None:
    """Insert a row, which gets its key, and rows that point to it: in one statement on PostgreSQL.

    The root's attributes may be an Expression. branches: rows of one model each. To be called
    inside a transaction.
    """
    database = connections[DEFAULT_DB_ALIAS]
    fields = fields_of(type(root))
    values = [getattr(root, field.attname) for field in fields]
    places = tuple(value.sql if isinstance(value, Expression) else "%s" for value in values)
    parameters: list[Any] = []
    for field, value in zip(fields, values, strict=True):
        if isinstance(value, Expression):
            parameters += value.parameters
        else:
            parameters.append(prepared(field, value, database))
    if database.vendor == "postgresql":
        shape = tuple((type(rows[0]), len(rows)) for rows in branches)
        for rows in branches:
            own = _beside(type(rows[0]), type(root))
            parameters += [
                prepared(f, getattr(row, f.attname), database) for row in rows for f in own
            ]
        with database.cursor() as cursor:
            cursor.execute(_insert_tree(type(root), places, shape), parameters)
            root.pk = cursor.fetchone()[0]
    else:
        with database.cursor() as cursor:
            cursor.execute(_insert_one(type(root), places), parameters)
            root.pk = cursor.lastrowid
        for rows in branches:
            for row in rows:
                setattr(row, _link(type(row), type(root)).attname, root.pk)
            insert_each(rows)
    root._state.adding = False


def _link(model: type[Model], root: type[Model]) -> Field[Any, Any]:
    """Its column that points to the root."""
    return next(field for field in fields_of(model) if field.related_model is root)


@cache
def _beside(model: type[Model], root: type[Model]) -> list[Field[Any, Any]]:
    """Its other columns."""
    return [field for field in fields_of(model) if field is not _link(model, root)]


@cache
def _insert_one(model: type[Model], places: tuple[str, ...]) -> str:
    columns = ", ".join(column(model, field.name) for field in fields_of(model))
    return f"INSERT INTO {table(model)} ({columns}) VALUES ({', '.join(places)})"  # noqa: S608


@cache
def _insert_tree(
    root: type[Model], places: tuple[str, ...], shape: tuple[tuple[type[Model], int], ...]
) -> str:
    """shape: the branches' models, and how many rows they have."""
    parts = [f"root AS ({_insert_one(root, places)} RETURNING id)"]
    for number, (model, count) in enumerate(shape):
        own = _beside(model, root)
        columns = ", ".join(column(model, f.name) for f in [_link(model, root), *own])
        row = ", ".join(f"%s::{sql_type(field)}" for field in own)
        rows = ", ".join([f"({row})"] * count)
        parts.append(
            f"branch{number} AS (INSERT INTO {table(model)} ({columns}) "  # noqa: S608
            f"SELECT root.id, given.* FROM root, (VALUES {rows}) AS given)"
        )
    return f"WITH {', '.join(parts)} SELECT id FROM root"  # noqa: S608
