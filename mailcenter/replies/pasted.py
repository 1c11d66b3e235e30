"""A reply as people have it at hand: from a log, an exception, a bounce, or only a word for it."""

from __future__ import annotations

import ast
import codecs
import re
from dataclasses import dataclass, replace

from mailcenter.replies.catalog import CATALOG, CATCH_ALL
from mailcenter.replies.classify import classify
from mailcenter.replies.entry import VerdictClass
from mailcenter.replies.reply import Failure, Reply, Stage
from mailcenter.replies.verdict import Verdict

# "550 …", "550-…"; before it an arrow or "S:", as protocols of a conversation print it.
CODED_LINE = re.compile(rb"^[\"']?(?:[<>*=~-]+ *|S: *)?(\d{3})(?:[ -]|: ?|$)(.*)$")
# "… said: 550 5.1.1 …", as bounces and logs quote it.
QUOTED = re.compile(rb"[:;] ?([245]\d\d)[ -](.+)", re.DOTALL)
# How Python prints smtplib's exceptions: (535, b'Login fail …').
# Also without the brackets, and as its debugging output has it: retcode (535); Msg: b'…'.
EXCEPTION = re.compile(
    rb"(?:^|\()(-1|\d{3})(?:, |\); Msg: | )(b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\")", re.DOTALL
)
# QQ's answer to the command after an accepted mail.
GARBAGE = b"\0\0\0"

# What libraries say where no reply came.
FAILURE_PHRASES = (
    (Failure.PROTOCOL, r"short response"),
    (
        Failure.TLS,
        r"\[SSL|SSL:|CERTIFICATE_VERIFY|WRONG_VERSION_NUMBER|first record does not look"
        r"|x509:|EOF occurred in violation",
    ),
    (
        Failure.DNS,
        r"getaddrinfo|name or service not known|nodename nor servname|name resolution"
        r"|no such host",
    ),
    (Failure.REFUSED, r"connection refused|actively refused"),
    (Failure.CLOSED, r"unexpectedly closed|connection (was )?(reset|closed|aborted)|broken pipe"),
    (Failure.NETWORK, r"network is unreachable|no route to host"),
    (Failure.TIMEOUT, r"timed? ?out"),
)
WORDS = {failure.value: failure for failure in Failure if failure.value}

# A refused recipient or mail is what people ask about most; a log-in's codes are unmistakable.
STAGES = (
    Stage.RCPT,
    Stage.BODY,
    Stage.MAIL,
    Stage.DATA,
    Stage.AUTH,
    Stage.EHLO,
    Stage.TLS,
    Stage.CONNECT,
)
LOG_IN_CODES = frozenset({432, 454, 534, 535, 538})
LOG_IN_STATUSES = frozenset({"5.7.8", "5.7.9", "5.7.13", "5.7.14", "5.7.139"})
# What is refused where; for entries that hold at any stage.
NATURAL = {
    VerdictClass.AUTH: Stage.AUTH,
    VerdictClass.SENDER_IDENTITY: Stage.MAIL,
    VerdictClass.CONTENT_REJECTED: Stage.BODY,
}
# The family of the delivery services, which answer with HTTP's codes.
API = "esp"
# Words without their code are looked for among refusals of each kind.
LIKELY_CODES = (535, 550, 450)


@dataclass(frozen=True)
class Judged:
    """stage: the one that was given, or the likeliest."""

    reply: Reply
    stage: Stage
    verdict: Verdict


