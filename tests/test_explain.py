"""manage.py explain: a reply in, what it means and what to do out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from mailcenter.replies import CATALOG, Failure, Reply, Stage, VerdictClass
from mailcenter.replies.pasted import judge, read
from tests.captured_replies import CAPTURED, LOGIN_FAIL, Captured

KEYS = {
    "account_wide",
    "after_seconds",
    "cause",
    "class",
    "code",
    "cure",
    "enhanced",
    "failure",
    "known",
    "max_attempts",
    "provider",
    "retry",
    "rule",
    "seen_at",
    "slug",
    "source",
    "stage",
    "text",
    "uncertain",
    "url",
}
GBK_REPLY = "535 Error: 请使用授权码登录。".encode("gbk")
# Refused at another stage than the one that is taken without --stage.
AMBIGUOUS = {
    ("qq", Stage.AUTH, "502 Invalid input from 203.0.113.7 to newxmesmtplogicsvrszb20-0.qq.com."),
    ("", Stage.AUTH, "550 No"),
    ("", Stage.TLS, "554 No"),
    ("", Stage.MAIL, "553 No"),
    ("", Stage.BODY, "552 No"),
    ("", Stage.CONNECT, "521 example.com does not accept mail"),
    ("esp", Stage.RCPT, "422 Invalid 'To' address"),
}
SAID = [
    row
    for row in CAPTURED
    if not row.maybe_accepted
    and not isinstance(row.came, Reply)
    # The sender's side of words that are mostly said of a recipient.
    and row.slug != "sender-syntax"
]


def explain(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("explain", *arguments, stdout=out, **options)
    return out.getvalue()


def as_json(*arguments: str, **options: Any) -> dict[str, Any]:
    explained: dict[str, Any] = json.loads(explain(*arguments, json=True, **options))
    return explained


def command_line(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "manage.py", "explain", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **environment},
        capture_output=True,
        check=False,
    )


def test_it_says_what_happened_what_to_do_and_what_goes_on_by_itself() -> None:
    said = explain(LOGIN_FAIL, provider="qq")

    entry = CATALOG["qq-login-fail"]
    lines = said.splitlines()
    assert lines[0] == LOGIN_FAIL
    assert "Class: log-in refused" in lines
    assert "Whose words: QQ Mail, Foxmail" in lines
    assert f"Cause: {entry.cause.en}" in lines
    assert f"What to do: {entry.cure.en}" in lines
    assert any(line.startswith("By itself: The account pauses") for line in lines)
    assert f"The provider's page: {entry.url}" in lines
    assert f"Source: {entry.source}" in lines


def test_it_speaks_chinese_too() -> None:
    with translation.override("zh-hans"):
        said = explain("550 frequency of receiving messages is limited")

    assert "类别：达到发信上限" in said
    assert "原因：这位收件人短时间内收到的邮件太多" in said
    assert "自动处理：自动重试，至少等 1 小时。" in said


def test_unknown_words_are_said_to_be_unknown() -> None:
    unknown = "The catalogue does not know these words"
    assert unknown in explain("599 Xyzzy")
    assert unknown not in explain(LOGIN_FAIL)
    assert as_json("599 Xyzzy")["known"] is False
    assert as_json(LOGIN_FAIL)["known"] is True


def test_json_is_one_object_with_both_languages() -> None:
    explained = as_json("550 Too many attempts. Unable to send. Try again later", provider="qq")

    entry = CATALOG["qq-too-many-attempts"]
    assert set(explained) == KEYS
    assert explained["class"] == "rate-limited"
    assert explained["retry"] is True
    assert explained["after_seconds"] == 7200
    assert explained["account_wide"] is True
    assert explained["cause"] == {"zh-hans": entry.cause.zh, "en": entry.cause.en}
    assert explained["cure"] == {"zh-hans": entry.cure.zh, "en": entry.cure.en}
    assert explained["code"] == 550
    assert explained["provider"] == "qq"
    assert explained["seen_at"] == ["qq"]


@pytest.mark.parametrize("captured", SAID, ids=lambda row: f"{row.provider}-{row.slug}")
def test_what_was_captured_is_explained_with_and_without_its_stage(captured: Captured) -> None:
    raw = captured.came if isinstance(captured.came, bytes) else str(captured.came).encode()
    reply = read(raw)
    given = judge(reply, provider=captured.provider, stage=captured.stage)
    guessed = judge(reply, provider=captured.provider)

    assert reply == captured.reply()
    assert given.verdict.slug == captured.slug
    if (captured.provider, captured.stage, captured.came) in AMBIGUOUS:
        assert guessed.verdict.slug != captured.slug
    else:
        assert guessed.verdict.verdict_class == captured.verdict_class


@pytest.mark.parametrize("failure", [failure for failure in Failure if failure.value])
def test_a_reply_that_never_came_is_explained_by_its_word(failure: Failure) -> None:
    explained = as_json(failure.value.upper())

    assert explained["failure"] == failure.value
    assert explained["code"] is None
    assert explained["class"] in VerdictClass.values


@pytest.mark.parametrize(
    ("word", "stage", "slug"),
    [
        ("timeout", "", "timed-out"),
        ("refused", "", "connection-refused"),
        ("dns", "", "host-not-found"),
        ("closed", "", "connection-closed"),
        ("closed", "auth", "closed-at-log-in"),
        ("tls", "", "tls-failed"),
        # Nobody knows how much of the content had gone.
        ("timeout", "body", "lost-after-dot"),
        ("closed", "body", "lost-after-dot"),
    ],
)
def test_a_stage_tells_what_a_missing_reply_means(word: str, stage: str, slug: str) -> None:
    assert as_json(word, stage=stage)["slug"] == slug


@pytest.mark.parametrize(
    ("pasted", "code", "slug"),
    [
        (r"SMTPAuthenticationError: (535, b'Error: \xc7\xeb\xca\xb9\xd3\xc3')", 535, "log-in-535"),
        (
            r"(535, b'Error: \xca\xda\xc8\xa8\xc2\xeb')",
            535,
            "qq-authorization-code",
        ),
        ('(535, b"Login fail, it\'s over")', 535, "qq-login-fail"),
        (r"SMTPServerDisconnected: (-1, b'\x00\x00\x00')", None, "accepted-already"),
        (r"short response: \x00\x00\x00\x1a", None, "accepted-already"),
        ("SMTPServerDisconnected: Connection unexpectedly closed", None, "connection-closed"),
        ("ConnectionRefusedError: [Errno 111] Connection refused", None, "connection-refused"),
        ("gaierror: [Errno -2] Name or service not known", None, "host-not-found"),
        ("TimeoutError: timed out", None, "timed-out"),
        ("OSError: [Errno 101] Network is unreachable", None, "network-unreachable"),
        ("SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version", None, "tls-port-mismatch"),
        ("host mx.qq.com[203.0.113.9] said: 550 Mailbox not found (in reply)", 550, None),
        ("<-  550 5.1.1 nobody here", 550, "mailbox-not-found"),
        ("S: 550-5.1.1 nobody\r\nS: 550 5.1.1 here", 550, "mailbox-not-found"),
        ("Login fail. Account is abnormal", None, "qq-login-fail"),
        ("550", 550, "refused-550"),
        ("5.7.26 Unauthenticated", None, "sender-domain-unproven"),
        ("something else", None, "unexpected"),
    ],
)
def test_what_people_have_at_hand_is_read(pasted: str, code: int | None, slug: str | None) -> None:
    explained = as_json(pasted)

    assert explained["code"] == code
    assert explained["slug"] == (slug or "mailbox-not-found")


def test_several_words_need_no_quotes() -> None:
    assert as_json("550", "Mailbox", "not", "found") == as_json("550 Mailbox not found")


@pytest.mark.parametrize(
    ("provider", "family"),
    [("foxmail", "qq"), ("163", "netease"), ("NetEase", "netease"), ("sina", ""), ("", "")],
)
def test_a_provider_is_named_by_family_or_preset(provider: str, family: str) -> None:
    assert as_json("550 no", provider=provider)["provider"] == family


def test_a_code_means_what_it_means_at_the_provider() -> None:
    assert as_json("440 no", provider="aliyun")["class"] == "sender-identity"
    assert as_json("440 no", provider="qq")["class"] == "temporary"
    assert as_json("401 no", provider="anymail")["class"] == "auth"


def test_the_stage_that_is_given_holds() -> None:
    assert as_json("550 no", stage="auth")["slug"] == "log-in-refused"
    assert as_json("550 no", stage="BODY")["slug"] == "refused-550"


def test_the_clients_address_is_not_repeated() -> None:
    for options in ({}, {"json": True}):
        said = explain("502 Invalid input from 203.0.113.7 to smtp.qq.com.", **options)
        assert "203.0.113.7" not in said
        assert "[address]" in said


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((), {}, "There is no reply to explain"),
        (("",), {}, "There is no reply to explain"),
        (("  \n",), {}, "There is no reply to explain"),
        (("550 no",), {"provider": "yahoo"}, "“yahoo” is no known provider"),
        (("550 no",), {"stage": "helo"}, "“helo” is no stage"),
        (("250 OK: queued as.",), {}, "250 is no refusal"),
        (("354 End data with <CR><LF>.<CR><LF>.",), {"provider": "qq"}, "354 is no refusal"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: tuple[str, ...], options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence) as error:
        explain(*arguments, **options)
    assert "\n" not in str(error.value)


def test_bytes_of_the_command_line_and_of_stdin_are_read_as_they_are() -> None:
    given = command_line("--json", GBK_REPLY)
    assert (given.returncode, given.stderr) == (0, b"")
    explained = json.loads(given.stdout)
    assert explained["text"] == "Error: 请使用授权码登录。"
    assert explained["slug"] == "qq-authorization-code"

    piped = subprocess.run(
        [sys.executable, "manage.py", "explain", "--json", "-"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        input=GBK_REPLY + b"\r\n",
        capture_output=True,
        check=True,
    )
    assert json.loads(piped.stdout) == explained


def test_the_command_line_speaks_the_terminals_language_and_fails_with_1() -> None:
    chinese = command_line("timeout", LC_ALL="zh_CN.UTF-8")
    english = command_line("timeout", LC_ALL="C.UTF-8")
    assert "原因：服务器迟迟没有回应。" in chinese.stdout.decode()
    assert "Cause: The server did not answer in time." in english.stdout.decode()
    assert command_line("").returncode == 1


@pytest.mark.parametrize("garbage", [r"-1 b'\x00\x00\x00'", r"(-1, b'\x00\x00\x00')"])
def test_garbage_after_a_mail_that_was_accepted_is_no_failure(garbage: str) -> None:
    said = json.loads(explain(garbage, json=True))
    assert (said["slug"], said["retry"]) == ("accepted-already", False)


def test_it_explains_where_the_site_itself_is_misconfigured() -> None:
    # A system check of the site would end any other command.
    wrong = {"DJANGO_SETTINGS_MODULE": "project.settings", "MAIL_PROVIDER": "no-such-provider"}
    done = command_line("timeout", **wrong)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("language", "file"), [("en", "replies.md"), ("zh-hans", "replies.zh-CN.md")]
)
def test_make_replies_writes_the_pages(language: str, file: str) -> None:
    page = Path(settings.BASE_DIR) / "docs" / file
    assert explain(document=language) == page.read_text(encoding="utf-8")
