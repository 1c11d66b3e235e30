from __future__ import annotations

import json
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from mailcenter.replies import CATALOG, CATCH_ALL, Stage, headings
from mailcenter.replies.document import document
from mailcenter.replies.entry import Words
from mailcenter.replies.families import FAMILIES, speakers
from mailcenter.replies.pasted import API, Judged, judge, read
from mailcenter.replies.rule_in_words import rule
from mailcenter.replies.sources import source
from mailcenter.transports.presets import PRESETS

LANGUAGES = ("en", "zh-hans")
STDIN = "-"


class Command(BaseCommand):
    help = (
        "Say what a mail server's reply means, whether it is tried again by itself, and what to "
        "do. Takes a reply of one or more lines, a line of a log, a Python exception, or a word "
        "for a reply that never came: timeout, refused, dns, closed, tls, network, protocol. "
        "Without --stage the likeliest one is taken; a reply that never came is taken for one at "
        "connecting."
    )
    # What is broken need not be mended before it is explained.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reply", nargs="*", help='Such as "550 5.1.1 …"; "-" reads stdin.')
        parser.add_argument(
            "--provider", default="", help="Who said it: qq, foxmail, 163, gmail, aliyun, …"
        )
        parser.add_argument(
            "--stage", default="", help=f"When it was said: {', '.join(Stage.values)}."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument(
            "--document",
            choices=LANGUAGES,
            help="Print the whole catalogue as Markdown instead; `make replies` keeps docs/ so.",
        )

    def handle(
        self,
        *,
        reply: list[str],
        provider: str,
        stage: str,
        json: bool,
        **options: Any,
    ) -> None:
        if options["document"]:
            self.stdout.write(document(options["document"]), ending="")
            return
        family = _family(provider)
        judged = _judge(_given(reply), family, stage)
        self.stdout.write(_as_json(judged, family) if json else _in_words(judged))


def _given(reply: list[str]) -> bytes:
    # The bytes of the command line: servers in China answer in GBK.
    raw = sys.stdin.buffer.read() if reply == [STDIN] else os.fsencode(" ".join(reply))
    if not raw.strip():
        raise CommandError(_("There is no reply to explain: give one in quotes, or - for stdin."))
    return raw


def _family(provider: str) -> str:
    """A family's name, or the one of a preset. Raises CommandError."""
    name = provider.lower()
    if not name or name in FAMILIES:
        return name
    if name in PRESETS:
        return PRESETS[name].provider
    known = ", ".join(sorted({*FAMILIES, *PRESETS}))
    raise CommandError(
        _("“%(name)s” is no known provider. Known are: %(known)s.")
        % {"name": provider, "known": known}
    )


def _judge(raw: bytes, family: str, stage: str) -> Judged:
    try:
        given = Stage(stage.lower()) if stage else None
    except ValueError:
        raise CommandError(
            _("“%(name)s” is no stage. Stages are: %(known)s.")
            % {"name": stage, "known": ", ".join(Stage.values)}
        ) from None
    reply = read(raw)
    # Delivery services answer some refusals with a positive code.
    if reply.code is not None and reply.code < 400 and given != Stage.DONE and family != API:
        raise CommandError(
            _("%(code)d is no refusal: the server agreed to this step.") % {"code": reply.code}
        )
    return judge(reply, provider=family, stage=given)


def _in_words(judged: Judged) -> str:
    entry = CATALOG[judged.verdict.slug]
    parts = [
        (headings.CLASS, entry.verdict_class.label),
        (headings.WHOSE, speakers(entry)),
        # A guess says nothing where the entry holds at any stage.
        (headings.STAGE, judged.stage.label if entry.stages else ""),
        (headings.CAUSE, entry.cause),
        (headings.CURE, entry.cure),
        (headings.BY_ITSELF, rule(entry)),
        (headings.PAGE, entry.url),
        (headings.SOURCE, source(entry)),
    ]
    lines = [str(judged.reply), ""]
    lines += [_line(heading, text) for heading, text in parts if text]
    if entry.slug in CATCH_ALL:
        lines += ["", str(headings.UNKNOWN)]
    return "\n".join(lines)


def _line(heading: Words, text: object) -> str:
    return str(Words(zh=f"{heading.zh}：{text}", en=f"{heading.en}: {text}"))


def _as_json(judged: Judged, family: str) -> str:
    reply, verdict = judged.reply, judged.verdict
    entry = CATALOG[verdict.slug]
    explained = {
        "slug": entry.slug,
        "known": entry.slug not in CATCH_ALL,
        "class": entry.verdict_class.value,
        "retry": verdict.retry,
        "after_seconds": verdict.after_seconds,
        "account_wide": verdict.account_wide,
        "uncertain": verdict.uncertain,
        "max_attempts": verdict.max_attempts,
        "provider": family,
        "seen_at": list(entry.speakers),
        "stage": judged.stage.value,
        "code": reply.code,
        "enhanced": reply.enhanced,
        "failure": reply.failure.value,
        "text": reply.text,
        "cause": _both(entry.cause),
        "cure": _both(entry.cure),
        "rule": _both(rule(entry)),
        "url": entry.url,
        "source": entry.source,
    }
    return json.dumps(explained, ensure_ascii=False, indent=2)


def _both(words: Words) -> dict[str, str]:
    return {"zh-hans": words.zh, "en": words.en}
