"""What the sessions of a worker hand to its own thread, taken out many at a time."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

T = TypeVar("T")

# Whoever takes waits for more until nothing has come for so long (seconds).
GATHER_SECONDS = 0.0005


class Inbox(Generic[T]):
    """As queue.Queue, whose reader each item wakes: with ten sessions, twenty times a commit."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: list[T] = []
        # How many of those that somebody waits for are there, and how many may be expected.
        self._urgent = self._expected = 0
        self._woken = False

    def put(self, item: T, *, urgent: bool = False) -> None:
        """urgent: somebody waits for what becomes of it."""
        with self._changed:
            self._items.append(item)
            self._urgent += urgent
            if len(self._items) == 1 or self._urgent >= self._expected:
                self._changed.notify()

    def wake(self) -> None:
        """Whoever takes is to take what there is, even nothing."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, seconds: float, expected: int) -> list[T]:
        """All there is, once there is any, or after ``seconds``.

        expected: so many urgent ones are worth a moment's wait.
        """
        with self._changed:
            self._expected = expected
            if not self._items:
                self._await(seconds)
            seen = 0
            while seen < len(self._items) and self._urgent < expected and not self._woken:
                seen = len(self._items)
                self._changed.wait(GATHER_SECONDS)
            items, self._items = self._items, []
            self._urgent, self._woken = 0, False
        return items

    def _await(self, seconds: float) -> None:
        """Until there is something; with the lock held."""
        end = time.monotonic() + seconds
        while not self._items and not self._woken and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)
