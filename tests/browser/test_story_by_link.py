"""`make run` in a browser: sign up, verify and reset by link, read a failure, resend it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from django.utils import translation
from playwright.sync_api import Page, expect

from mailcenter.replies import CATALOG
from tests.browser.accessibility import assert_accessible
from tests.browser.people import NEW_PASSWORD, PASSWORD, Inbox, Operator, Visitor
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import Album
from tests.site_process import until

YOU = "you@practice.test"
REFUSED_ONCE = "550-once-mailbox-not-found@practice.test"

pytestmark = pytest.mark.needs("Chromium")


def test_the_whole_story_by_link(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
    language: str,
) -> None:
    site = start_site("link")
    # A visitor needs no JavaScript.
    visitor = Visitor(open_browser(scripts=False), site, YOU)
    inbox = Inbox(visitor.page.context.new_page(), site)
    secrets = [sign_up_and_verify(visitor, inbox, album, language)]
    secrets.append(reset(visitor, inbox, album))

    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    operator.log_in()
    see_what_was_sent(operator, album, secrets)

    refused = Visitor(open_browser(scripts=False), site, REFUSED_ONCE)
    refused.fill_in_sign_up()
    refused.submit()
    read_why_it_failed(operator, album, language)
    resend(operator, album)
    inbox.open_newest(REFUSED_ONCE, 1)
    refused.confirm(inbox.link())
    refused.log_in(PASSWORD)
    refused.expect_profile()

    attempts = operator.open_list("attempt")
    expect(attempts.filter(has_text="550")).to_have_count(1)
    expect(attempts.filter(has_text="250")).to_have_count(attempts.count() - 1)
    album.take(operator.page, "attempts")
    stop_and_start_again(site, visitor, attempts.count(), operator)


def sign_up_and_verify(visitor: Visitor, inbox: Inbox, album: Album, language: str) -> str:
    page = visitor.page
    page.goto(f"{visitor.site.url}/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    album.keep(page, "home")
    visitor.fill_in_sign_up()
    album.take_both(page, "sign-up")
    visitor.submit()
    expect(page).to_have_url(f"{visitor.site.url}/accounts/confirm-email/")
    expect(page.locator("main")).to_contain_text(YOU)

    inbox.await_mails(YOU, 1)
    album.take(inbox.page, "inbox")
    inbox.open_newest(YOU, 1)
    album.take(inbox.page, "mail")
    link = inbox.link()
    inbox.page.locator(".letter-text a[href*='/accounts/']").click()
    button = inbox.page.locator("main form button")
    expect(button).to_be_visible()
    expect(inbox.page.locator("main")).to_contain_text(YOU)
    album.take(inbox.page, "confirm")
    button.click()
    expect(inbox.page).to_have_url(f"{visitor.site.url}/accounts/login/")
    expect(inbox.page.locator("[role=status]")).to_contain_text(YOU)
    album.take(inbox.page, "confirmed")
    visitor.log_in(PASSWORD)
    visitor.expect_profile()
    album.take(page, "profile")
    return link


def reset(visitor: Visitor, inbox: Inbox, album: Album) -> str:
    visitor.log_out()
    visitor.ask_for_a_reset()
    expect(visitor.page).to_have_url(f"{visitor.site.url}/accounts/password/reset/done/")
    inbox.open_newest(YOU, 2)
    link = inbox.link()
    visitor.page.goto(link)
    assert visitor.page.url != link, "the key must leave the address bar"
    visitor.fill_in_new_password()
    album.take(visitor.page, "reset")
    visitor.submit_new_password()
    visitor.log_in(NEW_PASSWORD)
    visitor.expect_profile()
    inbox.await_mails(YOU, 3)  # the last one says that the password was changed
    return link


def see_what_was_sent(operator: Operator, album: Album, secrets: list[str]) -> None:
    rows = operator.open_list("message")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="250").filter(has_text=YOU)).to_have_count(3)
    expect(rows.locator(".chip-good")).to_have_count(3)
    # The oldest one: the verification.
    operator.open_message(rows.last)
    operator.open_tab("attempts")
    tries = operator.page.locator(".tries > li")
    expect(tries).to_have_count(1)
    expect(tries.locator(".reply")).to_contain_text("250 OK: queued as.")
    dialogue = tries.locator("details tbody")
    expect(dialogue).to_be_hidden()
    tries.locator("summary").click()
    expect(dialogue).to_contain_text("End data with")
    album.take(operator.page, "message-sent")
    for secret in secrets:
        assert secret not in operator.page.content()


def read_why_it_failed(operator: Operator, album: Album, language: str) -> None:
    operator.open_message(operator.await_row(REFUSED_ONCE, "550"))
    with translation.override(language):
        entry = CATALOG["mailbox-not-found"]
        cause, cure = str(entry.cause), str(entry.cure)
    advice = operator.page.locator(".advice")
    expect(advice).to_contain_text(cause)
    expect(advice).to_contain_text(cure)
    expect(operator.page.locator(".tries .reply")).to_contain_text("550 Mailbox not found")
    assert_accessible(operator.page)
    album.keep(operator.page, "message")


def resend(operator: Operator, album: Album) -> None:
    page = operator.page
    failed = page.url
    operator.press("resend")
    album.take(page, "resend")
    page.locator(".mailcenter form input[type=submit]").click()
    page.wait_for_url(lambda url: url != failed and url.endswith("/change/"))
    older = page.locator(".mailcenter section a", has_text="#")
    expect(older).to_have_attribute("href", failed.removeprefix(operator.site.url))

    def accepted() -> bool:
        page.reload()
        return page.locator(".tries .reply", has_text="250 OK: queued as.").count() == 1

    until(accepted)
    album.take(page, "message-resent")


def stop_and_start_again(
    site: RunningSite, visitor: Visitor, attempts: int, operator: Operator
) -> None:
    assert site.interrupt() == 0, site.said()
    assert site.is_silent()
    for port in (site.port, site.mail_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))

    site.start()
    assert not site.printed("Password"), "the operator keeps the password"
    visitor.page.goto(f"{site.url}/profile/")
    visitor.expect_profile()
    expect(operator.open_list("attempt")).to_have_count(attempts)