def read(raw: bytes) -> Reply:
    """Any bytes; several lines, a Python exception, a quotation, or a Failure's value will do."""
    raw = raw.removeprefix(codecs.BOM_UTF8).strip()
    if raw.startswith(GARBAGE):
        return _without_code(Reply.parse(0, b"short response"))
    word = raw.decode(errors="replace").lower()
    if word in WORDS:
        return Reply(None, failure=WORDS[word])
    exception = EXCEPTION.search(raw)
    if exception:
        code, raw = int(exception[1]), _unquoted(exception[2])
        if code < 0:
            return _without_code(Reply.parse(0, b"short response"))
        return Reply.parse(code, raw)
    lines = raw.splitlines()
    coded = [CODED_LINE.match(line.strip()) for line in lines]
    codes = {n: int(match[1]) for n, match in enumerate(coded) if match}
    # Of a whole conversation the first refusal is meant.
    first = next((n for n, code in codes.items() if code >= 400), next(iter(codes), None))
    before = QUOTED.search(b"\n".join(lines[:first]))
    if first is not None and not (before and int(before[1]) >= 400):
        kept = [m[2] if m else line for m, line in zip(coded[first:], lines[first:], strict=True)]
        return Reply.parse(codes[first], b"\n".join(kept))
    quoted = QUOTED.search(raw)
    if quoted:
        return Reply.parse(int(quoted[1]), quoted[2])
    return _without_code(Reply.parse(0, raw))


def judge(reply: Reply, *, provider: str = "", stage: Stage | None = None) -> Judged:
    """Never raises. Without ``stage``, the one at which most is known of the reply.

    The stages are compared in the order of STAGES, for a log-in's codes AUTH before them: the
    first whose entry knows the words wins, then the first whose entry is no CATCH_ALL, then the
    first of all.
    """
    if stage is not None:
        return _judged(reply, stage, provider)
    if reply.code is not None:
        return _likeliest(reply, provider)
    if reply.failure == Failure.PROTOCOL and reply.text:
        # QQ's garbage follows a mail that was accepted.
        return _judged(reply, Stage.DONE, provider)
    if reply.failure != Failure.NONE:
        return _judged(reply, Stage.CONNECT, provider)
    if reply.enhanced:
        likely = _likeliest(replace(reply, code=int(reply.enhanced[0]) * 100 + 50), provider)
        return replace(likely, reply=reply)
    for code in LIKELY_CODES:
        likely = _likeliest(replace(reply, code=code), provider)
        if _ignorance(likely) == 0:
            return replace(likely, reply=reply)
    return _judged(reply, Stage.MAIL, provider)


def _likeliest(reply: Reply, provider: str) -> Judged:
    if provider == API:
        # One answer to the whole request; only a few words are about one recipient.
        stages: tuple[Stage, ...] = (Stage.BODY, Stage.RCPT)
        return min(
            (_judged(reply, stage, provider) for stage in stages),
            key=lambda judged: _ignorance(judged) > 0,
        )
    log_in = reply.code in LOG_IN_CODES or reply.enhanced in LOG_IN_STATUSES
    stages = (Stage.AUTH, *STAGES) if log_in else STAGES
    likeliest = min((_judged(reply, stage, provider) for stage in stages), key=_ignorance)
    natural = NATURAL.get(likeliest.verdict.verdict_class, likeliest.stage)
    there = _judged(reply, natural, provider)
    return there if there.verdict.slug == likeliest.verdict.slug else likeliest


def _ignorance(judged: Judged) -> int:
    if CATALOG[judged.verdict.slug].knows_words(judged.reply):
        return 0
    return 2 if judged.verdict.slug in CATCH_ALL else 1


def _judged(reply: Reply, stage: Stage, provider: str) -> Judged:
    # Without a reply to the content nobody knows how much of it had been handed over.
    maybe_accepted = stage == Stage.BODY and reply.code is None
    verdict = classify(reply, stage=stage, provider=provider, maybe_accepted=maybe_accepted)
    return Judged(reply, stage, verdict)


def _without_code(reply: Reply) -> Reply:
    failures = (f for f, phrase in FAILURE_PHRASES if re.search(phrase, reply.text, re.IGNORECASE))
    return Reply(None, reply.text, reply.enhanced, next(failures, Failure.NONE))


def _unquoted(literal: bytes) -> bytes:
    r"""The bytes that Python printed: b'\xc7\xeb' is two of them."""
    try:
        said = ast.literal_eval(literal.decode("latin-1"))
    except (SyntaxError, ValueError):
        said = literal[2:-1]
    return said if isinstance(said, bytes) else literal[2:-1]
