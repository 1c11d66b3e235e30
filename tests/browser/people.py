"""What a visitor and an operator do, each in a browser of their own.

Elements are found by their names and addresses, which are the same in each language.
"""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.running_site import RunningSite
from tests.site_process import until

PASSWORD = "correct-horse-7"
NEW_PASSWORD = "battery-staple-8"
CODE = re.compile(r"^ {4}(\S+)$", re.MULTILINE)


class Visitor:
    def __init__(self, page: Page, site: RunningSite, address: str) -> None:
        self.page = page
        self.site = site
        self.address = address

    def fill_in_sign_up(self) -> None:
        self.page.goto(f"{self.site.url}/")
        self.page.locator("nav a[href='/accounts/signup/']").click()
        self.page.locator("[name=email]").fill(self.address)
        self.enter_passwords()

    def enter_passwords(self) -> None:
        self.page.locator("[name=password1]").fill(PASSWORD)
        self.page.locator("[name=password2]").fill(PASSWORD)

    def submit(self) -> None:
        # A button beside a field may belong to another form.
        self.page.locator("main form button:not([form])").first.click()

    def confirm(self, link: str) -> None:
        """By the link of the mail that verifies the address."""
        self.page.goto(link)
        self.submit()
        expect(self.page).to_have_url(f"{self.site.url}/accounts/login/")

    def log_out(self) -> None:
        self.page.locator("form[action='/accounts/logout/'] button").click()
        expect(self.page.locator("nav a[href='/accounts/login/']")).to_be_visible()

    def log_in(self, password: str) -> None:
        self.page.goto(f"{self.site.url}/accounts/login/")
        self.page.locator("[name=login]").fill(self.address)
        self.page.locator("[name=password]").fill(password)
        self.submit()

    def ask_for_a_reset(self) -> None:
        self.page.goto(f"{self.site.url}/accounts/login/")
        self.page.locator("main a[href='/accounts/password/reset/']").click()
        self.page.locator("[name=email]").fill(self.address)
        self.submit()

    def fill_in_new_password(self) -> None:
        self.page.locator("[name=password1]").fill(NEW_PASSWORD)
        self.page.locator("[name=password2]").fill(NEW_PASSWORD)

    def submit_new_password(self) -> None:
        self.submit()
        expect(self.page).to_have_url(re.compile("/accounts/password/reset/(key/)?done/$"))

    def expect_profile(self) -> None:
        """Logged in, and the address is verified."""
        expect(self.page).to_have_url(f"{self.site.url}/profile/")
        expect(self.page.locator("main")).to_contain_text(self.address)
        expect(self.page.locator("main .badge.good")).to_be_visible()


class Inbox:
    """The practice inbox, in a tab of its own."""

    def __init__(self, page: Page, site: RunningSite) -> None:
        self.page = page
        self.site = site

    def await_mails(self, address: str, count: int) -> Locator:
        """The list of the mails to ``address``, newest first, once there are so many."""
        # By the printed address, as a newcomer would.
        self.page.goto(self.site.printed("Inbox"))
        expect(self.page).to_have_url(f"{self.site.url}/practice/")
        mails = self.page.locator(".mails a").filter(has_text=address)

        def arrived() -> bool:
            self.page.reload()
            return mails.count() >= count

        until(arrived)
        expect(mails).to_have_count(count)
        return mails

    def open_newest(self, address: str, count: int) -> None:
        self.await_mails(address, count).first.click()
        expect(self.page.locator(".facts")).to_contain_text(address)

    def link(self) -> str:
        """Where the link in the open mail leads."""
        found = self.page.locator(".letter-text a[href*='/accounts/']").get_attribute("href")
        assert found
        return found

    def code(self) -> str:
        found = CODE.search(self.page.locator(".letter-text").inner_text())
        assert found
        return found[1]


class Operator:
    def __init__(self, page: Page, site: RunningSite, password: str) -> None:
        self.page = page
        self.site = site
        self.password = password

    def log_in(self) -> None:
        """The admin's door is the site's own."""
        self.page.goto(f"{self.site.url}/admin/")
        expect(self.page).to_have_url(re.compile("/accounts/login/"))
        self.page.locator("[name=login]").fill("operator@practice.test")
        self.page.locator("[name=password]").fill(self.password)
        self.page.locator("main form button").click()
        expect(self.page).to_have_url(f"{self.site.url}/admin/")

    def open_list(self, of: str) -> Locator:
        """of: "message" or "attempt". Returns its rows."""
        self.page.goto(f"{self.site.url}/admin/mailcenter/{of}/")
        return self.page.locator("#result_list tbody tr")

    def await_row(self, *texts: str) -> Locator:
        """The message whose row shows all of the texts, once there is one."""
        rows = self.open_list("message")
        for text in texts:
            rows = rows.filter(has_text=text)

        def shown() -> bool:
            self.page.reload()
            return rows.count() > 0

        until(shown)
        expect(rows).to_have_count(1)
        return rows

    def open_message(self, row: Locator) -> None:
        row.locator("th a").first.click()
        expect(self.page.locator("#summary")).to_be_visible()

    def open_tab(self, name: str) -> None:
        """Of a message's page."""
        self.page.locator(f".tabs a[href='#{name}']").click()
        expect(self.page.locator(f"#{name}")).to_be_visible()

    def press(self, act: str) -> None:
        """Open the page that asks before it acts."""
        self.page.locator(f".acts a[href$='/{act}/']").click()
        expect(self.page).to_have_url(re.compile(f"/{act}/$"))

    def open_account(self, slug: str) -> None:
        self.page.goto(f"{self.site.url}/admin/mailcenter/account/{slug}/change/")
        expect(self.page.locator("form[action$='/doctor/']")).to_be_visible()

    def examine(self, slug: str, recipient: str = "") -> None:
        """Wait until the doctor has looked at all of it."""
        self.open_account(slug)
        form = self.page.locator("form[action$='/doctor/']")
        form.locator("[name=recipient]").fill(recipient)
        form.locator("input[type=submit]").click()
        expect(self.page.locator(".result")).to_be_visible()
