"""Each built-in mail, in each case and language: complete, readable, and safe to log."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import translation

from mailcenter import kinds
from mailcenter.models import Template
from mailcenter.rendering import Composed, compose, contracts, sources
from mailcenter.templating import Case
from mailcenter.templating.advice import advise
from mailcenter.templating.contract import problems

FOLDER = Path(settings.BASE_DIR) / "templates" / "mail"
SITE = settings.MAILCENTER["SITE_URL"]
LANGUAGES = ("en", "zh-hans")
KINDS = {kind.slug: kind for kind in kinds.with_templates()}
MAILS = [(slug, case) for slug, kind in KINDS.items() for case in kind.contract.cases]
ADDRESS = re.compile(r"https?://\S+")

every_mail = pytest.mark.parametrize(
    ("slug", "case"), [pytest.param(*each, id=f"{each[0]}-{each[1].slug}") for each in MAILS]
)
every_language = pytest.mark.parametrize("language", LANGUAGES)
pytestmark = pytest.mark.django_db


def values(slug: str, case: Case, language: str) -> dict[str, Any]:
    with translation.override(language):
        return KINDS[slug].contract.samples(case)


def composed(slug: str, case: Case, language: str) -> Composed:
    return compose(slug, language, values(slug, case, language))


class Page(HTMLParser):
    """tags: each with its attributes. texts: what stands in the elements of a class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open_class = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.open_class = attributes.get("class") or ""

    def handle_endtag(self, tag: str) -> None:
        self.open_class = ""

    def handle_data(self, data: str) -> None:
        self.texts[self.open_class] = self.texts.get(self.open_class, "") + data

    @property
    def links(self) -> list[str]:
        return [href for _, attributes in self.tags if (href := attributes.get("href"))]


@every_language
@every_mail
def test_what_opens_an_account_stands_in_both_parts_and_never_in_the_log(
    slug: str, case: Case, language: str
) -> None:
    mail = composed(slug, case, language)
    given = values(slug, case, language)
    contract = KINDS[slug].contract

    for name in contract.required & case.variables:
        assert given[name] in mail.real.text
        assert given[name] in mail.real.html
    logged = mail.redacted.subject + mail.redacted.text + mail.redacted.html
    for name in contract.secrets & case.variables:
        assert given[name] not in mail.real.subject
        assert given[name] not in logged
    if contract.required & case.variables:
        assert given["valid_for"] in mail.real.text
        assert given["valid_for"] in mail.real.html.replace("&nbsp;", "\xa0")


@every_language
@every_mail
def test_each_mail_is_whole_and_asks_nothing_of_other_hosts(
    slug: str, case: Case, language: str
) -> None:
    mail = composed(slug, case, language).real
    page = Page(mail.html)

    assert 0 < len(mail.subject) <= 60
    assert all(len(line) < 500 for line in mail.text.splitlines())
    assert "\n\n\n" not in mail.text
    assert ("html", {"lang": language}) in page.tags
    assert not {"img", "script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert "url(" not in mail.html
    assert {urlsplit(link).netloc for link in page.links} == {urlsplit(SITE).netloc}
    for part in (mail.subject, mail.text, mail.html):
        assert "{{" not in part
        assert "{%" not in part
        assert "None" not in part
    assert bool(re.search("[一-鿿]", mail.subject + mail.text)) == (language == "zh-hans")
    assert len(mail.html.encode()) < 16 * 1024


@every_language
@every_mail
def test_text_and_html_lead_to_the_same_pages_in_the_same_order(
    slug: str, case: Case, language: str
) -> None:
    mail = composed(slug, case, language).real
    assert list(dict.fromkeys(Page(mail.html).links)) == list(
        dict.fromkeys(ADDRESS.findall(mail.text))
    )


@every_language
@every_mail
def test_a_list_of_mails_shows_the_code_or_how_the_mail_begins(
    slug: str, case: Case, language: str
) -> None:
    mail = composed(slug, case, language).real
    preheader = Page(mail.html).texts["preheader"]
    shown, _, filler = preheader.partition("\n\u034f")

    code = values(slug, case, language).get("code")
    assert shown == code if code else mail.text.startswith(shown)
    assert set(filler) <= set("\u034f\u200c\u2003\n")
    assert filler.count("\u2003") >= 50


@every_language
@pytest.mark.parametrize(("slug", "case"), [each for each in MAILS if "code" in each[1].variables])
def test_a_code_is_one_word_to_tap_on(slug: str, case: Case, language: str) -> None:
    mail = composed(slug, case, language).real
    page = Page(mail.html)
    (style,) = [str(has["style"]) for _, has in page.tags if has.get("class") == "code"]

    assert page.texts["code"] == values(slug, case, language)["code"]
    assert "user-select: all" in style
    assert "white-space: nowrap" in style
    assert "monospace" in style


@every_language
@every_mail
def test_the_looks_need_no_style_sheet_but_in_the_dark_and_for_the_width(
    slug: str, case: Case, language: str
) -> None:
    html = composed(slug, case, language).real.html
    (sheet,) = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)

    assert "@media (prefers-color-scheme: dark)" in sheet
    assert not re.sub(r"@media [^{]+\{(\s*[^{}]+\{[^}]*\})*\s*\}", "", sheet).strip()
    for tag, attributes in Page(html).tags:
        if attributes.get("class") or tag in ("h1", "p", "body"):
            assert attributes.get("style") or attributes.get("bgcolor"), (tag, attributes)


@every_language
@every_mail
def test_nothing_to_advise(slug: str, case: Case, language: str) -> None:
    assert advise(composed(slug, case, language).real, site_url=SITE) == []


@every_language
@pytest.mark.parametrize("slug", [Template.LAYOUT, *KINDS])
def test_an_operator_may_save_it_as_it_is(slug: str, language: str) -> None:
    contract = contracts.of(slug)
    parts = sources.in_use(slug, language).parts
    assert problems(parts, contract, language) == []


@every_language
def test_each_event_has_words_of_its_own(language: str) -> None:
    cases = KINDS["security_notice"].contract.cases
    mails = [composed("security_notice", case, language).real for case in cases]
    assert len({mail.subject for mail in mails}) == len(cases)
    assert len({mail.text for mail in mails}) == len(cases)


def test_every_kind_has_every_file_in_every_language() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {Template.LAYOUT, *KINDS}
    for slug in KINDS:
        for language in LANGUAGES:
            assert sources.built_in(slug, language)
    assert sources.built_in(Template.LAYOUT, sources.FALLBACK_LANGUAGE)
