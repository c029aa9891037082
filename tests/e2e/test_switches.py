"""A voter with two switches and no other key, in a real browser (B-6, B-7)."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.station import ROOT, Station, at, running, scan

from amanat.rules.national_id import synthetic

NEXT, SELECT = "F8", "F9"
STEPS_MAX = 60


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """An open station with one seat and 153 names."""
    folder = tmp_path_factory.mktemp("switches")
    with running(folder / "station", ROOT / "examples/damavand-firuzkuh") as station:
        station.post("/api/open", {"officers": ["نسرین پارسا", "بهرام صفایی"]})
        yield station


def go_to(page: Page, selector: str, pressed: Iterator[int], *, next_key: str = NEXT) -> None:
    """Presses the first switch until what is outlined is, or holds, the thing that is wanted."""
    for _ in range(STEPS_MAX):
        if page.locator(f".scanned{selector}").count():
            return
        page.keyboard.press(next_key)
        next(pressed)
    raise AssertionError(f"{selector} is not reached")


def choose(page: Page, selector: str, pressed: Iterator[int], keys: tuple[str, str] = (NEXT, SELECT)) -> None:
    """Reaches a thing, by its row if it has one, and presses it."""
    go_to(page, selector, pressed, next_key=keys[0])
    while page.locator(".scanned").count() > 1:
        page.keyboard.press(keys[1])
        next(pressed)
        go_to(page, selector, pressed, next_key=keys[0])
        while not page.locator(f".scanned{selector}").count() or page.locator(".scanned").count() > 1:
            page.keyboard.press(keys[0])
            next(pressed)
    page.keyboard.press(keys[1])
    next(pressed)


def test_a_whole_vote_with_two_switches(page: Page, station: Station) -> None:
    """From the permit to the tick with two keys: a code by rows of the board, review, seal, cast.  Wanted: what will be
    pressed is always outlined and in the focus, and the next voter begins without switches."""
    slip = station.permit(synthetic(10))
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    pressed = itertools.count(1)
    page.keyboard.press(NEXT)
    for digit in "1001":
        choose(page, f"[data-digit='{digit}']", pressed)
    expect(page.locator("#slots button")).to_have_count(1)
    choose(page, "[data-do=review]", pressed)
    at(page, "review")
    choose(page, "[data-do=seal]", pressed)
    at(page, "seal")
    choose(page, "[data-do=cast]", pressed)
    expect(page.locator("[data-do=cast].scanned")).to_be_focused()
    page.keyboard.press(SELECT)
    at(page, "done")
    assert station.status()["counts"]["cast"] == 1
    assert next(pressed) < 90
    page.clock.install()
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    page.keyboard.press("Space")
    expect(page.locator(".scanned")).to_have_count(0)


def test_letters_and_hits_with_space_and_enter(page: Page, station: Station) -> None:
    """Once a switch began it, Space and Enter scan too: letters dimmed as impossible are passed over, a hit is picked,
    help opens and closes, and a card before the reader is still a card."""
    slip = station.permit(synthetic(11))
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    page.keyboard.press(NEXT)
    scan(page, slip)
    at(page, "tray")
    pressed, keys = itertools.count(1), ("Space", "Enter")
    choose(page, "[data-board=letters]", pressed, keys)
    for letter in "عل":
        choose(page, f"[data-letter='{letter}']", pressed, keys)
    choose(page, "[data-hit='2']", pressed, keys)
    expect(page.locator("#slots button")).to_have_count(1)
    choose(page, "[data-do=help]", pressed, keys)
    choose(page, "[data-do=close-help]", pressed, keys)
    expect(page.locator("#help")).not_to_be_visible()
    choose(page, "[data-do=review]", pressed, keys)
    at(page, "review")


def test_another_pair_of_keys(page: Page, station: Station) -> None:
    """The terminal's settings name the keys of the switches: here 1 and 2 of the pad."""
    page.route("**/ballot", lambda route: _with_keys(route, "Numpad1", "Numpad2"))
    slip = station.permit(synthetic(12))
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    choose(page, "[data-do=help]", itertools.count(1), ("Numpad1", "Numpad2"))
    expect(page.locator("#help")).to_be_visible()


def _with_keys(route: Route, forward: str, select: str) -> None:
    """The page as another terminal.toml makes it."""
    answer = route.fetch()
    usual = 'data-switch-next="F8 Space" data-switch-select="F9 Enter"'
    assert usual in answer.text()
    route.fulfill(
        response=answer,
        body=answer.text().replace(usual, f'data-switch-next="{forward}" data-switch-select="{select}"'),
    )
