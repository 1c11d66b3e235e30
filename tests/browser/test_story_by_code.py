"""`make run` in a browser, with VERIFY_BY=code and RESET_BY=code: a slip in the address is asked
about, then sign up, verify and reset by code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.people import NEW_PASSWORD, Inbox, Operator, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import Album

YOU = "you@practice.test"
# The practice server takes mail for everybody, and sends none on.
FRIEND = "friend@qq.com"
SLIP = "ann@gmial.com"
MEANT = "ann@gmail.com"

pytestmark = pytest.mark.needs("Chromium")


def test_the_whole_story_by_code(
    start_site: Callable[[str], RunningSite], open_browser: Callable[..., Page], album: Album
) -> None:
    site = start_site("code")
    visitor = Visitor(open_browser(scripts=False), site, YOU)
    page = visitor.page
    a_slip_is_asked_about_once(visitor)
    inbox = Inbox(page.context.new_page(), site)

    visitor.fill_in_sign_up()
    visitor.submit()
    expect(page.locator("[name=code]")).to_be_visible()
    album.take_both(page, "enter-code")
    inbox.open_newest(YOU, 1)
    album.take(inbox.page, "mail-code")
    codes = [inbox.code()]
    page.locator("[name=code]").fill(codes[0])
    visitor.submit()
    visitor.expect_profile()

    visitor.log_out()
    visitor.ask_for_a_reset()
    inbox.open_newest(YOU, 2)
    codes.append(inbox.code())
    expect(page.locator("[name=code]")).to_be_visible()
    album.take(page, "reset-code")
    page.locator("[name=code]").fill(codes[1])
    visitor.submit()
    visitor.fill_in_new_password()
    visitor.submit_new_password()
    visitor.log_in(NEW_PASSWORD)
    visitor.expect_profile()
    the_page_for_a_code_is_accessible(Visitor(open_browser(scripts=True), site, FRIEND), album)

    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    operator.log_in()
    rows = operator.open_list("message").filter(has_text=YOU)
    expect(rows).to_have_count(3)
    # The oldest one: the verification. Only the visitor can ask for a new code.
    operator.open_message(rows.last)
    expect(operator.page.locator(".mailcenter > .notice")).to_be_visible()
    expect(operator.page.locator(".acts a[href$='/resend/']")).to_have_count(0)
    album.take(operator.page, "message-code")
    for code in codes:
        assert code not in operator.page.content()


def a_slip_is_asked_about_once(visitor: Visitor) -> None:
    """Without a script."""
    page = visitor.page
    visitor.address = SLIP
    visitor.fill_in_sign_up()
    visitor.submit()
    expect(page.locator(".slip strong")).to_have_text(MEANT)
    page.locator(".slip button").click()
    expect(page.locator("[name=email]")).to_have_value(MEANT)

    visitor.fill_in_sign_up()
    visitor.submit()
    expect(page.locator(".slip strong")).to_have_text(MEANT)
    visitor.enter_passwords()
    visitor.submit()
    expect(page.locator("[name=code]")).to_be_visible()
    expect(page.locator("main")).to_contain_text(SLIP)
    # Back to the form, while a code is awaited.
    page.locator(".correct button").first.click()
    expect(page.locator("[name=email]")).to_have_value(MEANT)
    visitor.address = YOU


def the_page_for_a_code_is_accessible(visitor: Visitor, album: Album) -> None:
    page = visitor.page
    visitor.fill_in_sign_up()
    visitor.submit()
    expect(page.locator("#mail-status [data-state=accepted]")).to_be_visible()
    expect(page.locator(".mailbox a")).to_have_attribute("href", "https://mail.qq.com/")
    assert_accessible(page)
    page.locator("[name=code]").fill("wrong")
    visitor.submit()
    expect(page.locator(".field.wrong")).to_be_visible()
    assert_accessible(page)
    album.take_both(page, "enter-code-qq")
