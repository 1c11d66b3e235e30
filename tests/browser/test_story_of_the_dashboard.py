"""`make run` in a browser: an operator reads how the mail fares, and the page follows what happens
without losing the place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.people import Operator
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import PHONE, Album, assert_fits
from tests.site_process import ROOT

PATH = "/admin/mailcenter/"
MADE_UP = 12_000
# Five hours ago: no worker counts that hour again.
FAILURES = """
from django.utils import timezone
from mailcenter.models import Account, CountedHour, Tally
Account.objects.create(slug="second", preset="qq", address="second@qq.com")
hour = CountedHour.objects.order_by("-begins_at")[5]
Tally.objects.create(hour=hour, subject="kind", name="new", event="failed", count=1234)
hour.counted_at = timezone.now()
hour.save()
"""
CHART = """() => {
    const { labels, datasets } = Chart.getChart("chart").data;
    return { labels, counts: datasets.map((each) => each.data.map((count) => count ?? 0)) };
}"""
TABLE = """() => {
    const rows = [...document.getElementById("bars").rows];
    const numbers = (cell) => rows.map((row) => Number(row.cells[cell].dataset.count));
    return {
        labels: rows.map((row) => row.cells[0].textContent), counts: [numbers(1), numbers(2)]
    };
}"""
# What is drawn may lag behind what the style sheet says.
COLOURS = """() => {
    const said = getComputedStyle(document.getElementById("chart"));
    const wanted = ["--good", "--bad"].map((name) => said.getPropertyValue(name).trim());
    const first = (number) => Chart.getChart("chart").getDatasetMeta(number).data[0].options;
    const drawn = [first(0).backgroundColor, first(1).borderColor];
    return drawn.every((each, number) => each.toLowerCase() === wanted[number]) && drawn;
}"""

pytestmark = pytest.mark.needs("Chromium")


def test_the_story_of_the_dashboard(
    start_site: Callable[[str], RunningSite],
    open_browser: Callable[..., Page],
    album: Album,
) -> None:
    site = start_site("link")
    manage(site, "seedmail", f"--rows={MADE_UP}", "--yes")
    operator = Operator(open_browser(scripts=True), site, site.printed("Password"))
    operator.log_in()
    # The way to it is the app's name on the admin's first page.
    operator.page.locator(f"caption a[href='{PATH}']").click()
    read(operator.page, album)
    look_at_a_week(operator.page, album)
    turn_the_theme(operator.page)
    follow(operator.page.context.new_page(), site)
    leave_it_as_it_is(operator.page.context.new_page(), site)

    # An operator needs no JavaScript either.
    plain = Operator(open_browser(scripts=False), site, operator.password)
    plain.log_in()
    read_the_table(plain.page, site, album)


def manage(site: RunningSite, *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True)


def open_page(page: Page, site: RunningSite, query: str = "") -> None:
    page.goto(f"{site.url}{PATH}{query}")
    expect(page.locator("#now .figure").first).to_be_visible()


def chart_of(page: Page) -> Any:
    """What is drawn, which the table says too."""
    page.wait_for_function("() => window.Chart?.getChart('chart') !== undefined")
    drawn = page.evaluate(CHART)
    assert drawn == page.evaluate(TABLE)
    return drawn


def read(page: Page, album: Album) -> None:
    drawn = chart_of(page)
    assert len(drawn["labels"]) == 24
    assert sum(drawn["counts"][0]) > 0
    expect(page.locator("#kinds tr")).not_to_have_count(0)
    expect(page.locator("#funnels li")).not_to_have_count(0)
    expect(page.locator("#replies li")).not_to_have_count(0)
    # So that the whole chart is on the picture.
    page.locator(".overview").evaluate("each => each.scrollIntoView()")
    album.keep(page, "dashboard")
    assert_accessible(page)
    page.locator("details summary").click()
    assert_accessible(page)


def look_at_a_week(page: Page, album: Album) -> None:
    page.locator(".bar a[href='?days=7']").click()
    expect(page.locator(".bar a[aria-current]")).to_have_attribute("href", "?days=7")
    assert 25 <= len(chart_of(page)["labels"]) <= 28
    album.take_both(page, "dashboard-week")


def turn_the_theme(page: Page) -> None:
    """By the system's choice, and by the admin's own switch."""
    light = colours(page)
    page.emulate_media(color_scheme="dark")
    assert set(colours(page)).isdisjoint(light)
    # From "as the system has it" to light.
    page.locator("button.theme-toggle").first.click()
    assert colours(page) == light


def colours(page: Page) -> list[str]:
    """Of the chart, once they are the theme's."""
    found: list[str] = page.wait_for_function(COLOURS).json_value()
    return found


def follow(page: Page, site: RunningSite) -> None:
    """What is read and what is used stays where it is; the rest is brought up to date."""
    page.set_viewport_size(PHONE)
    page.clock.install()
    open_page(page, site)
    before = chart_of(page)
    looked_at = page.locator("#replies-title")
    place = "each => each.getBoundingClientRect().top"
    page.locator("details summary").click()
    used = page.locator("#kinds a").first
    used.focus()
    looked_at.evaluate("each => each.scrollIntoView()")
    top = looked_at.evaluate(place)
    rows = page.locator("#kinds tr").count()
    manage(site, "shell", "-c", FAILURES)
    with page.expect_response(lambda response: "_live=1" in response.url):
        page.clock.run_for(10_000)
    expect(page.locator("#troubles .grave")).to_contain_text("second@qq.com")
    expect(page.locator("#accounts")).to_contain_text("second@qq.com")
    assert abs(looked_at.evaluate(place) - top) <= 1
    after = chart_of(page)
    assert sum(after["counts"][1]) == sum(before["counts"][1]) + 1234
    expect(page.locator("details")).to_have_attribute("open", "")
    expect(used).to_be_focused()
    expect(page.locator("#kinds tr")).to_have_count(rows)
    assert_fits(page)

    used.evaluate("each => each.blur()")
    page.clock.run_for(10_000)
    expect(page.locator("#kinds tr")).to_have_count(rows + 1)


def leave_it_as_it_is(page: Page, site: RunningSite) -> None:
    """Who switches it off is asked no more, on the list of messages neither."""
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, site)
    page.locator("#live-switch").uncheck()
    page.clock.run_for(60_000)
    page.goto(f"{site.url}/admin/mailcenter/message/")
    expect(page.locator("#live-switch")).not_to_be_checked()
    assert not [url for url in asked if "_live" in url]


def read_the_table(page: Page, site: RunningSite, album: Album) -> None:
    open_page(page, site)
    expect(page.locator("canvas")).to_be_hidden()
    expect(page.locator("#live-switch")).to_be_hidden()
    page.locator("details summary").click()
    expect(page.locator("#bars tr")).to_have_count(24)
    expect(page.locator("#bars tr").first).to_be_visible()
    album.take_both(page, "dashboard-plain")
