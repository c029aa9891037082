"""A voter who reads English: one button on the first screen, every text of the visit, and Persian for the next."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.station import ROOT, Station, at, cast, letters, press, running, scan
from tests.e2e.walk import SIZES, judge

from amanat.rules.national_id import synthetic

FLASH_MS = 1200  # flashes and pulses change colours for a moment


@pytest.fixture(scope="module")
def tehran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with running(tmp_path_factory.mktemp("english") / "station", ROOT / "examples/tehran") as station:
        station.post("/api/open", {"officers": ["نسرین پارسا", "بهرام صفایی"]})
        yield station


def in_english(page: Page, station: Station) -> None:
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    page.wait_for_function("document.querySelector('[data-fill=station]').textContent !== ''")
    page.click("[data-do=language]")
    expect(page.locator("[data-fill=place]")).to_contain_text("booth")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_in_english(page: Page, tehran: Station, size: tuple[int, int]) -> None:
    """Wanted: no Persian but names, codes and letters of the board, from left to right, nothing cut off; and the next
    voter finds Persian."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    slip = tehran.permit(synthetic(10 + SIZES.index(size)))
    in_english(page, tehran)
    judge(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    page.keyboard.type("".join(str(code) for code in range(1001, 1031)))
    page.wait_for_timeout(FLASH_MS)
    judge(page, "tray")
    letters(page, "KeyP", "KeyS")
    judge(page, "search")
    press(page, "Escape", "Slash")
    page.wait_for_selector("#help[open]")
    expect(page.locator("#help-title")).to_have_text("Help")
    page.click("[data-do=close-help]")
    press(page, "Enter")
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
    press(page, "Enter")
    at(page, "welcome")
    persian(page)


def persian(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("[data-screen=welcome] h2")).to_have_text("کارت تعرفه را جلوی خواننده بگیرید")
    expect(page.locator("#code-pad [data-digit='7']")).to_have_text("۷")


def test_a_refusal_is_in_english_and_sound_brings_persian_back(page: Page, tehran: Station) -> None:
    """A code of nobody is refused in English and the language stays.  In the tray the voter asks for the sound, which
    is Persian: the screen is, too."""
    slip = tehran.permit(synthetic(15))
    in_english(page, tehran)
    press(page, *("Numpad0" for _ in range(9)))
    expect(page.locator("[data-fill=welcome]")).to_contain_text("No permit of this station has this code")
    scan(page, slip)
    at(page, "tray")
    expect(page.locator(".actions [data-do=undo]")).to_have_text("Undo")
    page.click("[data-screen=tray] [data-do=sound]")
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator(".actions [data-do=undo]")).to_have_text("برداشتن آخرین")
    tehran.post("/api/booth/leave", {})


def test_the_language_goes_with_the_voter(page: Page, tehran: Station) -> None:
    """Who asked for English and went away, or whose vote another card takes over, leaves Persian to the next."""
    first, second = (tehran.permit(synthetic(person)) for person in (16, 17))
    page.clock.install()
    in_english(page, tehran)
    page.clock.fast_forward(61_000)
    persian(page)
    page.click("[data-do=language]")
    scan(page, first)
    at(page, "tray")
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    expect(page.locator("[data-screen=curtain] h2")).to_have_text("The curtain is drawn")
    scan(page, second)
    at(page, "tray")
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator(".actions [data-do=undo]")).to_have_text("برداشتن آخرین")
    tehran.post("/api/booth/leave", {})
