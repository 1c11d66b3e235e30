"""Bytes become a reply, and any reply gets a verdict."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcenter.replies import CATALOG, CATCH_ALL, Failure, Reply, Stage, VerdictClass, classify
from mailcenter.replies.classify import seconds_until_tomorrow
from mailcenter.replies.families import FAMILIES
from mailcenter.replies.pasted import judge, read
from tests.captured_replies import CAPTURED

GBK_WORDS = "请使用授权码登录。详情请看: http://service.mail.qq.com/cgi-bin/help?id=28"
NOT_KNOWN = "host mx.example.com[115.1.1.9] said: no such user"
LOG_IN_FIRST = (Stage.CONNECT, Stage.TLS, Stage.EHLO, Stage.AUTH)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030"])
def test_chinese_replies_are_read_in_every_encoding(encoding: str) -> None:
    reply = Reply.parse(535, f"Error: {GBK_WORDS}".encode(encoding))

    assert reply.text == f"Error: {GBK_WORDS}"
    assert classify(reply, stage=Stage.AUTH).verdict_class == VerdictClass.AUTH


def test_lines_are_joined_and_the_enhanced_code_is_parsed() -> None:
    reply = Reply.parse(550, b"5.1.1 The account does not exist.\r\n5.1.1 Check the address.\r\n")

    assert reply.text == "5.1.1 The account does not exist.\n5.1.1 Check the address."
    assert reply.enhanced == "5.1.1"


@pytest.mark.parametrize(
    "raw", [b"said 5.1.1", b"[115.1.1.9] 5.1.1", b"5.1.1.9 refused", b"15.1.1 refused", b"5.1", b""]
)
def test_an_enhanced_code_stands_only_at_the_start(raw: bytes) -> None:
    assert Reply.parse(550, raw).enhanced == ""


@pytest.mark.parametrize("raw", [b"refused by mx[115.1.1.9]", b"refused, see 5.1.1", b"x5.1.1 no"])
def test_a_number_in_the_text_makes_no_recipient_unknown(raw: bytes) -> None:
    for reply in (Reply.parse(550, raw), Reply(550, raw.decode())):
        verdict = classify(reply, stage=Stage.RCPT)
        assert verdict.verdict_class == VerdictClass.POLICY


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Invalid input from 203.0.113.7 to qq.com.", "Invalid input from [address] to qq.com."),
        ("too many from localhost[127.0.0.1]", "too many from localhost[address]"),
        ("host-203.0.113.7-9 hello", "host-[address]-9 hello"),
        ("Blocked 203.0.113.7.", "Blocked [address]."),
        ("Blocked 203.0.113.7:4711", "Blocked [address]:4711"),
        ("Blocked 2001:db8::7: see", "Blocked [address]: see"),
        ("Blocked [IPv6:2001:DB8::7]", "Blocked [address]"),
        ("Blocked 2001:db8:0:1:2:3:4:5", "Blocked [address]"),
        ("Blocked ::ffff:203.0.113.7", "Blocked [address]"),
        ("at 12:30:45 on 2025-01-02, version 1.2.3", "at 12:30:45 on 2025-01-02, version 1.2.3"),
        ("554 MI:STC 163 smtp8,D9GowADH,1755500000", "554 MI:STC 163 smtp8,D9GowADH,1755500000"),
    ],
)
def test_addresses_of_machines_are_masked(said: str, kept: str) -> None:
    assert Reply.parse(550, said.encode()).text == kept


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (Reply(550, "5.1.1 Gone", "5.1.1"), "550 5.1.1 Gone"),
        (Reply(550, "Gone", "5.1.1"), "550 5.1.1 Gone"),
        (Reply(550, "Gone"), "550 Gone"),
        (Reply(None, failure=Failure.TIMEOUT), "timed out"),
    ],
)
def test_a_reply_is_shown_with_each_of_its_codes_once(reply: Reply, shown: str) -> None:
    assert str(reply) == shown


def test_control_characters_are_not_kept() -> None:
    assert Reply.parse(250, b"a\x00b\x1b[2Jc\td").text == "a\ufffdb\ufffd[2Jc\td"


# What servers say, torn apart: it gets further into the catalogue than mere noise.
SCRAPS = st.lists(
    st.sampled_from([word for row in CAPTURED for word in row.reply().text.split()])
    | st.text(max_size=5)
).map(" ".join)
PROVIDERS = st.sampled_from(["", *FAMILIES]) | st.text()


@settings(derandomize=True)
@given(
    code=st.integers(),
    raw=st.binary() | SCRAPS.map(str.encode) | SCRAPS.map(lambda text: text.encode("gb18030")),
    stage=st.sampled_from(Stage),
    provider=PROVIDERS,
    maybe_accepted=st.booleans(),
)
def test_any_bytes_get_a_verdict(
    code: int, raw: bytes, stage: Stage, provider: str, maybe_accepted: bool
) -> None:
    reply = Reply.parse(code, raw)

    reply.text.encode()
    assert "\x00" not in reply.text
    verdict = classify(reply, stage=stage, provider=provider, maybe_accepted=maybe_accepted)
    assert verdict.slug in CATALOG
    assert verdict.uncertain == maybe_accepted


@settings(derandomize=True)
@given(raw=st.binary() | SCRAPS.map(str.encode), provider=PROVIDERS)
def test_any_bytes_that_people_paste_get_an_explanation(raw: bytes, provider: str) -> None:
    judged = judge(read(raw), provider=provider)

    judged.reply.text.encode()
    assert judged.verdict.slug in CATALOG


@settings(derandomize=True)
@given(
    reply=st.builds(
        Reply,
        st.none() | st.integers(100, 599),
        st.text(),
        st.text(),
        st.sampled_from(Failure),
    ),
    stage=st.sampled_from(Stage),
)
def test_what_may_have_been_accepted_is_never_retried(reply: Reply, stage: Stage) -> None:
    verdict = classify(reply, stage=stage, maybe_accepted=True)

    assert verdict.uncertain
    assert not verdict.retry
    assert not verdict.account_wide


@settings(derandomize=True)
@given(code=st.integers(400, 499), stage=st.sampled_from([s for s in Stage if s != Stage.DONE]))
def test_an_unknown_4yz_is_temporary(code: int, stage: Stage) -> None:
    verdict = classify(Reply(code, "later"), stage=stage)

    assert verdict.verdict_class == VerdictClass.TEMPORARY
    assert verdict.retry


@settings(derandomize=True)
@given(code=st.integers(500, 599), stage=st.sampled_from(LOG_IN_FIRST))
def test_a_refusal_before_the_sender_is_named_concerns_the_account(code: int, stage: Stage) -> None:
    # The mail has not been mentioned yet, so it can't be to blame and stays queued.
    assert classify(Reply(code, "User suspended"), stage=stage).account_wide


@pytest.mark.parametrize("provider", ["", "qq", "netease"])
@pytest.mark.parametrize("code", [436, 440, 526, 556, 557])
def test_a_providers_own_code_means_nothing_elsewhere(code: int, provider: str) -> None:
    verdict = classify(Reply(code, "no"), stage=Stage.MAIL, provider=provider)
    assert verdict.slug == ("temporary" if code < 500 else "refused")


# RFC 5321 section 4.2.3, RFC 3207, 4954 and 7504.
@pytest.mark.parametrize(
    "code",
    [421, *range(450, 453), 454, 455, *range(500, 505), 521, 530, 534, 535, 538, *range(550, 557)],
)
@pytest.mark.parametrize("provider", ["", *(family for family in FAMILIES if family != "esp")])
def test_each_standard_code_has_an_entry_of_its_own(code: int, provider: str) -> None:
    slug = judge(Reply(code, "no"), provider=provider).verdict.slug
    assert slug not in {"temporary", "refused", "unexpected"}


# RFC 3463 section 3, its registry up to 5.7.30.
@pytest.mark.parametrize("digit", [4, 5])
@pytest.mark.parametrize(
    "status",
    [
        f"{subject}.{detail}"
        for subject, details in {1: 10, 2: 4, 3: 5, 4: 7, 5: 6, 6: 10, 7: 30}.items()
        for detail in range(details + 1)
    ],
)
def test_each_enhanced_code_is_known(digit: int, status: str) -> None:
    judged = judge(read(f"{digit}50 {digit}.{status} no".encode()))

    assert judged.verdict.slug not in CATCH_ALL
    if digit == 5:
        passes = {VerdictClass.RATE_LIMITED, VerdictClass.RECIPIENT_FULL}
        split = judged.verdict.slug == "further-recipients-later"
        assert judged.verdict.retry == (judged.verdict.verdict_class in passes or split)


@pytest.mark.parametrize("stage", [s for s in Stage if s != Stage.DONE])
@pytest.mark.parametrize("words", ["", "no", "5.1.1", "x" * 600])
def test_words_that_nobody_knows_are_caught_by_all(stage: Stage, words: str) -> None:
    for code in (499, 550, 554, 599):
        assert classify(Reply(code, words), stage=stage).slug in CATCH_ALL


def test_a_4yz_never_gives_up_a_recipient() -> None:
    reply = Reply.parse(450, b"4.1.1 User unknown in local recipient table")
    assert classify(reply, stage=Stage.RCPT).verdict_class == VerdictClass.TEMPORARY


def test_words_are_found_across_lines_and_in_any_case() -> None:
    reply = Reply.parse(552, b"The MAILBOX of this person\nis FULL")
    verdict = classify(reply, stage=Stage.RCPT)

    assert verdict.verdict_class == VerdictClass.RECIPIENT_FULL
    assert verdict.max_attempts == 3
    assert verdict.after_seconds == 6 * 3600


def test_a_words_part_is_no_word() -> None:
    reply = Reply(550, "this mailbox was carefully checked")
    assert classify(reply, stage=Stage.RCPT).verdict_class == VerdictClass.POLICY


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        (datetime(2025, 8, 18, 15, 0, tzinfo=UTC), 1),
        (datetime(2025, 8, 18, 16, 0, tzinfo=UTC), 24),
        (datetime(2025, 12, 31, 4, 0, tzinfo=UTC), 12),
    ],
)
def test_a_daily_quota_begins_anew_at_midnight_in_china(moment: datetime, hours: int) -> None:
    assert seconds_until_tomorrow(moment) == hours * 3600 + 300


def test_a_used_up_day_waits_for_the_next() -> None:
    seconds = classify(Reply(550, "MI:STC"), stage=Stage.MAIL).after_seconds
    assert seconds is not None
    assert 300 <= seconds <= 86400 + 300
