"""What axe-core says of a page: WCAG 2.2 A and AA and good practice."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.screenshots import LOOKS, assert_fits, set_look

AXE = Path(__file__).parent / "axe" / "axe.min.js"
# The size of targets is measured only where it is asked for. To load style sheets once more would
# be against the policy of the page.
RUN = """async () => (await axe.run({
    resultTypes: ["violations"], preload: false, rules: {"target-size": {enabled: true}}
})).violations.map(found => ({
    rule: found.id, impact: found.impact, where: found.nodes.map(node => node.target.join(" "))
}))"""
GRAVE = {"serious", "critical"}


@functools.cache
def axe() -> str:
    return AXE.read_text()


def assert_accessible(page: Page) -> None:
    """On a desktop and a phone, light and dark: nothing serious, and no scrolling sideways."""
    page.wait_for_load_state()
    wrong = []
    # It ends as it began: on a desktop, light.
    for look in reversed(LOOKS):
        set_look(page, look)
        assert_fits(page)
        wrong += [(look, *found) for found in _grave(page)]
    assert not wrong, f"{page.url.partition('?')[0]}: {wrong}"


def _grave(page: Page) -> list[tuple[Any, ...]]:
    # By the debugger, which no policy of the page concerns.
    page.evaluate(axe())
    return [
        (found["rule"], found["where"]) for found in page.evaluate(RUN) if found["impact"] in GRAVE
    ]
