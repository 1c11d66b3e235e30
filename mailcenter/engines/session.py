"""One connection to a provider and the thread that uses it, mail after mail."""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING

from mailcenter import conf
from mailcenter.delivery import Job
from mailcenter.engines.keeper import Keeper, Result
from mailcenter.exceptions import LeaseLost, MailcenterError, TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports import Envelope, SendingAccount, Transport, open_transport
from mailcenter.transports.base import Transcript

if TYPE_CHECKING:
    from mailcenter.engines.lane import Lane

logger = logging.getLogger(__name__)


class Session:
    def __init__(self, keeper: Keeper, lane: Lane) -> None:
        self._keeper = keeper
        self._lane = lane
        self._account: SendingAccount | None = None
        self._transport: Transport | None = None
        # Could not be made ready while another mail was on the wire.
        self._awkward: Job | None = None
        self._given: Queue[Job | None] = Queue()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def start(self, job: Job) -> None:
        self._given.put(job)
        self._thread.start()

    def give(self, job: Job | None) -> None:
        """None: say QUIT and end."""
        self._given.put(job)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while job := self._wait():
            while job:
                job = self._work(job)
            self._lane.becomes_idle(self)
        self._hang_up()

    def _wait(self) -> Job | None:
        """The next job given; a connection that nobody needs any longer is closed meanwhile."""
        if self._transport is not None:
            try:
                return self._given.get(timeout=conf.get("SMTP_FRESH_SECONDS"))
            except Empty:
                self._hang_up()
        return self._given.get()

    def _work(self, job: Job) -> Job | None:
        """Send ``job`` and what was begun with it; returns a job that is not begun yet."""
        if self._keeper.begin(job):
            begun: Job | None = job
            while begun:
                begun = self._send(begun)
        else:
            logger.warning("Message %s was not begun: its lease is gone.", job.key)
            self._keeper.close(job, None)
        awkward, self._awkward = self._awkward, None
        return awkward or self._lane.next_job()

    def _send(self, job: Job) -> Job | None:
        """Returns the next job, where it was begun together with this one's body."""
        following: Job | None = None
        body_began = False

        def on_stage(stage: Stage) -> None:
            nonlocal following, body_began
            if stage is not Stage.BODY:
                return
            candidate = self._prepared()
            mine, begun = self._keeper.body(job, candidate)
            if begun:
                following = candidate
            elif candidate:
                self._keeper.close(candidate, None)
            if mine is None:
                raise MailcenterError("The database did not answer before the body was to leave.")
            if not mine:
                raise LeaseLost
            body_began = True

        def announced() -> tuple[Envelope, bytes] | None:
            return (following.envelope, following.raw) if following else None

        started = time.monotonic()
        result: Result
        try:
            result = self._open(job.account).send(job.envelope, job.raw, on_stage, announced)
        except LeaseLost:
            # Whoever judged the lease has written what became of this attempt.
            logger.warning("Message %s lost its lease; nothing was sent.", job.key)
            result = None
        except TransportError as error:
            result = error
        except Exception as error:
            logger.exception("Message %s failed in a way nobody foresaw.", job.key)
            result = _unforeseen(error, maybe_accepted=body_began)
        job.duration_ms = round((time.monotonic() - started) * 1000)
        self._lane.ended(job, result)
        self._keeper.close(job, result)
        return following

    def _prepared(self) -> Job | None:
        """The next job, its bytes at hand."""
        job = None if self._awkward else self._lane.next_job()
        if job is None:
            return None
        try:
            _ = (job.envelope, job.raw)
        except Exception:
            # Later and alone, so that its trouble is written into its own attempt.
            logger.debug("Message %s can't be made ready.", job.key)
            self._awkward = job
            return None
        return job

    def _open(self, account: SendingAccount) -> Transport:
        """The kept transport, unless the account's settings have changed."""
        if self._transport is None or account != self._account:
            self._hang_up()
            self._transport, self._account = open_transport(account), account
        return self._transport

    def _hang_up(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


def _unforeseen(error: Exception, *, maybe_accepted: bool) -> TransportError:
    # A stranger's exception may quote anything; ours say only what may be read.
    text = str(error) if isinstance(error, MailcenterError) else type(error).__name__
    return TransportError(
        Reply(None, text, failure=Failure.INTERNAL),
        Stage.BODY if maybe_accepted else Stage.CONNECT,
        transcript=Transcript(),
        maybe_accepted=maybe_accepted,
    )
