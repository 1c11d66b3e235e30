"""Claim -> open an Attempt -> send -> close the Attempt -> decide what is next.

Each step is committed before the next begins, and no transaction is open while the wire is in
use: whatever kills the worker, a true row stays behind. The steps take many mails at once, so
that several connections share one commit; engines/ runs them.
"""

from mailcenter.delivery.claiming import claim
from mailcenter.delivery.closing import (
    close_accepted,
    close_failed,
    note_accepted,
    pauses_account,
)
from mailcenter.delivery.job import Job
from mailcenter.delivery.steps import Written, release, renew, write
from mailcenter.delivery.sweep import sweep

__all__ = [
    "Job",
    "Written",
    "claim",
    "close_accepted",
    "close_failed",
    "note_accepted",
    "pauses_account",
    "release",
    "renew",
    "sweep",
    "write",
]
