"""`make run` in a browser: an operator keeps the list of messages open while mail comes and goes,
reads all parts of one, and invites its reader again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.people import Operator, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import DESKTOP, Album
from tests.site_process import until

READER = "ann@practice.test"
NOBODY = "550-mailbox-not-found@practice.test"
# What is sent there waits for the next try.
BUSY = "450-too-quickly@practice.test"
PARTS = ("attempts", "text", "html", "headers")
# Between two looks, by message_list.js (milliseconds).
EVERY = 5_000
COUNT_LOOKS = """(() => {
    const real = window.fetch;
    window.looks = 0;
    window.fetch = (...asked) => { window.looks++; return real(...asked); };
})()"""
UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
SELECT_WORDS = "row => getSelection().selectAllChildren(row)"

pytestmark = pytest.mark.needs("Chromium")


def test_the_list_follows_what_happens(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
    language: str,
) -> None:
    site = start_site("link")
    visitor = Visitor(open_browser(scripts=False), site, READER)
    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    page = operator.page
    # A list whose clock the test turns on.
    page.clock.install()
    page.add_init_script(COUNT_LOOKS)
    operator.log_in()
    rows = operator.open_list("message")
    expect(rows).to_have_count(0)
    page.evaluate("window.neverLeft = true")

    for address in (READER, NOBODY, BUSY):
        sign_up(visitor, address)
    for address, reply in ((READER, "250"), (NOBODY, "550"), (BUSY, "450")):
        row = rows.filter(has_text=address)
        await_on_page(page, row.locator(".field-last_reply", has_text=reply))
    expect(rows).to_have_count(3)
    all_are_ticked(page, rows)
    assert_accessible(page)
    album.keep(page, "messages")

    other = Operator(page.context.new_page(), site, operator.password)
    it_waits_for_whoever_uses_it(page, rows, lambda: cancel(other, BUSY))
    await_on_page(page, rows.filter(has_text=BUSY).locator(".chip-quiet"))
    read_all_parts(other, album)
    the_place_is_kept(page, rows, lambda: invite_again(other, album))
    it_says_when_it_cannot(page, language)
    assert page.evaluate("window.neverLeft"), "the page was loaded again"
    the_switch_is_remembered(page)


def sign_up(visitor: Visitor, address: str) -> None:
    visitor.address = address
    visitor.fill_in_sign_up()
    visitor.submit()
    expect(visitor.page.locator("#mail-status")).to_be_visible()


def await_on_page(page: Page, shown: Locator) -> None:
    """Nobody loads the page again; its clock goes on."""

    def arrived() -> bool:
        page.clock.run_for(EVERY)
        return shown.count() == 1

    until(arrived)


def looks(page: Page) -> int:
    """How often the page has asked for its rows."""
    return int(page.evaluate("looks"))


def assert_it_waits(page: Page) -> None:
    before = looks(page)
    page.clock.run_for(4 * EVERY)
    assert looks(page) == before


def all_are_ticked(page: Page, rows: Locator) -> None:
    """By the box in the head, which knows the rows that came later."""
    head = page.locator("#action-toggle")
    head.check()
    expect(rows.locator(".action-select:checked")).to_have_count(3)
    expect(page.locator(".action-counter")).to_contain_text(re.compile("3.*3"))
    head.uncheck()
    expect(rows.locator(".action-select:checked")).to_have_count(0)
    head.blur()


def it_waits_for_whoever_uses_it(page: Page, rows: Locator, happen: Callable[[], None]) -> None:
    row = rows.filter(has_text=READER)
    subject = row.locator(".field-subject_line a")
    subject.focus()
    happen()
    assert_it_waits(page)
    expect(subject).to_be_focused()

    box = row.locator(".action-select")
    box.check()
    box.blur()
    assert_it_waits(page)
    box.uncheck()
    box.blur()

    row.locator(".field-last_reply").evaluate(SELECT_WORDS)
    assert_it_waits(page)
    page.evaluate("getSelection().removeAllRanges()")

    action = page.locator("[name=action]")
    action.select_option("resend_selected")
    assert_it_waits(page)
    action.select_option("")


def the_place_is_kept(page: Page, rows: Locator, happen: Callable[[], None]) -> None:
    """A row that comes above moves nothing of what is read further down."""
    page.set_viewport_size({"width": DESKTOP["width"], "height": 300})
    seen = rows.filter(has_text=NOBODY)
    seen.evaluate("row => row.scrollIntoView()")
    place = seen.bounding_box()
    assert place
    happen()
    await_on_page(page, page.locator(".paginator").filter(has_text=re.compile(r"\b4\b")))
    assert seen.bounding_box() == place
    page.set_viewport_size(DESKTOP)


def it_says_when_it_cannot(page: Page, language: str) -> None:
    with translation.override(language):
        words = gettext("The list can’t be brought up to date now.")
    stale = page.locator("#live-stale")
    expect(stale).to_be_empty()
    page.context.set_offline(True)
    await_on_page(page, stale.filter(has_text=words))
    page.context.set_offline(False)
    await_on_page(page, stale.filter(has_not_text=words))
    # The session has ended.
    kept = page.context.cookies()
    page.context.clear_cookies()
    await_on_page(page, stale.filter(has_text=words))
    page.context.add_cookies(kept)  # type: ignore[arg-type]
    await_on_page(page, stale.filter(has_not_text=words))


def the_switch_is_remembered(page: Page) -> None:
    switch = page.locator("#live-switch")
    expect(switch).to_be_checked()
    for on in (False, True):
        switch.set_checked(on)
        page.reload()
        expect(switch).to_be_checked(checked=on)
        page.clock.run_for(EVERY)
        assert (looks(page) > 0) is on


def cancel(operator: Operator, address: str) -> None:
    operator.open_message(operator.await_row(address))
    operator.press("cancel")
    operator.page.locator(".mailcenter form input[type=submit]").click()
    expect(operator.page.locator(".messagelist .success")).to_be_visible()


def read_all_parts(operator: Operator, album: Album) -> None:
    page = operator.page
    operator.open_message(operator.await_row(READER))
    for part in PARTS:
        operator.open_tab(part)
        album.keep(page, f"message-{part}")
        page.evaluate(UNFOLD)
        assert_accessible(page)


def invite_again(operator: Operator, album: Album) -> None:
    page = operator.page
    operator.open_tab("summary")
    page.locator("#summary a[href*='/message/user/']").click()
    invite = page.locator(".acts a[href$='/invite/']")
    expect(invite).to_be_visible()
    assert_accessible(page)
    album.keep(page, "user")
    invite.click()
    expect(page).to_have_url(re.compile("/invite/$"))
    assert_accessible(page)
    page.locator(".mailcenter form input[type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
