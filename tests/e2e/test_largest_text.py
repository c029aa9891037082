"""The booth in the largest text, 44 px, with thirty namesakes chosen: every name and mark is whole at every size."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.e2e.station import ROOT, Station, at, cast, letters, press, running, scan
from tests.e2e.walk import SIZES, judge

from amanat.rules.national_id import synthetic

FLASH_MS = 1200  # flashes and pulses change colours for a moment


@pytest.fixture(scope="module")
def tehran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with running(tmp_path_factory.mktemp("largest") / "station", ROOT / "examples/tehran") as station:
        station.post("/api/open", {"officers": ["نسرین پارسا", "بهرام صفایی"]})
        yield station


WIDEST = ("حسن محمدی", "حسن موسوی", "حسن اسدی")  # for their number of letters


def namesakes(station: Station) -> list[str]:
    """The codes of thirty: the widest names, and those with the longest marks and names."""
    with urllib.request.urlopen(f"{station.base}/api/candidates", timeout=10) as answer:
        rows = json.load(answer)["contests"]["majlis"]
    rows.sort(key=lambda row: (row["name"] in WIDEST, len(row["mark"]), len(row["name"])), reverse=True)
    return [row["code"] for row in rows[:30]]


def enlarge(page: Page) -> None:
    for _ in range(2):
        page.locator("[data-screen=tray] [data-do=size]").click()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_largest_text_fits_every_screen(page: Page, tehran: Station, size: tuple[int, int]) -> None:
    """A voter asks for the largest text and chooses thirty of whom most have namesakes.  Wanted: thirty slots in sight
    with their marks, hits, review, seal, test and receipt, nothing cut off or scrolled."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    slip = tehran.permit(synthetic(40 + SIZES.index(size)))
    page.goto(f"{tehran.base}/ballot")
    at(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    enlarge(page)
    judge(page, "empty tray")
    page.keyboard.type("".join(namesakes(tehran)))
    page.wait_for_function("document.querySelectorAll('#slots button').length === 30")
    page.wait_for_timeout(FLASH_MS)
    judge(page, "tray")
    letters(page, "KeyP", "KeyS")
    judge(page, "search")
    press(page, "Escape", "Enter")
    at(page, "review")
    judge(page, "review")
    press(page, "Enter")
    at(page, "seal")
    judge(page, "seal")
    press(page, "*")
    at(page, "opened")
    page.wait_for_selector("#opening[src]")
    judge(page, "opened")
    press(page, "Enter", "Enter", "Enter")
    at(page, "seal")
    cast(page)
    page.wait_for_selector("#receipt-qr[src]")
    judge(page, "done")
