"""Each mail, in each language: complete, readable, and safe to log."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from mailcenter import kinds
from mailcenter.rendering import render, render_redacted

LANGUAGES = ("en", "zh-hans")
FOLDER = Path(settings.BASE_DIR) / "templates" / "mail"
SITE = settings.MAILCENTER["SITE_URL"]
ACTIVATE = {
    "key": "MQ:1abc:s3cret",
    "activate_url": f"{SITE}/accounts/confirm-email/MQ:1abc:s3cret/",
}
RESET = {
    "key": "9zz-s3cret",
    "password_reset_url": f"{SITE}/accounts/password/reset/key/1-9zz-s3cret/",
}
LINKS = {
    "login_url": f"{SITE}/accounts/login/",
    "signup_url": f"{SITE}/accounts/signup/",
    "password_reset_url": f"{SITE}/accounts/password/reset/",
}
NOTICE = {
    **LINKS,
    "timestamp": timezone.now(),
    "from_email": "old@example.com",
    "to_email": "n***@example.com",
    "deleted_email": "old@example.com",
}
EVENTS = ("password_changed", "password_reset", "password_set", "email_changed", "email_deleted")
WITH_SECRETS: list[tuple[str, dict[str, Any]]] = [
    ("email_verification", {**ACTIVATE, "valid_for": "1 day"}),
    ("email_verification", {"code": "BCDF-GHJK", "valid_for": "10 minutes"}),
    ("password_reset", {**RESET, "valid_for": "1 hour"}),
    ("password_reset", {"code": "BCDF-GHJK", "valid_for": "10 minutes"}),
    ("login_code", {"code": "BCDF-GHJK", "valid_for": "3 minutes"}),
]
ALL = [
    *WITH_SECRETS,
    ("account_exists", LINKS),
    ("unknown_account", LINKS),
    *(("security_notice", {**NOTICE, "event": event}) for event in (*EVENTS, "something_new")),
]


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "context"), WITH_SECRETS)
def test_secrets_stand_in_both_parts_and_never_in_the_log(
    kind: str, context: dict[str, Any], language: str
) -> None:
    real = render(kind, language, context)
    logged = render_redacted(kind, language, context)
    secrets = [context[name] for name in kinds.get(kind).secrets if name in context]

    assert secrets
    for secret in secrets:
        assert secret in real.text
        assert secret in real.html
        assert secret not in real.subject
        assert secret not in logged.subject + logged.text + logged.html
    assert context["valid_for"] in real.text
    assert context["valid_for"] in real.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "context"), ALL)
def test_each_mail_is_whole_and_asks_nothing_of_other_hosts(
    kind: str, context: dict[str, Any], language: str
) -> None:
    mail = render(kind, language, context)

    assert 0 < len(mail.subject) <= 60
    assert all(len(line) < 500 for line in mail.text.splitlines())
    tags = Tags(mail.html).found
    assert ("html", {"lang": language}) in tags
    assert not {"img", "script", "link", "iframe"} & {tag for tag, _ in tags}
    assert "url(" not in mail.html
    for _, attributes in tags:
        if href := attributes.get("href"):
            assert urlsplit(href).netloc == urlsplit(SITE).netloc
    for part in (mail.subject, mail.text, mail.html):
        assert "{{" not in part
        assert "{%" not in part
        assert "None" not in part
    assert bool(re.search("[一-鿿]", mail.subject + mail.text)) == (language == "zh-hans")
    assert "style=" in mail.html
    assert "prefers-color-scheme: dark" in mail.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_event_has_words_of_its_own(language: str) -> None:
    mails = [render("security_notice", language, {**NOTICE, "event": event}) for event in EVENTS]
    assert len({mail.subject for mail in mails}) == len(EVENTS)
    assert len({mail.text for mail in mails}) == len(EVENTS)


def test_every_kind_has_every_file_in_every_language() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert folders == {slug for slug, _ in kinds.choices()} - {"other", "system"}
    for folder in folders:
        for language in LANGUAGES:
            for name in ("subject.txt", "body.txt", "body.html"):
                text = (FOLDER / folder / language / name).read_text(encoding="utf-8")
                assert not re.search(r"{%\s*(load|include|extends)", text)
