"""Several filters at once, which no index serves together.

A database may take the index of a filter that nearly all rows pass, and read them all to find
none. So the rows of the rarest filter are looked at, and no more than so many of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Func, Model, QuerySet, Subquery
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)

LOOKED_AT = 1_000
RANGES = (GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)

Row = TypeVar("Row", bound=Model)


class Unindexed(Func):
    """The column itself, which no index is used for."""

    template = "COALESCE(%(expressions)s, NULL)"
    arity = 1


def nearest(rows: QuerySet[Row], order: str) -> tuple[QuerySet[Row], datetime | None]:
    """The first ones of ``rows`` in the order of a moment: ``"-created_at"`` or ``"created_at"``.

    With the moment up to which the rows were looked at; None: all were. At the moment itself there
    may be more.
    """
    filters = [each for each in rows.query.where.children if isinstance(each, Exact)]
    if len(filters) < 2:
        return rows, None
    alone = [_alone(rows, each, order) for each in filters]
    ends = [Subquery(each.values(order.lstrip("-"))[LOOKED_AT : LOOKED_AT + 1]) for each in alone]
    anywhere: QuerySet[Any, Any] = rows.model._default_manager.order_by()
    (found,) = anywhere.values_list(*ends)[:1] or [(None,) * len(ends)]
    if None in found:
        rarest, end = found.index(None), None
    else:
        end = min(found) if order.startswith("-") else max(found)
        rarest = found.index(end)
    window = alone[rarest].values("pk")[:LOOKED_AT]
    return without_their_indexes(rows).filter(pk__in=window), end


def without_their_indexes(rows: QuerySet[Row]) -> QuerySet[Row]:
    """The same rows, for which a condition on their keys leads to the least work."""
    found = rows.all()
    where: Any = found.query.where
    where.children = [
        Exact(Unindexed(each.lhs), each.rhs) if isinstance(each, Exact) else each
        for each in where.children
    ]
    return found


def _alone(rows: QuerySet[Row], condition: Exact[Any], order: str) -> QuerySet[Row]:
    """All that one filter leaves of the same time."""
    moment = rows.model._meta.get_field(order.lstrip("-"))
    times = [
        each
        for each in rows.query.where.children
        if isinstance(each, RANGES) and getattr(each.lhs, "target", None) == moment
    ]
    return rows.model._default_manager.filter(condition, *times).order_by(order)
