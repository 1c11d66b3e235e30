"""Any delivery service that django-anymail knows, reached by its API."""

from __future__ import annotations

import contextlib
import time
from urllib.parse import urlsplit

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
)
from anymail.message import AnymailMessage, AnymailStatus
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.exceptions import TransportError
from mailcenter.replies import Failure, Reply, Stage
from mailcenter.transports import esp_answer
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.base import (
    Envelope,
    Following,
    OnStage,
    Receipt,
    Step,
    Transcript,
    nothing,
)
from mailcenter.transports.esp_answer import Answer
from mailcenter.transports.esp_message import rebuild
from mailcenter.transports.esp_request import Departure

# Anymail's words for a recipient who gets nothing; an "unknown" one may well get it.
REFUSED = frozenset({"invalid", "rejected", "failed"})
# A gateway passed the request on and saw no end of it (RFC 9110 sections 15.6.3 and 15.6.5).
GATEWAY_LOST = frozenset({502, 504})
# Load balancers drop idle connections within a minute, and a request that is under way just
# then would be uncertain.
FRESH_SECONDS = 15


class EspTransport:
    """Implements transports.base.Transport. The request is the body: one POST a mail."""

    def __init__(self, account: SendingAccount) -> None:
        self.account = account
        self._backend: AnymailBaseBackend | None = None
        self._departure = Departure()
        self._used_at = 0.0

    def trouble(self) -> str:
        """Why the settings give no backend, or ""; nothing goes over the network."""
        try:
            self._open()
        except _MisconfiguredError as error:
            return str(error)
        return ""

    @sensitive_variables()
    def send(
        self, envelope: Envelope, raw: bytes, on_stage: OnStage, following: Following = nothing
    ) -> Receipt:
        transcript = Transcript()
        on_stage(Stage.CONNECT)
        try:
            backend = self._open()
        except _MisconfiguredError as error:
            reply = Reply(None, str(error), failure=Failure.CREDENTIALS)
            raise TransportError(reply, Stage.CONNECT, transcript=transcript) from None
        transcript.peer = _peer(backend)
        message = rebuild(raw, envelope.recipients)
        secrets = esp_answer.secrets_of(backend, message)
        self._departure.attend(on_stage)
        started = time.monotonic()
        failure = self._post(backend, message)
        milliseconds = round((time.monotonic() - started) * 1000)
        self._used_at = time.monotonic()
        status: AnymailStatus = message.anymail_status
        if failure is None:
            answer = esp_answer.read(status.esp_response, secrets)
            outcome: Receipt | TransportError = _judged(envelope, status, answer, transcript)
        else:
            outcome = self._failed(failure, secrets, transcript)
        transcript.dialogue.append(
            Step(verb="POST", code=outcome.reply.code, text=outcome.reply.text, ms=milliseconds)
        )
        if isinstance(outcome, TransportError):
            raise outcome
        return outcome

    def close(self) -> None:
        if self._backend is not None:
            with contextlib.suppress(Exception):
                self._backend.close()

    def _open(self) -> AnymailBaseBackend:
        name = self.account.esp_backend
        path = name if "." in name else f"anymail.backends.{name}.EmailBackend"
        try:
            # What Anymail prints for debugging holds the key and the mail.
            backend = self._backend or import_string(path)(debug_api_requests=False)
            if not isinstance(backend, AnymailBaseBackend):
                raise ImportError
        except AnymailConfigurationError as error:
            raise _MisconfiguredError(error) from None
        except (ImportError, TypeError):
            text = _("MAIL_ANYMAIL_BACKEND names no backend of Anymail: %(path)s.")
            raise _MisconfiguredError(text % {"path": path}) from None
        self._backend = backend
        if time.monotonic() - self._used_at >= FRESH_SECONDS:
            self.close()
        backend.open()
        self._departure.watch(backend)
        return backend

    @sensitive_variables()
    def _post(self, backend: AnymailBaseBackend, message: AnymailMessage) -> AnymailError | None:
        """None where each recipient's status is known."""
        try:
            if not backend.send_messages([message]):
                return AnymailError(
                    _("A receiver of Anymail's signal pre_send cancelled this mail.")
                )
        except Exception as error:
            if message.anymail_status.recipients:
                # The service has answered: all are refused, or a receiver of Anymail's signal
                # post_send failed, which Django has logged.
                return None
            if self._departure.objection:
                self.close()
                raise self._departure.objection from None
            if isinstance(error, AnymailError):
                return error
            self.close()
            if isinstance(error, ValueError) and not self._departure.left:
                # A setting that no request can be made of; its words may quote the key.
                return _caused_by(error)
            raise
        return None

    def _failed(
        self, error: AnymailError, secrets: list[str], transcript: Transcript
    ) -> TransportError:
        remark, cause, response = " ".join(map(str, error.args)), error.__cause__, error.response
        if response is None and cause is not None:
            # A redirection, which ends in an exception. Anymail's remark has nothing but the URL.
            remark, response = "", getattr(cause, "response", None)
        left = self._departure.left
        stage = Stage.BODY if left else Stage.CONNECT
        if response is not None:
            answer = esp_answer.read(response, secrets, remark)
            reply = Reply(answer.code, answer.text)
            unread = answer.positive and not answer.says_no
            maybe_accepted = left and (unread or answer.code in GATEWAY_LOST)
        elif cause is not None and isinstance(error, AnymailAPIError):
            reply, maybe_accepted = esp_answer.failure(cause, secrets), left
        else:
            text = esp_answer.readable(remark, secrets)
            reply, maybe_accepted = Reply(None, text, failure=Failure.PROTOCOL), left
        return TransportError(reply, stage, transcript=transcript, maybe_accepted=maybe_accepted)


def _caused_by(error: ValueError) -> AnymailError:
    wrapped = AnymailAPIError()
    wrapped.__cause__ = error
    return wrapped


class _MisconfiguredError(Exception):
    """Anymail's settings can't work; the text says why."""


def _judged(
    envelope: Envelope, status: AnymailStatus, answer: Answer, transcript: Transcript
) -> Receipt | TransportError:
    # Some clients tell of errors alone.
    code = answer.code or 200
    words = {address.lower(): each.status for address, each in status.recipients.items()}
    replies: dict[str, Reply] = {}
    refused: dict[str, Reply] = {}
    for address in envelope.recipients:
        word = words.get(address.lower()) or "unknown"
        if word in REFUSED:
            # The status of the answer is the whole mail's; 550 is what a server says to RCPT.
            refused[address] = replies[address] = Reply(550, f"{word}: {answer.text}")
        else:
            replies[address] = Reply(code, word)
    if answer.positive and len(refused) < len(replies):
        accepted = sorted({reply.text for reply in replies.values() if reply.positive})
        reply = Reply(code, f"{', '.join(accepted)}: {answer.text}")
        return Receipt(reply, replies, transcript, _remote_id(status))
    # Postmark names those to blame, and sends to nobody.
    all_refused = len(refused) == len(replies)
    reply = next(iter(refused.values())) if all_refused else Reply(code, answer.text)
    stage = Stage.RCPT if refused else Stage.BODY
    return TransportError(reply, stage, transcript=transcript, refused=refused)


def _remote_id(status: AnymailStatus) -> str:
    ids = {str(each.message_id) for each in status.recipients.values() if each.message_id}
    return ", ".join(sorted(ids))


def _peer(backend: AnymailBaseBackend) -> str:
    url = urlsplit(getattr(backend, "api_url", ""))
    if not url.hostname:
        return str(backend.esp_name)
    return f"{url.hostname}:{url.port or (80 if url.scheme == 'http' else 443)}"
