from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

DESKTOP = ViewportSize(width=1180, height=800)
PHONE = ViewportSize(width=390, height=844)

# No picture in the repository shows a link or a code.
KEPT = {
    "home",
    "home-phone",
    "sign-up",
    "check-mail",
    "messages",
    "message",
    "message-phone",
    "resend",
}


@dataclass(frozen=True)
class Album:
    """suffix: behind each name, ``.png`` or ``.zh.png``. kept: for the pictures of the READMEs."""

    folder: Path
    suffix: str
    kept: Path | None = None

    def take(self, page: Page, name: str) -> None:
        """On a desktop, light. The page must not be wider than the screen.

        The caller has awaited something that only this page shows.
        """
        page.wait_for_load_state()
        assert_fits(page)
        self._shoot(page, name)

    def take_both(self, page: Page, name: str) -> None:
        """On a phone too, dark."""
        self.take(page, name)
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="dark")
        assert_fits(page)
        self._shoot(page, f"{name}-phone")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)

    def _shoot(self, page: Page, name: str) -> None:
        folder = self.kept if self.kept and name in KEPT else self.folder
        page.screenshot(path=folder / f"{name}{self.suffix}", animations="disabled")


def assert_fits(page: Page) -> None:
    """No scrolling sideways."""
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, given = page.evaluate(widths)
    assert needed <= given, f"{page.url.partition('?')[0]} is {needed - given} px too wide"
