"""The booth whose reader is broken: nine digits of the card open it, by keyboard, pad, touch or switches (C-14)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.station import ROOT, Station, at, cast, press, running
from tests.e2e.walk import SIZES, judge, tab_through

from amanat.rules.national_id import synthetic

WAIT_MS = 30_000


@contextmanager
def opened(folder: Path) -> Iterator[Station]:
    with running(folder, ROOT / "examples/tehran") as station:
        station.post("/api/open", {"officers": ["نسرین پارسا", "بهرام صفایی"]})
        yield station


@pytest.fixture(scope="module")
def tehran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with opened(tmp_path_factory.mktemp("code") / "station") as station:
        yield station


@pytest.fixture
def guessed(tmp_path: Path) -> Iterator[Station]:
    """A booth of its own: after the guesses it takes no code for a while, whoever comes."""
    with opened(tmp_path / "station") as station:
        yield station


def code_for(station: Station, person: str) -> str:
    """The digits on the slip with which a person leaves the desk."""
    station.permit(person)
    return str(station.last("permit")["fields"]["short_code"]).replace(" ", "")


def welcome(page: Page, station: Station) -> None:
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")


def numpad(page: Page, digits: str) -> None:
    press(page, *(f"Numpad{digit}" for digit in digits))


def test_a_code_opens_the_booth_and_lifts_the_curtain(page: Page, tehran: Station) -> None:
    """The voter types on the pad, with no Enter; goes away for a minute; types again.  Wanted: the tray, the names
    that were there, and a vote in the box."""
    code = code_for(tehran, synthetic(10))
    page.clock.install()
    welcome(page, tehran)
    numpad(page, code[:4])
    expect(page.locator("#slip")).to_have_value(
        "".join("۰۱۲۳۴۵۶۷۸۹"[int(d)] for d in code[:3]) + " " + "۰۱۲۳۴۵۶۷۸۹"[int(code[3])]
    )
    numpad(page, code[4:])
    at(page, "tray")
    page.keyboard.type("1001")
    name = page.locator("#slots .name").inner_text()
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    judge(page, "curtain")
    numpad(page, code)
    at(page, "tray")
    expect(page.locator("#slots .name")).to_have_text(name)
    press(page, "Enter", "Enter")
    at(page, "seal")
    cast(page)
    press(page, "Enter")
    at(page, "welcome")
    numpad(page, code)  # a spent card tells its receipt again
    at(page, "done")


def test_touch_alone_types_a_code(page: Page, tehran: Station) -> None:
    """Every digit is touched; a wrong one is taken back.  Wanted: the tray."""
    code = code_for(tehran, synthetic(11))
    welcome(page, tehran)
    for digit in code[:8] + str((int(code[8]) + 1) % 10):
        page.locator(f"#code-pad [data-digit='{digit}']").click()
    expect(page.locator("[data-fill=welcome]")).to_contain_text("درست نوشته نشده")
    page.locator("#code-pad [data-digit='9']").click()
    page.locator("#code-pad [data-do=erase]").click()
    expect(page.locator("#slip")).to_have_value("")
    for digit in code:
        page.locator(f"#code-pad [data-digit='{digit}']").click()
    at(page, "tray")
    tehran.post("/api/booth/leave", {})


def test_two_switches_type_a_code(page: Page, tehran: Station) -> None:
    """Row, then key.  Wanted: nine digits so, and the tray."""
    code = code_for(tehran, synthetic(12))
    welcome(page, tehran)
    page.wait_for_function("window.booth")
    for digit in code:
        _switch_to(page, f"[data-screen=welcome] [data-digit='{digit}']")
    at(page, "tray")
    tehran.post("/api/booth/leave", {})


def _switch_to(page: Page, selector: str) -> None:
    """Goes on until the switches stand before it, enters a row, and presses it."""
    here = f"document.querySelector(\"{selector}\").classList.contains('scanned')"
    alone = "document.querySelectorAll('.scanned').length === 1"
    for _ in range(12):
        press(page, "F8")
        if page.evaluate(here):
            break
    if not page.evaluate(alone):
        press(page, "F9")
        for _ in range(4):
            if page.evaluate(here):
                break
            press(page, "F8")
    press(page, "F9")


def test_codes_of_nobody_must_wait(page: Page, guessed: Station) -> None:
    """Somebody tries codes.  Wanted: each is refused in a sentence, and after five a wait is asked for."""
    welcome(page, guessed)
    say = page.locator("[data-fill=welcome]")
    for _ in range(5):
        with page.expect_response("**/api/booth/code"):
            numpad(page, "000000000")
        expect(say).to_contain_text("تعرفه‌ای با این کد", timeout=WAIT_MS)
    numpad(page, "000000000")
    expect(say).to_contain_text("ثانیه صبر کنید", timeout=WAIT_MS)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_first_screen_fits(page: Page, tehran: Station, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    welcome(page, tehran)
    page.wait_for_function("document.querySelector('[data-fill=station]').textContent !== ''")
    judge(page, "welcome")
    tab_through(page, "welcome")
