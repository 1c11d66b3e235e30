"""What the worker's own thread waits for."""

from __future__ import annotations

import threading
from unittest.mock import Mock

from mailcenter.engines import inbox
from mailcenter.engines.keeper import Keeper
from tests.site_process import PATIENCE


def test_a_wait_that_is_over_before_it_begins_ends(monkeypatch):
    """Up to Python 3.12 the timeout of SimpleQueue.get() turned negative where a busy machine took
    longer than it for a few instructions, and the worker waited for ever."""
    monkeypatch.setattr(inbox, "GATHER_SECONDS", 1e-9)
    keeper = Keeper(threading.Event())
    job = Mock(attempt_key=0)
    done = threading.Event()

    def work() -> None:
        for _turn in range(40_000):
            keeper.commit(0)
            keeper.close(job, None)
            keeper.commit(1)
        done.set()

    threading.Thread(target=work, daemon=True).start()
    assert done.wait(PATIENCE)
