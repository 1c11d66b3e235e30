"""What a ring and a beat set off, whichever engine hears them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from mailcenter.engines import doorbell
from mailcenter.engines.worker import Worker
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Message

logger = logging.getLogger(__name__)


def deliver(attended: Callable[[Worker], AbstractContextManager[None]]) -> None:
    """Send what is due, and return; where nothing is, that costs one query.

    attended: what the engine does beside the worker while it sends.
    """
    try:
        if due():
            worker = Worker()
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
    if due():
        doorbell.ring()


def due() -> bool:
    return Message.objects.ready(timezone.now()).exists()
