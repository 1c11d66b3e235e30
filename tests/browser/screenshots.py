from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tests.browser.small_png import shrunk

DESKTOP = ViewportSize(width=1180, height=800)
PHONE = ViewportSize(width=390, height=844)
# The admin's links take a while to change their colour.
END_TRANSITIONS = """() => {
    const moving = document.getAnimations().filter(each => each instanceof CSSTransition);
    for (const each of moving) each.finish();
}"""
# Behind the name of a picture.
LOOKS = {
    "": (DESKTOP, "light"),
    "-dark": (DESKTOP, "dark"),
    "-phone": (PHONE, "light"),
    "-phone-dark": (PHONE, "dark"),
}


@dataclass(frozen=True)
class Album:
    """suffix: behind each name, ``.png`` or ``.zh.png``. kept: for the pictures of the READMEs.

    Before a picture the caller has awaited something that only this page shows.
    """

    folder: Path
    suffix: str
    kept: Path | None = None

    def take(self, page: Page, name: str) -> None:
        """On a desktop, light. The page must not be wider than the screen."""
        page.wait_for_load_state()
        assert_fits(page)
        self._shoot(page, name)

    def take_both(self, page: Page, name: str) -> None:
        """On a phone too, dark."""
        self.take(page, name)
        set_look(page, other := "-phone-dark")
        assert_fits(page)
        self._shoot(page, name + other)
        set_look(page, "")

    def keep(self, page: Page, name: str) -> None:
        """In each look, for the repository: the page shows neither a link nor a code."""
        if not self.kept:
            self.take_both(page, name)
            return
        page.wait_for_load_state()
        for look in LOOKS:
            set_look(page, look)
            assert_fits(page)
            picture = self.kept / f"{name}{look}{self.suffix}"
            picture.write_bytes(shrunk(page.screenshot(animations="disabled")))
        set_look(page, "")

    def _shoot(self, page: Page, name: str) -> None:
        page.screenshot(path=self.folder / f"{name}{self.suffix}", animations="disabled")


def set_look(page: Page, look: str) -> None:
    size, scheme = LOOKS[look]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.evaluate(END_TRANSITIONS)


def assert_fits(page: Page) -> None:
    """No scrolling sideways."""
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, given = page.evaluate(widths)
    assert needed <= given, f"{page.url.partition('?')[0]} is {needed - given} px too wide"
