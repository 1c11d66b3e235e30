"""What can go wrong between a mail call and the provider's reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailcenter.replies import Reply, Stage
    from mailcenter.templating.contract import Problem
    from mailcenter.transports.base import Transcript


class MailcenterError(Exception):
    """Base of the errors that Mailcenter raises."""


class ConfigurationError(MailcenterError):
    """The account's settings can't work; the text says what to change."""


class RefusedMessage(MailcenterError, ValueError):  # noqa: N818
    """This message can't be queued; the text says what to change. Nothing was stored."""


class TemplateFailed(MailcenterError):  # noqa: N818
    """A template could not be rendered; the text holds no value of its context."""


class TemplateRefused(MailcenterError, ValueError):  # noqa: N818
    """A template breaks its contract, so it was not saved.

    problems: each with its part, line and column.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


class ResendRefused(MailcenterError):  # noqa: N818
    """This mail can't be resent; the text says why and what to do instead."""


class LeaseLost(MailcenterError):  # noqa: N818
    """Another worker may own this message now: hang up without sending the body."""


class TransportError(MailcenterError):
    """The message was not accepted, or nobody can tell.

    reply: the server's words, or the failure in ours (``reply.failure``).
    stage: what was being done when it failed.
    transcript: the steps so far.
    refused: the replies to the recipients that the server refused, by address.
    maybe_accepted: the final dot was handed over and no reply came back
        (RFC 1047): the server may have the mail.
    """

    def __init__(
        self,
        reply: Reply,
        stage: Stage,
        *,
        transcript: Transcript,
        refused: Mapping[str, Reply] | None = None,
        maybe_accepted: bool = False,
    ) -> None:
        super().__init__(f"{stage.value}: {reply}")
        self.reply = reply
        self.stage = stage
        self.transcript = transcript
        self.refused = dict(refused or {})
        self.maybe_accepted = maybe_accepted
