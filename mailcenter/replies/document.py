"""The catalogue as a page of Markdown: docs/replies.md and docs/replies.zh-CN.md."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation

from mailcenter.replies import headings
from mailcenter.replies.catalog import CATALOG, CATCH_ALL
from mailcenter.replies.catalog.stages import SINCE_MAIL, SINCE_RCPT
from mailcenter.replies.conditions import codes, enhanced_codes, phrases
from mailcenter.replies.entry import Entry, VerdictClass, Words
from mailcenter.replies.families import speakers
from mailcenter.replies.rule_in_words import rule
from mailcenter.replies.sources import source

TITLE = Words(zh="邮件服务器的回复与处理办法", en="What mail servers say, and what to do")
INTRODUCTION = Words(
    zh="本页由 `make replies` 从 `mailcenter/replies/catalog/` 生成，请不要手改。"
    '终端里直接查一句回复：`manage.py explain "535 Login fail…"`。\n\n'
    "回复从上到下逐条比对，先列具体的说法，再列各服务商通用的代码。"
    "`…` 代表中间任意文字，`a/b` 代表其中之一，`[a]` 代表可有可无，不分大小写；"
    "`4yz`、`5yz` 代表以 4、5 开头的代码，`5.7.x` 代表这一组状态码。"
    "标 * 的只按代码判断，原话并不认识。",
    en="This page is made by `make replies` from `mailcenter/replies/catalog/`; don't edit it. "
    'To look up one reply on a terminal: `manage.py explain "535 Login fail…"`.\n\n'
    "The first entry that fits wins; what a provider says in words stands before what a code "
    "means anywhere. `…` stands for anything in between, `a/b` for either, `[a]` for what may be "
    "missing, and capitals make no difference; `4yz` and `5yz` are codes that begin with 4 and 5, "
    "`5.7.x` is a group of status codes. Entries marked * go by the code alone: the words are not "
    "known.",
)
ANY_STAGE = Words(zh="任意", en="any")
LATER = {
    SINCE_MAIL: Words(zh="从发件人起", en="from the sender on"),
    SINCE_RCPT: Words(zh="从收件人起", en="from the recipient on"),
}
ANYTHING = Words(zh="其余一切", en="anything else")
NO_REPLY = Words(zh="没有回复", en="no reply")
MAYBE_ACCEPTED = Words(
    zh="正文已交出，没有等到回复", en="no reply after the content was handed over"
)
BESIDE = Words(zh="，代码 ", en=", with the code ")
OR = Words(zh="；或 ", en="; or ")
COMMA = Words(zh="、", en=", ")
COLON = Words(zh="：", en=": ")
COLUMNS = (
    headings.REPLY,
    headings.WHOSE,
    headings.STAGE,
    headings.BY_ITSELF,
    headings.CAUSE,
    headings.CURE,
    headings.SOURCE,
)


def document(language: str) -> str:
    """Markdown in ``language``: "zh-hans" or "en"."""
    with translation.override(language):
        return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield f"# {TITLE}"
    yield ""
    yield str(INTRODUCTION)
    for verdict_class in VerdictClass:
        entries = [e for e in CATALOG.values() if e.verdict_class == verdict_class]
        yield ""
        yield f"## {verdict_class.label} (`{verdict_class.value}`)"
        yield ""
        yield _row(*map(str, COLUMNS))
        yield _row(*("---" for _column in COLUMNS))
        for entry in entries:
            yield _row(
                f'<a id="{entry.slug}"></a>{_recognised_by(entry)}',
                str(speakers(entry)),
                _stages(entry),
                str(rule(entry)),
                str(entry.cause),
                str(entry.cure),
                _source(entry),
            )
    yield ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _source(entry: Entry) -> str:
    said = source(entry)
    return f"{said} · [{headings.PAGE}]({entry.url})" if entry.url else str(said)


def _stages(entry: Entry) -> str:
    if entry.stages in LATER:
        return str(LATER[entry.stages])
    return str(COMMA).join(str(stage.label) for stage in entry.stages) or str(ANY_STAGE)


def _recognised_by(entry: Entry) -> str:
    mark = " *" if entry.slug in CATCH_ALL else ""
    if entry.uncertain:
        return f"{MAYBE_ACCEPTED}{mark}"
    said = _code_spans(phrases(entry))
    status = _code_spans(enhanced_codes(entry))
    code = _code_spans(codes(entry))
    failures = str(COMMA).join(str(failure.label) for failure in entry.failures)
    either = str(OR).join(part for part in (said, status) if part)
    if failures:
        missing = f"{NO_REPLY}{COLON}{failures}"
        return f"{missing} ({either}){mark}" if either else f"{missing}{mark}"
    if either and code:
        return f"{either}{BESIDE}{code}{mark}"
    return f"{either or code or ANYTHING}{mark}"


def _code_spans(items: list[str]) -> str:
    return str(COMMA).join(f"`{item}`" for item in items)
