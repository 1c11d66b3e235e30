"""What a ring and a beat set off, whichever engine hears them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from mailcenter.engines import doorbell, heartbeat
from mailcenter.engines.heartbeat import Heartbeat
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Message

logger = logging.getLogger(__name__)


def deliver(attended: Callable[[Worker], AbstractContextManager[None]], host: Heartbeat) -> None:
    """Send what is due, and return; where nothing is, that costs one query.

    attended: what the engine does beside the worker while it sends. host: where it runs.
    """
    host.beat()
    try:
        if due():
            worker = Worker(host)
            with attended(worker):
                worker.drain()
    except ConfigurationError as error:
        logger.error("No mail leaves: %s", error)
    except DatabaseError:
        # Nothing is lost: the rows are as the last commit left them, and the next sweep rings.
        logger.exception("The database does not answer; the mail waits.")
        connection.close()


def sweep() -> None:
    """Judge and tidy, then wake somebody for what is due by now.

    Raises ConfigurationError and django.db.Error.
    """
    Worker().sweep()
    if due() or heartbeat.is_wanted():
        doorbell.ring()


def due() -> bool:
    return Message.objects.ready(timezone.now()).exists()
