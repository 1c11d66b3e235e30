"""docs/screenshots: each page is there in each language and look, and its README shows them."""

from __future__ import annotations

import re

from tests.browser.screenshots import LOOKS
from tests.site_process import ROOT

FOLDER = ROOT / "docs" / "screenshots"


def test_the_page_of_pictures_shows_each_of_them() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    pages = re.findall(r'<h2 id="([^"]+)"', page)
    shown = re.findall(r'src="([^"]+)"', page)
    kept = [picture.name for picture in FOLDER.glob("*.png")]
    expected = [
        f"{name}{look}{end}" for name in pages for look in LOOKS for end in (".png", ".zh.png")
    ]
    assert sorted(shown) == sorted(kept) == sorted(expected)
