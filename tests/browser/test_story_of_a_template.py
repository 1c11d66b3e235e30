"""`make run` in a browser: an operator edits a mail, sees it while typing, publishes it, reads
which words a visitor got, and goes back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import PASSWORD, Inbox, Operator, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import Album

YOU = "you@practice.test"
LINK = "{{ password_reset_url }}"
# What each version says, by the language of the mail.
FIRST = {"en": "Your shop is glad to help.", "zh-hans": "小店很乐意帮忙。"}
SECOND = {"en": "Your shop helps at any hour.", "zh-hans": "小店随时为您服务。"}
LANGUAGES = {"en": "English", "zh-hans": "简体中文"}

pytestmark = pytest.mark.needs("Chromium")


def test_the_story_of_a_template(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
    language: str,
) -> None:
    site = start_site("link")
    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    operator.log_in()
    mails = operator.open_list("template").filter(has_text="password_reset")
    expect(mails).to_have_count(len(LANGUAGES))
    album.take_both(operator.page, "templates")

    open_editor(operator, language)
    edit(operator.page, FIRST[language], album)
    be_refused(operator.page, album)
    publish(operator.page)
    expect_in_use(operator, language, "1")
    album.take_both(operator.page, "template-versions")

    visitor = Visitor(open_browser(scripts=False), site, YOU)
    inbox = Inbox(visitor.page.context.new_page(), site)
    sign_up(visitor, inbox)
    ask_for_a_reset(visitor, inbox, 2)
    expect(inbox.page.locator(".letter-text")).to_contain_text(FIRST[language])
    read_which_version_it_was(operator, FIRST[language], album)

    # An operator needs no JavaScript either.
    plain = Operator(open_browser(scripts=False), site, operator.password)
    plain.log_in()
    save_by_buttons_alone(plain, language)
    compare(operator, language, album)
    roll_forward_and_back(operator, language, album)
    go_back_to_the_built_in_words(operator, language)
    ask_for_a_reset(visitor, inbox, 3)
    expect(inbox.page.locator(".letter-text")).not_to_contain_text(FIRST[language])


def open_template(operator: Operator, language: str) -> None:
    """The page of the mail that resets a password."""
    rows = operator.open_list("template")
    row = rows.filter(has_text="password_reset").filter(has_text=LANGUAGES[language])
    row.locator("th a").click()
    expect(operator.page).to_have_url(re.compile(r"/template/\d+/change/$"))


def open_editor(operator: Operator, language: str) -> None:
    open_template(operator, language)
    operator.page.locator(".acts a[href$='/edit/']").click()
    expect(operator.page.locator("#template_form")).to_be_visible()


def seen(page: Page, words: str) -> Locator:
    """Where the preview on a light telephone shows the words."""
    return page.frame_locator("#panel-light iframe").get_by_text(words, exact=True)


def say(page: Page, words: str, instead_of: str = "") -> None:
    """Both parts begin with the words, or say them instead of others."""
    for name, written in (("text", f"{words}\n\n"), ("html", f"<p>{words}</p>\n")):
        field = page.locator(f"[name={name}]")
        value = field.input_value()
        field.fill(value.replace(instead_of, words) if instead_of else written + value)


def press(page: Page, button: str) -> None:
    page.locator(f"#template_form button[value={button}]").click()


def edit(page: Page, words: str, album: Album) -> None:
    expect(page.locator("#checks .verdict.good")).to_be_visible()
    say(page, words)
    expect(seen(page, words)).to_be_visible()
    expect(page.locator("#panel-text")).to_contain_text(words)
    page.evaluate(
        "for (const each of [window, ...document.forms.template_form]) each.scrollTo(0, 0)"
    )
    album.keep(page, "template")


def be_refused(page: Page, album: Album) -> None:
    """Without its link, and nothing that was typed is lost."""
    field = page.locator("[name=html]")
    whole = field.input_value()
    broken = whole.replace(LINK, "https://shop.example/")
    assert broken != whole
    field.fill(broken)
    expect(page.locator("#checks .verdict.bad")).to_be_visible()
    # The answer looks like the page before.
    with page.expect_navigation():
        press(page, "save")
    expect(page.locator("#checks .verdict.bad")).to_be_visible()
    expect(page.locator("#problems-html li").first).to_contain_text("password_reset_url")
    expect(page.locator("[name=html]")).to_have_value(broken)
    album.take_both(page, "template-refused")
    page.locator("[name=html]").fill(whole)
    expect(page.locator("#checks .verdict.good")).to_be_visible()


def publish(page: Page) -> None:
    page.locator("[name=note]").fill("friendlier")
    press(page, "publish")
    expect(page.locator(".messagelist .success")).to_have_count(2)


def expect_in_use(operator: Operator, language: str, version: str) -> None:
    """version: its number, or "" for the built-in words."""
    open_template(operator, language)
    in_use = operator.page.locator("tbody tr").filter(has=operator.page.locator(".chip-good"))
    if version:
        expect(in_use.locator("a[href*='/template/version/']").first).to_have_text(version)
    else:
        expect(in_use).to_have_count(0)


def sign_up(visitor: Visitor, inbox: Inbox) -> None:
    visitor.fill_in_sign_up()
    visitor.submit()
    inbox.open_newest(YOU, 1)
    visitor.confirm(inbox.link())
    visitor.log_in(PASSWORD)
    visitor.expect_profile()
    visitor.log_out()


def ask_for_a_reset(visitor: Visitor, inbox: Inbox, count: int) -> None:
    visitor.ask_for_a_reset()
    expect(visitor.page).to_have_url(f"{visitor.site.url}/accounts/password/reset/done/")
    inbox.open_newest(YOU, count)


def read_which_version_it_was(operator: Operator, words: str, album: Album) -> None:
    page = operator.page
    operator.open_message(operator.open_list("message").filter(has_text=YOU).first)
    album.take(page, "message-version")
    version = page.locator("a[href*='/template/version/']")
    expect(version).to_contain_text("1")
    version.click()
    expect(seen(page, words)).to_be_visible()
    expect(page.locator(".chip-good").first).to_be_visible()
    album.take_both(page, "template-version")


def save_by_buttons_alone(operator: Operator, language: str) -> None:
    page = operator.page
    open_editor(operator, language)
    say(page, SECOND[language], instead_of=FIRST[language])
    expect(seen(page, SECOND[language])).to_have_count(0)
    press(page, "preview")
    expect(seen(page, SECOND[language])).to_be_visible()
    page.locator("[name=view][value=text]").check()
    expect(page.locator("#panel-text")).to_be_visible()
    expect(page.locator("#panel-light")).to_be_hidden()
    press(page, "save")
    expect(page.locator(".messagelist .success")).to_be_visible()


def compare(operator: Operator, language: str, album: Album) -> None:
    """What is in use with the newest, unless others are chosen."""
    page = operator.page
    expect_in_use(operator, language, "1")
    page.locator(".acts a[href$='/compare/']").click()
    expect(page.locator(".line-removed", has_text=FIRST[language])).to_have_count(2)
    expect(page.locator(".line-added", has_text=SECOND[language])).to_have_count(2)
    album.take_both(page, "template-compared")
    page.locator("[name=left]").select_option("2")
    with page.expect_navigation():
        page.locator(".question input[type=submit]").click()
    expect(page.locator(".line")).to_have_count(0)


def roll_forward_and_back(operator: Operator, language: str, album: Album) -> None:
    page = operator.page
    for version, before in (("2", "1"), ("1", "2")):
        expect_in_use(operator, language, before)
        page.locator("a[href$='/publish/']").click()
        expect(page.locator(".line-added").first).to_be_visible()
        album.take_both(page, f"template-publish-{version}")
        page.locator(".mailcenter form input[type=submit]").click()
        expect(page.locator(".messagelist .success")).to_be_visible()
    expect_in_use(operator, language, "1")


def go_back_to_the_built_in_words(operator: Operator, language: str) -> None:
    page = operator.page
    page.locator("form[action$='/default/'] button").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    expect_in_use(operator, language, "")
