from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests import components
from tests.browser.running_site import RunningSite
from tests.browser.screenshots import DESKTOP, Album
from tests.site_process import PATIENCE, ROOT

expect.set_options(timeout=PATIENCE * 1000)

# What a browser without a person in front of it must not spend time on.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"en": "en-US", "zh-hans": "zh-CN"}


@pytest.fixture(params=LOCALES)
def language(request: pytest.FixtureRequest) -> str:
    """The site's code of the language that the browser asks for."""
    return request.param


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[Callable[[str], RunningSite]]:
    with ExitStack() as sites:

        def start(by: str) -> RunningSite:
            site = RunningSite(tmp_path / "site", by)
            site.start()
            sites.callback(site.end)
            return site

        yield start


@pytest.fixture
def chromium() -> Iterator[Browser]:
    # For one test only: while Playwright runs, Django takes this thread for asynchronous.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=components.chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser, language: str) -> Iterator[Callable[..., Page]]:
    """One call, one person: cookies of its own. Nothing that a page loads may fail, come from
    elsewhere, be refused by the site's own policy, or be told the address of the page."""
    wrong: list[str] = []

    def judge(response: Response) -> None:
        if urlsplit(response.url).hostname != "127.0.0.1" or response.status >= 400:
            wrong.append(f"{response.status} {urlsplit(response.url)._replace(query='').geturl()}")

    def judge_referer(request: Request) -> None:
        if urlsplit(request.headers.get("referer", "")).path.strip("/"):
            wrong.append(f"{urlsplit(request.url).path} was told where it was asked for")

    def judge_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    def open_one(*, scripts: bool) -> Page:
        context = chromium.new_context(
            locale=LOCALES[language], viewport=DESKTOP, java_script_enabled=scripts
        )
        context.on("response", judge)
        context.on("request", judge_referer)
        context.on("console", judge_console)
        return context.new_page()

    yield open_one
    assert not wrong


@pytest.fixture
def album(tmp_path: Path, language: str) -> Album:
    """With UPDATE_SCREENSHOTS=1 the pictures of the READMEs are taken anew."""
    update = os.environ.get("UPDATE_SCREENSHOTS") == "1"
    return Album(
        folder=tmp_path / "screenshots",
        suffix=".zh.png" if language == "zh-hans" else ".png",
        kept=ROOT / "docs" / "screenshots" if update else None,
    )
