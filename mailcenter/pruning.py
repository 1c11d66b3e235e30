"""Let go of old mail, a few rows at a time, so that sending never waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from mailcenter.models import Content, Message
from mailcenter.models.message import FINAL, MessageQuerySet

# SQLite has one lock for all that write: a batch that held it longer is followed by a smaller one.
LONGEST_SECONDS = 0.03
FIRST_BATCH = 50
SMALLEST_BATCH = 10
# So many keys are read at once, without a lock.
PAGE = 1000
Statuses = Collection[str]
# Deletes, or erases, for these keys, and says how many it changed.
Act = Callable[[list[int]], int]


def old(before: datetime, statuses: Statuses = FINAL) -> MessageQuerySet:
    """Finished before then. Mail that is queued, being sent or uncertain is never among them."""
    chosen = sorted(FINAL & set(statuses))
    return Message.objects.filter(finished_at__lt=before, status__in=chosen)


def with_body(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those whose bytes are still kept."""
    kept = Content.objects.filter(message=OuterRef("pk"), sealed__isnull=False)
    return messages.filter(Exists(kept))


def by_status(messages: QuerySet[Message]) -> dict[str, int]:
    counted = messages.order_by().values_list("status").annotate(Count("pk"))
    return dict(counted.order_by("status"))


def erase_bodies(before: datetime, statuses: Statuses, batch: int) -> Iterator[int]:
    """How many bodies went, after each batch. batch: so many rows at most."""
    yield from _in_batches(with_body(old(before, statuses)), before, batch, _erase)


def delete(before: datetime, statuses: Statuses, batch: int) -> Iterator[int]:
    """How many messages went, with all that belongs to them, after each batch.

    Versions of templates stay, and so does what the operators' log says of them.
    """
    yield from _in_batches(old(before, statuses), before, batch, _delete)


def _in_batches(
    messages: QuerySet[Message], before: datetime, batch: int, act: Act
) -> Iterator[int]:
    """Oldest first, each batch in a transaction of its own, with nothing held between them."""
    size = min(batch, FIRST_BATCH)
    with _checkpoints_between():
        for page in _pages(before):
            # Asked by key: with the other conditions a database might begin at another index.
            wanted = list(messages.filter(pk__in=page).values_list("pk", flat=True))
            while wanted:
                now, wanted = wanted[:size], wanted[size:]
                with transaction.atomic():
                    # SQLite takes its lock here.
                    begun = time.perf_counter()
                    # Read again, and locked: an operator may just have resent it, or be about
                    # to. What somebody else holds is passed over, not waited for.
                    mine = messages.filter(pk__in=now).select_for_update(
                        skip_locked=True, of=("self",)
                    )
                    gone = act(list(mine.values_list("pk", flat=True)))
                held = time.perf_counter() - begun
                yield gone
                size = next_size(size, held, batch)
                _checkpoint()
                # As long as it held the lock: SQLite's other writers look for it now and then.
                time.sleep(held)


def _pages(before: datetime) -> Iterator[list[int]]:
    """Keys of what was finished before then."""
    finished = Message.objects.filter(finished_at__lt=before).order_by("finished_at", "pk")
    left = finished
    while found := list(left.values_list("pk", "finished_at")[:PAGE]):
        yield [pk for pk, _at in found]
        key, moment = found[-1]
        left = finished.filter(
            Q(finished_at__gt=moment) | Q(finished_at=moment, pk__gt=key),
            # Alone it says nothing new, but it is what an index is used for.
            finished_at__gte=moment,
        )


@contextmanager
def _checkpoints_between() -> Iterator[None]:
    """SQLite would move its log into the database while a commit holds the lock."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        (pages,) = cursor.fetchone()
        cursor.execute("PRAGMA wal_autocheckpoint = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {int(pages)}")


def _checkpoint() -> None:
    """It waits for nobody, and nobody for it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


def next_size(size: int, held: float, most: int) -> int:
    """held: how long the last batch held its lock, in seconds."""
    if held > LONGEST_SECONDS:
        size = size // 2
    elif held < LONGEST_SECONDS * 0.8:
        size += size // 2
    return min(most, max(size, SMALLEST_BATCH))


def _erase(keys: list[int]) -> int:
    return Content.objects.filter(message__in=keys).erase()


def _delete(keys: list[int]) -> int:
    gone: tuple[int, dict[str, int]] = Message.objects.filter(pk__in=keys).only("pk").delete()
    return gone[1].get(Message._meta.label, 0)
