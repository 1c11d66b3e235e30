"""Findings in both languages: a step is kept, and read by somebody else later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables

from mailcenter.doctor.step import Name, State, Step
from mailcenter.exceptions import TransportError
from mailcenter.replies import CATALOG, Failure, Reply, VerdictClass, classify
from mailcenter.replies.entry import Words
from mailcenter.sealing import redact
from mailcenter.transports import SendingAccount
from mailcenter.transports.connection import INTRODUCTION

AGAIN = Words(
    zh="过几分钟再体检一次；正式的邮件遇到这种情况会自动重试。",
    en="Examine it again in some minutes; a mail would be tried again by itself.",
)


def both(say: Callable[[], object]) -> Words:
    """What it says in each language, where the words are in the catalogues of gettext."""
    with override("zh-hans"):
        zh = str(say())
    with override("en"):
        en = str(say())
    return Words(zh=zh, en=en)


def failed(
    name: Name, account: SendingAccount, error: TransportError, milliseconds: int | None = None
) -> Step:
    """The step that ended so, with the catalogue's advice."""
    verdict = classify(error.reply, stage=error.stage, provider=account.preset.provider)
    entry = CATALOG[verdict.slug]
    # No mail waits here that would be tried again by itself.
    cure = AGAIN if entry.verdict_class == VerdictClass.TEMPORARY else entry.cure
    return Step(
        name,
        State.FAILED,
        _finding(error.reply),
        milliseconds,
        said(account, error),
        entry.cause,
        cure,
    )


@sensitive_variables()
def said(account: SendingAccount, error: TransportError) -> str:
    """The server's words, or those of this machine, as they may be shown; or ""."""
    reply = error.reply
    quoted = reply.code is not None or reply.failure == Failure.PROTOCOL
    if account.public_only and quoted and error.stage in INTRODUCTION:
        return ""
    # Some servers repeat what they were told.
    return redact(str(reply), [account.password])


def _finding(reply: Reply) -> Words:
    if reply.code is None:
        label = both(lambda: reply.failure.label)
        return Words(zh=f"{label.zh}。", en=f"{label.en[:1].upper()}{label.en[1:]}.")
    return Words(zh=f"服务器答复 {reply.code}。", en=f"The server answered {reply.code}.")


def listed(values: Sequence[object], most: int = 4) -> Words:
    """The first of them, and that there are more."""
    shown = list(map(str, values[:most]))
    more = len(values) > most
    return Words(
        zh="、".join(shown) + ("等" if more else ""),
        en=", ".join(shown) + (" and others" if more else ""),
    )
