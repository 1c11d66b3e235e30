"""Each built-in mail as a telephone and a desktop show it, in the light and in the dark.

With UPDATE_SCREENSHOTS=1 the pictures of docs/screenshots/mails are taken anew.
"""

from __future__ import annotations

import os
import re
from typing import Literal

import pytest
from django.utils import translation
from playwright.sync_api import Browser, Page, ViewportSize

from mailcenter import kinds
from mailcenter.rendering import compose, contracts, preview
from mailcenter.templating import Parts
from tests.browser.screenshots import assert_fits
from tests.browser.small_png import shrunk
from tests.site_process import ROOT

FOLDER = ROOT / "docs" / "screenshots" / "mails"
WIDTHS = {"phone": 375, "desktop": 720}
# What a finger hits (pixels), and what tired eyes read (WCAG 2.2, 1.4.3).
FINGER = 44
CONTRAST = 4.5

# What somebody writes who doesn't think of tables.
PLAIN_WORDS = """\
<h1>Your code</h1><h2>It opens one door</h2>
<p>Read <a href="{{ site_url }}">what to do</a>:</p><ul><li>enter it</li></ul>
<div class="code">{{ code }}</div>
<p class="action"><a class="button" href="{{ site_url }}">Go on</a></p>
"""

# Texts that are seen, with the contrast to the ground behind them.
CONTRASTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => numbers(colour).slice(0, 3).reduce((sum, channel, at) => {
    const share = channel / 255;
    const linear = share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][at];
  }, 0);
  const ground = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return numbers(colour)[3] === 0 ? ground(element.parentElement) : colour;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const pair = [light(getComputedStyle(element).color), light(ground(element))];
    found.push([text, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)]);
  }
  return found;
}"""

pytestmark = [pytest.mark.needs("Chromium"), pytest.mark.django_db]


@pytest.fixture
def mails(language: str, settings) -> dict[str, str]:
    """ "<kind>-<case>" -> HTML, on a site that stands for any."""
    settings.MAILCENTER = {**settings.MAILCENTER, "SITE_URL": "https://shop.example"}
    written = {}
    for kind in kinds.with_templates():
        for case in kind.contract.cases:
            # Codes and links live for different times.
            by_code = "code" in case.variables
            settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = by_code
            settings.ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = by_code
            with translation.override(language):
                values = kind.contract.samples(case)
            mail = compose(kind.slug, language, values)
            written[f"{kind.slug}-{case.slug}"] = mail.real.html
    return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", WIDTHS)
def test_each_mail_fits_and_is_easy_to_read(
    mails: dict[str, str],
    chromium: Browser,
    language: str,
    screen: str,
    scheme: Literal["light", "dark"],
) -> None:
    viewport = ViewportSize(width=WIDTHS[screen], height=300)
    page = chromium.new_context(viewport=viewport, color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    grounds = set()
    for name, html in mails.items():
        page.set_content(html)
        assert_fits(page)
        assert_legible(page, name)
        assert_one_clear_action(page, name)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        if os.environ.get("UPDATE_SCREENSHOTS") == "1":
            picture = FOLDER / f"{name}.{language}.{screen}.{scheme}.png"
            picture.write_bytes(shrunk(page.screenshot(full_page=True)))
    assert not asked
    assert grounds == {"rgb(238, 240, 243)" if scheme == "light" else "rgb(18, 23, 29)"}


@pytest.fixture
def plain_mail() -> str:
    words = Parts("Your code", "{{ code }}", PLAIN_WORDS)
    (case,) = contracts.of("login_code").cases
    return preview.unsaved("login_code", "en", words, case).real.html


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plain_words_are_as_easy_to_read(
    plain_mail: str, chromium: Browser, scheme: Literal["light", "dark"]
) -> None:
    viewport = ViewportSize(width=WIDTHS["phone"], height=300)
    page = chromium.new_context(viewport=viewport, color_scheme=scheme).new_page()
    page.set_content(plain_mail)
    assert_fits(page)
    assert_legible(page, "plain")
    for action in page.locator(".code, .button").all():
        box = action.bounding_box()
        assert box
        assert box["height"] >= FINGER


def assert_legible(page: Page, name: str) -> None:
    texts = page.evaluate(CONTRASTS)
    assert texts
    assert not [(name, text) for text, contrast in texts if contrast < CONTRAST]


def assert_one_clear_action(page: Page, name: str) -> None:
    actions = page.locator(".code, .button")
    assert actions.count() == 1, name
    box = actions.bounding_box()
    assert box
    assert box["height"] >= FINGER
    # It is seen without scrolling far.
    assert box["y"] < 500


def test_the_page_of_pictures_shows_each_of_them(mails: dict[str, str]) -> None:
    shown = set(re.findall(r'src="([^"]+)"', (FOLDER / "README.md").read_text("utf-8")))
    assert shown == {
        f"{name}.{code}.{screen}.{scheme}.png"
        for name in mails
        for code in ("en", "zh-hans")
        for screen in WIDTHS
        for scheme in ("light", "dark")
    }
    assert shown == {picture.name for picture in FOLDER.glob("*.png")}
