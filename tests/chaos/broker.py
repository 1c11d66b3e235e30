"""A queue that nobody else uses, on a real broker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from kombu import Connection, Queue

from tests import components

URLS = {"rabbitmq": components.rabbitmq, "redis": components.redis}


@contextmanager
def queue_of_our_own(broker: str) -> Iterator[tuple[str, str]]:
    """The URL of "rabbitmq" or "redis" and a name; nothing is left of it afterwards."""
    url, name = URLS[broker](), f"mailcenter_chaos_{uuid.uuid4().hex[:10]}"
    try:
        yield url, name
    finally:
        with Connection(url) as connection:
            channel = connection.default_channel
            if broker == "rabbitmq":
                Queue(name, channel=channel).delete()
                channel.exchange_delete(name)
            elif keys := list(channel.client.scan_iter(f"{name}*")):
                channel.client.delete(*keys)
