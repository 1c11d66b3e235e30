"""waiting.js alone: how often it asks, when it stops, how it writes a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_story_of_a_wrong_address import LONDON, in_time_zone

SCRIPT = Path(__file__).parents[2] / "project/static/site/waiting.js"
PAGE = """<html lang="en"><div id="mail-status" data-url="/status/"><p {final}>
<time datetime="2026-01-02T00:05:00+00:00"></time></p></div>
<p class="junk" data-shown-in="0">Look there too.</p>"""
# Stands in for the site.
ANSWER = """words => {
    window.asked = 0;
    window.fetch = async () => { window.asked++; return { ok: true, text: async () => words }; };
}"""
HOUR = 60 * 60

pytestmark = pytest.mark.needs("Chromium")


def test_midnight_is_00(open_browser: Callable[..., Page]) -> None:
    page = open_page(open_browser, final="data-final")
    expect(page.locator("time")).to_have_text("00:05")


def test_it_asks_less_and_less_often(open_browser: Callable[..., Page]) -> None:
    page = open_page(open_browser, answer="<p>waiting</p>")
    assert asked(page, 10) in range(3, 6)
    assert asked(page, HOUR) < 150


@pytest.mark.parametrize(("answer", "times"), [("", 1), ("<p data-final>sent</p>", 1)])
def test_it_stops(open_browser: Callable[..., Page], answer: str, times: int) -> None:
    page = open_page(open_browser, answer=answer)
    assert asked(page, HOUR) == times


def test_what_is_final_is_not_asked_about(open_browser: Callable[..., Page]) -> None:
    page = open_page(open_browser, final="data-final", answer="<p>waiting</p>")
    assert asked(page, HOUR) == 0


def open_page(open_browser: Callable[..., Page], *, final: str = "", answer: str = "") -> Page:
    page = open_browser(scripts=True)
    page.clock.install()
    in_time_zone(page, LONDON)
    page.set_content(PAGE.format(final=final))
    page.evaluate(ANSWER, answer)
    page.add_script_tag(path=SCRIPT)
    return page


def asked(page: Page, seconds: int) -> int:
    """How often, once so much time has gone by."""
    for _second in range(seconds // 10):
        # In steps: an answer is waited for in between.
        page.clock.run_for(10_000)
    return int(page.evaluate("asked"))
