"""message_list.js alone: a list that is open all day keeps nothing of what it has shown, and an
answer may come too late."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

SCRIPT = Path(__file__).parents[2] / "mailcenter/static/mailcenter/message_list.js"
ADDRESS = "http://127.0.0.1/list"
PAGE = """<p hidden><input type="checkbox" id="live-switch"><span id="live-stale"></span></p>
<div id="live"><a href="/1/">mail</a></div>"""
# Stands in for the site: each answer differs; and for the admin's own script, which holds on to
# the rows that it was given.
ANSWER = """rows => {
    window.asked = 0;
    window.given = [];
    window.Actions = boxes => given.push(boxes);
    const row = "<tr><td><input type=checkbox class=action-select><td><a href=/1/>mail</a>";
    const table = () => `<table id=result_list><tbody id=n${++asked}>${row.repeat(rows)}</table>`;
    window.fetch = async () => ({ ok: true, text: async () => table() });
}"""
LATE_ANSWER = "() => { window.fetch = () => new Promise(resolve => { window.answer = resolve; }); }"
ROWS = 50
REFRESHES = 40
# A row's elements and texts.
NODES = 6

pytestmark = pytest.mark.needs("Chromium")


def test_it_lets_go_of_the_rows_before(chromium: Browser) -> None:
    page = open_list(chromium)
    page.evaluate(ANSWER, ROWS)
    for number in range(1, REFRESHES + 1):
        page.clock.run_for(5_000)
        expect(page.locator(f"#n{number}")).to_be_attached()
    assert nodes(page) < ROWS * NODES * REFRESHES / 4

    # Whoever ticks a row finds the admin's script at work on the rows that are shown.
    page.locator(".action-select").last.check()
    page.locator(".action-select").first.check()
    assert page.evaluate("given.map(boxes => [boxes.length, boxes[0].isConnected])") == [
        [ROWS, True]
    ]


def test_an_answer_comes_too_late(chromium: Browser) -> None:
    page = open_list(chromium)
    page.evaluate(LATE_ANSWER)
    page.clock.run_for(5_000)
    mail = page.locator("#live a")
    mail.focus()
    page.evaluate("answer({ ok: true, text: async () => 'others' })")
    expect(mail).to_be_focused()


def open_list(chromium: Browser) -> Page:
    page = chromium.new_page()
    page.clock.install()
    page.route(ADDRESS, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto(ADDRESS)
    page.add_script_tag(path=SCRIPT)
    return page


def nodes(page: Page) -> int:
    """How many are in the memory of the page."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("HeapProfiler.collectGarbage")
    return int(debugger.send("Memory.getDOMCounters")["nodes"])
