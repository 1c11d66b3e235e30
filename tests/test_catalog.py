"""The catalogue recognises what servers really say, and its advice is complete."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from mailcenter.replies import (
    CATALOG,
    CATCH_ALL,
    Entry,
    Reply,
    Stage,
    VerdictClass,
    catalog,
    classify,
)
from mailcenter.replies.catalog import (
    aliyun,
    catch_all,
    content,
    directmail,
    esp,
    esp_codes,
    gmail,
    login,
    netease,
    network,
    outlook,
    provider_codes,
    provider_login,
    rates,
    receiving,
    reply_codes,
    rules,
    sender,
    sender_domain,
    session,
    software,
    status_codes,
    status_later,
)
from mailcenter.replies.conditions import alternatives, codes, enhanced_codes, phrases
from mailcenter.replies.document import document
from mailcenter.replies.families import FAMILIES, speakers
from mailcenter.replies.rule_in_words import rule
from mailcenter.replies.sources import IN_CHINESE, source
from mailcenter.transports.presets import PRESETS
from tests.captured_replies import CAPTURED, Captured

PAGES = (
    aliyun,
    catch_all,
    content,
    directmail,
    esp,
    esp_codes,
    gmail,
    login,
    netease,
    network,
    outlook,
    provider_codes,
    provider_login,
    rates,
    receiving,
    reply_codes,
    rules,
    sender,
    sender_domain,
    session,
    software,
    status_codes,
    status_later,
)
ENTRIES = list(CATALOG.values())
HAN = re.compile(r"[\u4e00-\u9fff]")


def _id(value: Captured | Entry) -> str:
    return value.slug


@pytest.mark.parametrize("captured", CAPTURED, ids=_id)
def test_captured_reply_gets_its_verdict(captured: Captured) -> None:
    verdict = classify(
        captured.reply(),
        stage=captured.stage,
        provider=captured.provider,
        maybe_accepted=captured.maybe_accepted,
    )

    assert (verdict.slug, verdict.verdict_class, verdict.retry, verdict.account_wide) == (
        captured.slug,
        captured.verdict_class,
        captured.retry,
        captured.account_wide,
    )


def test_every_entry_is_reached_by_a_captured_reply() -> None:
    assert set(CATALOG) == {captured.slug for captured in CAPTURED}


def test_every_slug_is_unique() -> None:
    assert len(CATALOG) == sum(len(page.ENTRIES) for page in PAGES)


def test_every_page_is_bound_in() -> None:
    folder = Path(catalog.__file__).parent
    pages = {path.stem for path in folder.glob("*.py") if "ENTRIES = (" in path.read_text()}
    assert {page.__name__.rpartition(".")[2] for page in PAGES} == pages


def among(later: tuple[object, ...], earlier: tuple[object, ...]) -> bool:
    return not earlier or (bool(later) and set(later) <= set(earlier))


def covers(earlier: Entry, later: Entry) -> bool:
    """Whether all that fits ``later`` fits ``earlier`` too, as far as conditions tell."""
    if earlier.uncertain != later.uncertain:
        return False
    matched = [n for n in range(200, 600) if re.fullmatch(later.code or "...", str(n))]
    narrower = (
        among(later.stages, earlier.stages)
        and among(later.failures, earlier.failures)
        and among(later.providers, earlier.providers)
        and (not earlier.code or bool(later.code))
        and all(re.fullmatch(earlier.code or "...", str(n)) for n in matched)
    )
    return narrower and says_no_more(later, earlier)


def says_no_more(later: Entry, earlier: Entry) -> bool:
    if not earlier.text and not earlier.enhanced:
        return True
    if not later.text and not later.enhanced:
        return False
    known = set(alternatives(earlier.text))
    # A phrase that holds one of the earlier entry's is found by it too.
    return all(
        any(word.lower() in phrase.lower() for word in known) for phrase in alternatives(later.text)
    ) and set(all_of(later)) <= set(all_of(earlier))


def all_of(entry: Entry) -> list[str]:
    return [code for code in STATUSES if re.fullmatch(entry.enhanced, code)]


STATUSES = [f"{d}.{subject}.{n}" for d in "45" for subject in range(8) for n in range(60)]


def test_no_entry_stands_behind_one_that_takes_all_of_its_replies() -> None:
    shadowed = [
        (later.slug, earlier.slug)
        for number, later in enumerate(ENTRIES)
        for earlier in ENTRIES[:number]
        if covers(earlier, later)
    ]
    assert not shadowed


def test_a_shadowed_entry_is_noticed() -> None:
    general = ENTRIES[[e.slug for e in ENTRIES].index("temporary")]
    special = CATALOG["closing-421"]
    assert covers(general, special)
    assert not covers(special, general)
    words = CATALOG["qq-too-many-attempts"]
    assert covers(words, replace(words, text=r"far too many attempts|too many attempts now"))
    assert not covers(words, replace(words, text=r"far too many attempts|too many"))
    assert covers(words, replace(words, code="5..", stages=(Stage.BODY,)))
    assert not covers(replace(words, stages=(Stage.BODY,)), words)


def test_what_is_caught_by_all_is_in_the_catalogue_and_knows_no_words() -> None:
    assert set(CATALOG) >= CATCH_ALL
    assert not any(CATALOG[slug].text or CATALOG[slug].enhanced for slug in CATCH_ALL)
    assert {"temporary", "refused", "unexpected"} <= CATCH_ALL


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_it_is_said_whose_words_they_are(entry: Entry) -> None:
    assert set(entry.speakers) <= set(FAMILIES)
    assert set(entry.providers) <= set(entry.speakers)
    words = speakers(entry)
    assert words.zh
    assert words.en
    assert not HAN.search(words.en)


def test_each_family_of_the_presets_has_words_of_its_own() -> None:
    families = {preset.provider for preset in PRESETS.values()} - {""}
    assert set(FAMILIES) == families
    assert {family for entry in ENTRIES for family in entry.speakers} == families


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_the_rule_says_what_the_program_does(entry: Entry) -> None:
    words = rule(entry)
    assert words.zh.endswith("。")
    assert words.en.endswith(".")
    assert not HAN.search(words.en)
    paused = "账号暂停" in words.zh
    assert paused == (entry.account_wide and not entry.uncertain)
    if entry.retry and not paused:
        assert "自动重试" in words.zh
    if not entry.retry and not paused and not entry.uncertain:
        assert words.zh.startswith("不会自动重试")


@pytest.mark.parametrize(
    ("slug", "zh", "en"),
    [
        (
            "recipient-frequency-limited",
            "自动重试，至少等 1 小时。",
            "1 hour at the earliest",
        ),
        (
            "mailbox-full",
            "自动重试，至少等 6 小时，最多 3 次。",
            "6 hours at the earliest, 3",
        ),
        ("further-recipients-later", "马上自动重试。", "very soon."),
        ("temporary", "自动重试，间隔逐渐拉长。", "at growing intervals."),
        ("netease-daily-limit", "次日零点（北京时间）", "until midnight, Beijing time"),
        ("qq-too-many-attempts", "账号暂停 2 小时，", "pauses for 2 hours;"),
        ("qq-login-fail", "至少隔 15 分钟才试一次。", "after 15 minutes at the earliest."),
        ("refused", "不会自动重试；处理好后请重发。", "Not tried again by itself"),
        ("lost-after-dot", "记为“结果不明”", "Marked as uncertain"),
    ],
)
def test_a_rule_in_words(slug: str, zh: str, en: str) -> None:
    words = rule(CATALOG[slug])
    assert zh in words.zh
    assert en in words.en


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_what_it_goes_by_can_be_read_without_knowing_regexes(entry: Entry) -> None:
    for phrase in phrases(entry):
        assert not set(phrase) & set("\\|*+?(){}^$")
        assert phrase == phrase.strip()
    for code in (*codes(entry), *enhanced_codes(entry)):
        assert re.fullmatch(r"[\d.–]+|[2-5]yz|[45]\.\d\.x", code)


@pytest.mark.parametrize(
    "file", ["docs/replies.md", "docs/replies.zh-CN.md"], ids=["en", "zh-hans"]
)
def test_the_pages_for_reading_are_up_to_date(file: str) -> None:
    language = "zh-hans" if "zh" in file else "en"
    written = (Path(settings.BASE_DIR) / file).read_text(encoding="utf-8")
    assert written == document(language), "Run `make replies`."
    assert all(f'<a id="{slug}"></a>' in written for slug in CATALOG)


def test_every_class_is_in_use() -> None:
    assert {entry.verdict_class for entry in ENTRIES} == set(VerdictClass)


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_every_entry_advises_in_both_languages(entry: Entry) -> None:
    for words in (entry.cause, entry.cure):
        assert HAN.search(words.zh)
        assert words.zh.endswith("。")
        assert words.en
        assert not HAN.search(words.en)
        assert words.en.endswith(".")
    assert entry.cause != entry.cure
    assert entry.source


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_a_pause_has_its_length_and_what_is_final_has_no_wait(entry: Entry) -> None:
    waits = entry.after is not None or entry.until_tomorrow
    if entry.account_wide:
        assert waits
    if not entry.retry and not entry.account_wide:
        assert not waits


@pytest.mark.parametrize(
    ("tag", "chinese"),
    [("zh-hans", True), ("zh-cn", True), ("zh", True), ("en", False), ("en-gb", False)],
)
def test_advice_follows_the_language(tag: str, chinese: bool) -> None:
    verdict = classify(Reply(550, "Mailbox not found"), stage=Stage.BODY)

    with translation.override(tag):
        active = verdict.cause(), verdict.cure()

    assert active == (verdict.cause(tag), verdict.cure(tag))
    assert [bool(HAN.search(text)) for text in active] == [chinese, chinese]


def test_advice_is_english_where_no_language_is_active() -> None:
    with translation.override(None):
        cause = classify(Reply(None), stage=Stage.MAIL).cause()
    assert not HAN.search(cause)


# Names of programs and of projects' threads, which have no other.
NAMED = re.compile(
    r"RFC [\d、]+( 第 .+ 节)?|[\w./-]+#\d+|OpenSSL|Mailcenter|Postfix(, | anvil\(8\), )[a-z_]+"
)


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_the_source_is_named_in_chinese(entry: Entry) -> None:
    for part in source(entry).zh.split("；"):
        assert NAMED.fullmatch(part) or HAN.search(part), part
        assert " and " not in part
        assert "section" not in part


def test_no_source_is_translated_that_no_entry_names() -> None:
    named = {part for entry in ENTRIES for part in entry.source.split("; ")}
    assert set(IN_CHINESE) <= named
