"""What every screen must be, measured in the page itself: whoever tests a page walks its screens with this."""

import math
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
SIZES = ((1024, 768), (1280, 800), (1920, 1080))
COLOURS_AT = (1280, 800)  # colours, names and roles are the same at every size
TARGET_MM, SCREEN_DIAGONAL_MM = 12, 15 * 25.4


def judge(page: Page, screen: str) -> None:
    """Nothing cut off, overlapping or scrolled; targets of 12 mm on a 15-inch screen; Persian digits; contrast of 7:1
    and nothing that axe finds."""
    size = page.viewport_size
    assert size is not None
    least = TARGET_MM * math.hypot(size["width"], size["height"]) / SCREEN_DIAGONAL_MM
    page.evaluate(MEASURES)
    checks = ["overlapping()", "cutOff()", "cutWords()", f"tooSmall({least - 0.5})"]
    checks.append("persian()" if page.evaluate("document.documentElement.lang") == "en" else "asciiDigits()")
    if (size["width"], size["height"]) == COLOURS_AT:
        page.evaluate(AXE)
        checks.append("axe()")
    for check in checks:
        found = page.evaluate(f"measures.{check}")
        assert found == [], f"{screen}: {check} {found}"


def tab_through(page: Page, screen: str) -> None:
    """Tab stops at everything that can be pressed, in the order in which it stands."""
    page.evaluate(MEASURES)
    stops = page.evaluate("measures.stops()")
    page.evaluate("document.activeElement?.blur()")
    seen: list[int] = []
    for _ in stops:
        page.keyboard.press("Tab")
        stop = page.evaluate("measures.stop()")
        if stop is None:  # after the last the focus is the browser's for a moment
            page.keyboard.press("Tab")
            stop = page.evaluate("measures.stop()")
        assert stop is not None, f"{screen}: the focus left after {seen}"
        seen.append(int(stop))
    first = stops.index(seen[0])
    assert seen == stops[first:] + stops[:first], screen
