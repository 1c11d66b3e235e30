"""How the worker's own thread takes what its sessions hand to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailcenter.engines import inbox
from mailcenter.engines.inbox import Inbox
from tests.site_process import PATIENCE


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Inbox[str]:
    """Its reader waits for more until there is enough, or until it is woken."""
    monkeypatch.setattr(inbox, "GATHER_SECONDS", PATIENCE)
    return Inbox()


def taken(box: Inbox[str], expected: int, *puts: Callable[[], None]) -> list[str]:
    """What a reader gets that may have begun to wait before these were called."""
    with ThreadPoolExecutor(1) as reader:
        found = reader.submit(box.take, PATIENCE, expected)
        for put in puts:
            put()
        return found.result(PATIENCE / 2)


def test_an_empty_one_gives_nothing_once_the_time_is_over(box: Inbox[str]) -> None:
    assert box.take(0, 1) == []
    assert box.take(-1, 1) == []


def test_what_is_there_comes_at_once_and_in_order(box: Inbox[str]) -> None:
    for word in ("a", "b", "c"):
        box.put(word, urgent=word == "c")
    assert box.take(0, 1) == ["a", "b", "c"]
    assert box.take(0, 1) == []


def test_nobody_is_waited_for_where_nobody_is_busy(box: Inbox[str]) -> None:
    assert taken(box, 0, lambda: box.put("a")) == ["a"]


def test_it_waits_for_all_that_are_about_to_come(box: Inbox[str]) -> None:
    puts = [
        lambda: box.put("a", urgent=True),
        lambda: box.put("b"),
        lambda: box.put("c", urgent=True),
    ]
    for _round in range(20):
        assert taken(box, 2, *puts) == ["a", "b", "c"]


def test_it_waits_no_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "GATHER_SECONDS", 0.001)
    box = Inbox[str]()
    box.put("a", urgent=True)
    assert box.take(PATIENCE, 2) == ["a"]


def test_whoever_is_woken_takes_what_there_is(box: Inbox[str]) -> None:
    assert taken(box, 1, box.wake) == []
    assert taken(box, 2, lambda: box.put("a", urgent=True), box.wake) == ["a"]
    box.wake()
    assert box.take(PATIENCE, 1) == []
