"""One statement for many rows that each have values of their own.

``bulk_create`` and ``bulk_update`` build their SQL anew each time, which costs several times what
the database itself does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import DateTimeField, Field, Model

# What every database takes as it is; to ask the field costs more than the whole statement.
PLAIN = frozenset({str, int, bool, type(None)})

# A kept plan outlives the day on which the table was small enough to be read as a whole.
BY_INDEX = "SET LOCAL enable_seqscan = off"


@dataclass(frozen=True)
class Statement:
    """parameters: as the database takes them; many: a sequence of such sequences, for each of
    which it is carried out.

    ask: gets the cursor once it knows what was found or changed.
    """

    sql: str
    parameters: Sequence[Any]
    many: bool = False
    ask: Callable[[Any], None] | None = None


class _Block(threading.local):
    """statements: what a thread still has to carry out; None: nothing waits."""

    statements: list[Statement] | None = None


_block = _Block()


@contextmanager
def together() -> Iterator[None]:
    """What is asked for inside is carried out at its end, in one transaction.

    SQLite's one write lock is held for no longer than the statements take, and PostgreSQL gets
    one after the other without waiting for their results. What an UPDATE misses is raised then.
    """
    statements = [Statement(BY_INDEX, [])] if _lists() else []
    _block.statements = statements
    try:
        yield
    finally:
        _block.statements = None
    with transaction.atomic():
        _carry_out(statements)


def insert_each(rows: Sequence[Model]) -> None:
    """Insert rows of one model; their keys stay unknown."""
    if not rows:
        return
    model = type(rows[0])
    fields = fields_of(model)
    statement = _insert(model, tuple(field.name for field in fields), _lists())
    _execute_for(
        statement, fields, [[getattr(row, field.attname) for field in fields] for row in rows]
    )


def update_each(
    model: type[Model],
    choosing: tuple[str, ...],
    setting: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Each row with values of its own.

    choosing, setting: names of columns. rows: the values of ``setting``, then those of
    ``choosing``.
    """
    if rows:
        fields = [_field(model, name) for name in (*setting, *choosing)]
        _execute_for(_update(model, setting, choosing, _lists()), fields, rows)


def update_all(
    statement: str,
    keys: Sequence[int],
    parameters: Sequence[Any],
    missing: type[Exception] | None = None,
) -> None:
    """The same change of many rows: an UPDATE with ``{keys}`` behind all its other parameters.

    missing: raised where it does not change as many rows as there are keys.
    """
    if not keys:
        return
    chosen, values = f"IN ({', '.join(['%s'] * len(keys))})", list[Any](keys)
    if _lists():
        chosen, values = "= ANY(%b::bigint[])", [values]

    def ask(cursor: Any) -> None:
        if missing and cursor.rowcount < len(keys):
            raise missing

    sql = statement.format(keys=chosen)
    execute(Statement(sql, [*map(moment, parameters), *values], ask=ask))


def execute(statement: Statement) -> None:
    """At once, or at the end of the block."""
    if _block.statements is not None:
        _block.statements.append(statement)
    else:
        _carry_out([statement])


def _carry_out(statements: Sequence[Statement]) -> None:
    if _lists():
        _carry_out_without_waiting(statements)
    else:
        _carry_out_one_by_one(statements)


def _carry_out_one_by_one(statements: Sequence[Statement]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            run = cursor.executemany if statement.many else cursor.execute
            run(statement.sql, statement.parameters)
            if statement.ask:
                statement.ask(cursor)


def _carry_out_without_waiting(statements: Sequence[Statement]) -> None:
    """PostgreSQL keeps the plans, which take it longer than to carry them out; the ORM would
    have them made anew each time."""
    # Imported here: who runs on SQLite alone need not have it.
    from psycopg import Cursor

    connection.ensure_connection()
    database = connection.connection
    # Django's own cursors don't prepare, whatever this says.
    database.prepare_threshold = 0
    with connection.wrap_database_errors:
        with database.pipeline():
            cursors = [
                Cursor(database).execute(statement.sql, statement.parameters)
                for statement in statements
            ]
        for statement, cursor in zip(statements, cursors, strict=True):
            if statement.ask:
                statement.ask(cursor)


def _execute_for(
    sql: str, fields: Sequence[Field[Any, Any]], rows: Sequence[Sequence[Any]]
) -> None:
    database = connections[DEFAULT_DB_ALIAS]
    parameters = [
        [
            value if type(value) in PLAIN else prepared(field, value, database)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]
    if _lists():
        execute(Statement(sql, [list(column) for column in zip(*parameters, strict=True)]))
    else:
        execute(Statement(sql, parameters, many=True))


@cache
def _lists() -> bool:
    """Whether a list for each column is given to the database, not a value for each."""
    return connection.vendor == "postgresql"


def prepared(field: Field[Any, Any], value: Any, database: Any) -> Any:
    if type(value) in PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return _moment(value)
    return field.get_db_prep_save(value, database)


def moment(value: Any) -> Any:
    """A moment as the database takes it; everything else as it is."""
    return _moment(value) if isinstance(value, datetime) else value


@lru_cache(maxsize=64)
def _moment(value: datetime) -> Any:
    """The same few stand in all rows of a statement."""
    return DateTimeField().get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])


@cache
def fields_of(model: type[Model]) -> list[Field[Any, Any]]:
    """All but the key."""
    return [field for field in model._meta.concrete_fields if not field.primary_key]


@cache
def _insert(model: type[Model], names: tuple[str, ...], lists: bool) -> str:
    columns = ", ".join(column(model, name) for name in names)
    if lists:
        rows = f"SELECT * FROM {_given(model, names)}"  # noqa: S608
    else:
        rows = "VALUES ({})".format(", ".join("%s" for _name in names))
    return f"INSERT INTO {table(model)} ({columns}) {rows}"


@cache
def _update(
    model: type[Model], values: tuple[str, ...], where: tuple[str, ...], lists: bool
) -> str:
    new = iter(f"given.v{number}" if lists else "%s" for number in range(len(values + where)))
    changes = ", ".join(f"{column(model, name)} = {next(new)}" for name in values)
    chosen = " AND ".join(f"{table(model)}.{column(model, name)} = {next(new)}" for name in where)
    source = f"FROM {_given(model, values + where)} " if lists else ""
    return f"UPDATE {table(model)} SET {changes} {source}WHERE {chosen}"  # noqa: S608


def _given(model: type[Model], names: tuple[str, ...]) -> str:
    """PostgreSQL's rows from one list a column: however many, the statement stays the same.

    The lists are binary: as text each quotation mark of a dialogue would be masked, by Python.
    """
    lists = ", ".join(f"%b::{sql_type(_field(model, name))}[]" for name in names)
    return f"unnest({lists}) AS given({', '.join(f'v{n}' for n in range(len(names)))})"


def sql_type(field: Field[Any, Any]) -> str:
    """For a cast: without a length, to which it would shorten what is too long."""
    return str(field.rel_db_type(connection)).partition("(")[0]


def table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def column(model: type[Model], name: str) -> str:
    return connection.ops.quote_name(_field(model, name).column or name)


@cache
def _field(model: type[Model], name: str) -> Field[Any, Any]:
    """Raises ValueError where that is no column."""
    field = model._meta.get_field(name)
    if not isinstance(field, Field):
        raise ValueError(f"{name} is not a column of {model.__name__}.")
    return field
