"""`make run` in a browser: examine the site's account, read why it is paused, resume it, type in
another one, and look replies up."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from mailcenter.replies import CATALOG
from tests.browser.people import Inbox, Operator, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import Album
from tests.site_process import until

OPERATOR = "operator@practice.test"
# Whom the practice server refuses the next log-in for.
REFUSED_LOG_IN = "535-login-fail@practice.test"
ENTRY = "qq-login-fail"
# Whom it answers in words that no entry holds.
STRANGE = "561-honeypot@practice.test"
CODE = "abcdefghijklmnop"
NEXT_CODE = "ponmlkjihgfedcba"
CUSTOM = {
    "address": "shop@shop.test",
    "secret": CODE,
    "next_secret": NEXT_CODE,
    "host": "smtp.shop.invalid",
    "per_day": "20",
}

pytestmark = pytest.mark.needs("Chromium")


def test_the_story_of_an_account(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
    language: str,
) -> None:
    site = start_site("link")
    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    operator.log_in()
    examine(operator, album, language)
    operator.examine("environment", REFUSED_LOG_IN)
    expect(failed(operator.page)).to_have_count(1)
    album.take_both(operator.page, "doctor-failed")
    message = read_why_it_is_paused(operator, album, language)

    stranger = Visitor(open_browser(scripts=False), site, STRANGE)
    stranger.fill_in_sign_up()
    stranger.submit()
    expect(stranger.page.locator("main")).to_contain_text(STRANGE)
    resume(operator, album, message)
    Inbox(stranger.page, site).open_newest(OPERATOR, 1)

    examine_what_is_typed(operator, album)
    add(operator, album)
    operator.await_row(STRANGE, "561")
    look_up(operator, album, language)

    # An operator needs no JavaScript either.
    plain = Operator(open_browser(scripts=False), site, operator.password)
    plain.log_in()
    plain.examine("environment", OPERATOR)
    expect(failed(plain.page)).to_have_count(0)
    fill_in(plain)
    expect(steps(examine_form(plain)).first).to_be_visible()


def steps(page: Page) -> Locator:
    return page.locator(".mailcenter .tries > li")


def failed(page: Page) -> Locator:
    return steps(page).locator(".chip-bad")


def examine(operator: Operator, album: Album, language: str) -> None:
    """As it is stored: all is well; the result is kept."""
    page = operator.page
    expect(operator.open_list("account")).to_have_count(1)
    album.take_both(page, "accounts")
    page.locator("#result_list tbody th a").click()
    expect(page.locator("form[action$='/doctor/']")).to_be_visible()
    album.take_both(page, "account-new")
    operator.examine("environment", OPERATOR)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(failed(page)).to_have_count(0)
    expect(page.locator(".result .chip-good")).to_be_visible()
    expect(page.locator(".working")).to_be_hidden()
    album.keep(page, "doctor")
    found = steps(page).all_inner_texts()
    page.locator(".result a[href*='/checkup/']").click()
    expect(page).to_have_url(re.compile(r"/account/checkup/\d+/$"))
    expect(steps(page)).to_have_text(found, use_inner_text=True)
    album.take_both(page, "checkup")


def read_why_it_is_paused(operator: Operator, album: Album, language: str) -> str:
    """A test mail is refused at the log-in. Returns the address of its page."""
    page = operator.page
    page.locator(".result form[action$='/test-mail/'] input[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/message/\d+/change/$"))
    message = page.url
    expect(page.locator(".messagelist .success")).to_be_visible()
    replies = page.locator(".tries .reply", has_text="535 Login fail")

    def answered() -> bool:
        page.reload()
        return replies.count() == 1

    until(answered)
    album.take_both(page, "test-mail")

    operator.open_account("environment")
    with translation.override(language):
        cause = str(CATALOG[ENTRY].cause)
    expect(page.locator(".advice")).to_contain_text(cause)
    expect(page.locator(".mailcenter table").first).to_contain_text("535")
    album.keep(page, "account")
    expect(operator.open_list("account")).to_have_count(1)
    album.take(page, "accounts-paused")
    return message


def resume(operator: Operator, album: Album, message: str) -> None:
    """What waited for the end of the pause is sent."""
    page = operator.page
    operator.open_account("environment")
    operator.press("resume")
    album.take(page, "resume")
    page.locator(".mailcenter form input[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.goto(message)

    def accepted() -> bool:
        page.reload()
        return page.locator(".tries .reply", has_text="250 OK: queued as.").count() == 1

    until(accepted)


def unfold(page: Page) -> None:
    for folded in page.locator("fieldset.collapse summary").all():
        folded.click()


def fill_in(operator: Operator) -> None:
    page = operator.page
    page.goto(f"{operator.site.url}/admin/mailcenter/account/add/")
    unfold(page)
    page.locator("[name=preset]").select_option("custom")
    page.locator("[name=enabled]").uncheck()
    for name, value in CUSTOM.items():
        page.locator(f"[name={name}]").fill(value)


def examine_form(operator: Operator) -> Page:
    """Returns the tab in which the result is."""
    with operator.page.context.expect_page() as opened:
        operator.page.locator("[formaction$='/doctor/']").click()
    tab = opened.value
    expect(tab.locator(".result")).to_be_visible()
    return tab


def examine_what_is_typed(operator: Operator, album: Album) -> None:
    """Its host is nowhere, and the form keeps what was typed."""
    page = operator.page
    page.goto(f"{operator.site.url}/admin/mailcenter/account/add/")
    expect(page.locator("[name=secret]")).to_be_visible()
    album.take_both(page, "add-account-folded")
    fill_in(operator)
    album.take_both(page, "add-account")
    tab = examine_form(operator)
    expect(failed(tab)).to_have_count(1)
    album.take_both(tab, "doctor-typed")
    assert CODE not in tab.content()
    assert NEXT_CODE not in tab.content()
    tab.close()
    expect(page.locator("[name=host]")).to_have_value(CUSTOM["host"])
    expect(page.locator("[name=secret]")).to_have_value(CODE)


def add(operator: Operator, album: Album) -> None:
    page = operator.page
    # A host that no form takes: the page comes back without the code.
    page.locator("[name=host]").fill("127.0.0.1")
    page.locator("[name=_save]").click()
    expect(page.locator(".errorlist li").first).to_be_visible()
    expect(page.locator("[name=secret]")).to_have_value("")
    album.take_both(page, "add-account-errors")
    unfold(page)
    for name in ("host", "secret", "next_secret"):
        page.locator(f"[name={name}]").fill(CUSTOM[name])
    page.locator("[name=_continue]").click()
    expect(page).to_have_url(re.compile("/shop-shop-test/change/$"))
    album.take_both(page, "account-own")
    for code in (CODE, NEXT_CODE):
        assert code not in page.content()
    operator.examine("shop-shop-test")
    expect(failed(page)).to_have_count(1)
    operator.open_account("shop-shop-test")
    expect(page.locator("a[href*='/checkup/']")).to_be_visible()
    album.take(page, "account-examined")


def look_up(operator: Operator, album: Album, language: str) -> None:
    page = operator.page
    operator.open_list("attempt")
    page.locator(".object-tools a[href$='/phrasebook/']").click()
    entries = page.locator(".phrases tbody tr")
    expect(entries).to_have_count(len(CATALOG))
    # What nobody knows yet stands first, and what was met comes before the rest.
    expect(page.locator(".unknown")).to_have_count(1)
    expect(page.locator(".unknown")).to_contain_text("561")
    album.take_both(page, "phrasebook-all")
    page.locator("[name=q]").fill("535 Login fail")
    page.locator("[name=verdict]").select_option(CATALOG[ENTRY].verdict_class.value)
    with page.expect_navigation():
        page.locator(".question input[type=submit]").click()
    with translation.override(language):
        cause, cure = str(CATALOG[ENTRY].cause), str(CATALOG[ENTRY].cure)
    met = page.locator(f"#entry-{ENTRY}")
    expect(entries.first).to_have_id(f"entry-{ENTRY}")
    expect(met).to_contain_text(cause)
    expect(met).to_contain_text(cure)
    expect(met.locator(".number").last).to_have_text("1")
    met.locator("summary").click()
    album.keep(page, "phrasebook")
    met.locator("td.met a").click()
    expect(page).to_have_url(re.compile(r"/attempt/\d+/change/$"))
    expect(page.locator(".mailcenter")).to_contain_text("535 Login fail")
    album.take_both(page, "attempt")
