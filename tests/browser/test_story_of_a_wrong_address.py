"""`make run` in a browser: sign up with a wrong address, read that it is refused, correct it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.people import PASSWORD, Inbox, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import Album
from tests.flows.test_slips import RIGHT, SLIPS
from tests.site_process import until

NOBODY = "550-mailbox-not-found@practice.test"
YOU = "you@practice.test"
LONDON = "Europe/London"
SOMEBODY = "somebody@practice.test"

pytestmark = pytest.mark.needs("Chromium")


def test_a_wrong_address_is_noticed_and_corrected(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
) -> None:
    site = start_site("link")
    visitor = Visitor(open_browser(scripts=True), site, NOBODY)
    page = visitor.page
    # A page whose clock the test turns on.
    page.clock.install()
    in_time_zone(page, LONDON)
    slips_are_noticed(visitor, album)

    a_slip_is_asked_about_once(visitor)

    visitor.address = NOBODY
    visitor.fill_in_sign_up()
    visitor.submit()
    expect(state(page, "refused")).to_be_visible()
    expect(page.locator(".without-script")).to_be_hidden()
    assert_accessible(page)
    album.keep(page, "refused")
    correct(visitor, YOU)
    expect_own_time(state(page, "accepted").locator("time"))
    assert_accessible(page)
    album.keep(page, "check-mail")
    wait_and_ask_again(page)

    # Each session is told of its own mail alone; nobody needs a script.
    plain = Visitor(open_browser(scripts=False), site, NOBODY)
    plain.fill_in_sign_up()
    plain.submit()
    expect(state(plain.page, "unknown")).to_be_visible()
    plain.address = "550-invalid-user@practice.test"
    correct(plain, plain.address)
    look_until(plain.page, "refused")
    correct(plain, SOMEBODY)
    look_until(plain.page, "accepted")
    expect(plain.page.locator(".junk")).to_be_visible()
    expect(plain.page.locator(".wait")).to_be_visible()
    expect(plain.page.locator(".resend")).to_be_enabled()
    Inbox(plain.page.context.new_page(), site).open_newest(SOMEBODY, 1)


def slips_are_noticed(visitor: Visitor, album: Album) -> None:
    page = visitor.page
    page.goto(f"{visitor.site.url}/accounts/signup/")
    field, slip = page.locator("[name=email]"), page.locator(".slip")
    for typed, right in SLIPS.items():
        field.fill(f"ann@{typed}")
        field.blur()
        expect(slip.locator("strong")).to_have_text(f"ann@{right}")
    for domain in RIGHT:
        field.fill(f"ann@{domain}")
        field.blur()
        expect(slip).to_be_hidden()

    field.fill("ann@gmial.com")
    expect(slip).to_be_hidden()
    page.clock.fast_forward(1000)
    expect(slip).to_be_visible()
    assert_accessible(page)
    album.keep(page, "slip")
    slip.locator("button").click()
    expect(field).to_have_value("ann@gmail.com")
    expect(field).to_be_focused()
    expect(slip).to_be_hidden()
    expect(page).to_have_url(f"{visitor.site.url}/accounts/signup/")


def a_slip_is_asked_about_once(visitor: Visitor) -> None:
    page = visitor.page
    visitor.address = "ann@gmial.com"
    visitor.fill_in_sign_up()
    page.locator("[name=email]").fill("ann@gnail.com")
    # Straight to the button: nobody has read the question yet.
    visitor.submit()
    expect(page.locator(".slip strong")).to_have_text("ann@gmail.com")
    expect(page.locator("[name=password1]")).to_have_value(PASSWORD)
    page.clock.fast_forward(2000)
    visitor.submit()
    expect(page.locator("main")).to_contain_text("ann@gnail.com")
    # The page after sign-up asks too.
    expect(page.locator(".correct strong")).to_have_text("ann@gmail.com")


def in_time_zone(page: Page, zone: str) -> None:
    debugger = page.context.new_cdp_session(page)
    debugger.send("Emulation.setTimezoneOverride", {"timezoneId": zone})


def expect_own_time(time: Locator) -> None:
    """In the visitor's clock, not the site's."""
    at = datetime.fromisoformat(time.get_attribute("datetime") or "")
    expect(time).to_have_text(at.astimezone(ZoneInfo(LONDON)).strftime("%H:%M"))


def correct(visitor: Visitor, address: str) -> None:
    """From the page that waits for the mail."""
    page = visitor.page
    page.locator(".correct button").last.click()
    expect(page).to_have_url(f"{visitor.site.url}/accounts/signup/")
    expect(page.locator("[name=email]")).to_have_value(re.compile("@practice.test$"))
    visitor.address = address
    page.locator("[name=email]").fill(address)
    visitor.enter_passwords()
    visitor.submit()
    expect(page.locator("main")).to_contain_text(address)


def wait_and_ask_again(page: Page) -> None:
    expect(page.locator(".junk")).to_be_hidden()
    expect(page.locator(".resend")).to_be_disabled()
    page.clock.fast_forward(65_000)
    expect(page.locator(".junk")).to_be_visible()
    expect(page.locator(".resend")).to_be_disabled()
    page.clock.fast_forward(120_000)
    expect(page.locator(".wait")).to_be_hidden()
    # The server has a clock of its own.
    page.locator(".resend").click()
    expect(page.locator(".messages .warning")).to_be_visible()


def state(page: Page, name: str) -> Locator:
    return page.locator(f"#mail-status [data-state={name}]")


def look_until(page: Page, name: str) -> None:
    """By the link that stands there without a script, until nothing changes any more."""

    page.wait_for_load_state()

    def shown() -> bool:
        if state(page, name).count():
            return True
        # The page before would still have the link, which the next one may lack.
        with page.expect_navigation():
            page.locator(".without-script a").click()
        return False

    until(shown)
