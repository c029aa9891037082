"""An exercise in a real browser: chosen, read out on every page, done on the real pages, and its result shown (M-8)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.station import Station, press, running
from tests.e2e.walk import SIZES, judge, tab_through

ROOT = Path(__file__).parents[2]
OFFICERS = ["نسرین پارسا", "بهرام صفایی"]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh", "--exercise") as started:
        yield started


def test_a_head_of_station_practises_and_leaves_a_record(station: Station, page: Page) -> None:
    """She writes her name, takes the day's scenario, opens the station, makes a mistake and gives up; a colleague does
    the power cut's.  Wanted: each page says that nothing is real, the ribbon says what to do and follows, and what was
    not finished leaves no record."""
    page.goto(f"{station.base}/exercise")
    page.fill("[name=person]", "نسرین پارسا")
    page.locator("#scenarios label", has_text="رئیس شعبه").click()
    press(page, "Enter")
    expect(page.locator("[data-fill=where-we-are]")).to_contain_text("گام ۱ از ۴")
    expect(page.locator("[data-fill=step]")).to_contain_text("شعبه را بگشایید")
    page.goto(f"{station.base}/supervisor")
    expect(page.locator("#ribbon")).to_contain_text("شعبه را بگشایید")
    expect(page.locator("body")).to_have_attribute("data-training", "")
    station.post("/api/open", {"officers": OFFICERS})
    expect(page.locator("#ribbon")).to_contain_text("برگهٔ ساعتی")
    station.post("/api/supervisor/incident", {"text": "کسی نخواسته بود"})
    page.goto(f"{station.base}/exercise")
    expect(page.locator("[data-fill=where-we-are]")).to_contain_text("۱ اشتباه")
    page.locator("#stop").click()
    expect(page.locator("#begin")).to_be_visible()
    expect(page.locator("[data-panel=last]")).to_be_hidden()
    page.goto(f"{station.base}/ballot")
    expect(page.locator("#ribbon")).to_be_hidden()


def test_its_page_fits_at_every_size(station: Station, page: Page) -> None:
    """Choosing and under way, at the three sizes; Tab reaches everything."""
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(f"{station.base}/exercise")
        page.wait_for_selector("#scenarios input")
        judge(page, "choose")
    station.post("/api/exercise/begin", {"person": "امید", "scenario": "guide-in-the-booth"})
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#stop")).to_be_visible()
    page.wait_for_selector("#ribbon b")
    judge(page, "under way")
    tab_through(page, "under way")
