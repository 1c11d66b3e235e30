"""The catalogue recognises what servers really say, and its advice is complete."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from mailcenter.replies import CATALOG, Entry, Reply, Stage, VerdictClass, classify
from mailcenter.replies.catalog import (
    content,
    esp,
    esp_codes,
    login,
    network,
    provider_codes,
    provider_login,
    rates,
    receiving,
    rules,
    sender,
    session,
)
from tests.captured_replies import CAPTURED, Captured

PAGES = (
    rates,
    session,
    provider_login,
    login,
    sender,
    content,
    esp,
    esp_codes,
    receiving,
    network,
    provider_codes,
    rules,
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
