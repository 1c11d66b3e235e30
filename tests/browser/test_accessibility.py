"""axe-core on each page of a visitor: both languages, phone and desktop, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import LOCALES
from tests.browser.people import PASSWORD, Inbox, Visitor
from tests.browser.running_site import RunningSite

YOU = "you@practice.test"
OPEN = (
    "/",
    "/accounts/signup/",
    "/accounts/login/",
    "/accounts/confirm-email/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/dead/",
    "/accounts/password/reset/key/1-dead/",
    "/accounts/inactive/",
)
CLOSED = (
    "/profile/",
    "/accounts/email/",
    "/accounts/mail-language/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
)

pytestmark = pytest.mark.needs("Chromium")


def test_axe_finds_what_is_wrong(open_browser: Callable[..., Page]) -> None:
    page = open_browser(scripts=True)
    page.set_content('<html lang="en"><title>x</title><input><p style="color: #aaa">pale</p>')
    with pytest.raises(AssertionError, match="color-contrast") as found:
        assert_accessible(page)
    assert "label" in str(found.value)


def test_pages_by_link(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    chromium: Browser,
    language: str,
) -> None:
    site = start_site("link")
    visitor = Visitor(open_browser(scripts=True), site, YOU)
    page = visitor.page
    for path in OPEN:
        look_at(visitor, path)
    expect(page.locator("html")).to_have_attribute("lang", language)

    # What a form has to say.
    page.goto(f"{site.url}/accounts/signup/")
    visitor.submit()
    expect(page.locator(".field.wrong").first).to_be_visible()
    assert_accessible(page)

    visitor.fill_in_sign_up()
    visitor.submit()
    inbox = Inbox(page.context.new_page(), site)
    inbox.open_newest(YOU, 1)
    page.goto(inbox.link())
    assert_accessible(page)
    visitor.submit()
    expect(page).to_have_url(f"{site.url}/accounts/login/")
    visitor.log_in(PASSWORD)
    visitor.expect_profile()
    for path in CLOSED:
        look_at(visitor, path)

    look_at_what_goes_wrong(chromium, site, language)


def look_at_what_goes_wrong(chromium: Browser, site: RunningSite, language: str) -> None:
    page = chromium.new_context(locale=LOCALES[language]).new_page()
    page.goto(f"{site.url}/nowhere/")
    assert_accessible(page)
    page.goto(f"{site.url}/accounts/login/")
    page.context.clear_cookies()
    page.locator("main form button").click()
    expect(page.locator("[name=login]")).to_have_count(0)
    assert_accessible(page)


def look_at(visitor: Visitor, path: str) -> None:
    visitor.page.goto(f"{visitor.site.url}{path}")
    # A redirect would have another page looked at once more.
    expect(visitor.page).to_have_url(f"{visitor.site.url}{path}")
    expect(visitor.page.locator("h1")).to_be_visible()
    assert_accessible(visitor.page)
