"""The screens of a real station, driven by keyboard in a real browser (C-1, C-8, B-6, B-7, B-9, B-10, J-6)."""

import json
import math
import shutil
import statistics
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect
from tests.e2e.station import ROOT, Station, at, cast, check_in, letters, press, running, scan, to_tray

from amanat.rules.national_id import synthetic

MARYAM, REZA, CITIZEN = (synthetic(n) for n in (1, 2, 10))
SIZES = [(1024, 768), (1280, 800), (1920, 1080)]
MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
SCREEN_DIAGONAL_MM = 381  # fifteen inches
TARGET_MM = 12
SECOND_CONTEST = """[[contest]]
id = "experts"
title = { fa = "مجلس خبرگان رهبری", en = "Assembly of Experts" }
seats = 16
max_choices = 16
candidates = "experts.csv"
unit_min = 50
unit_by = "county"
count = "whole"

[stations]"""


def two_contests(folder: Path) -> Path:
    """The Tehran example (30 of 3,545) and beside it 16 of 40 with codes of three digits."""
    shutil.copytree(ROOT / "examples/tehran", folder)
    rows = (ROOT / "examples/damavand-firuzkuh/candidates.csv").read_text(encoding="utf-8").splitlines()[:41]
    (folder / "experts.csv").write_text("\n".join([rows[0], *(row[1:] for row in rows[1:])]) + "\n", encoding="utf-8")
    file = folder / "election.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("[stations]", SECOND_CONTEST), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tehran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """An open station of a constituency with thirty seats; tests use it one after another."""
    with running(tmp_path_factory.mktemp("tehran") / "station", ROOT / "examples/tehran") as station:
        body = json.dumps({"officers": ["نسرین پارسا", "بهرام صفایی"]}).encode()
        request = urllib.request.Request(f"{station.base}/api/open", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()
        yield station


def open_station(page: Page, station: Station) -> None:
    page.goto(f"{station.base}/supervisor")
    page.wait_for_selector("[data-panel=open]:not([hidden])")
    page.keyboard.type("نسرین پارسا")
    press(page, "Tab")
    page.keyboard.type("بهرام صفایی")
    press(page, "Enter")
    page.wait_for_selector("#sheet-qr[src]")


def close_station(page: Page, station: Station) -> None:
    page.goto(f"{station.base}/supervisor")
    page.wait_for_selector("#also button")
    press(page, "F5")
    end_voting(page)
    press(page, "F5", "Enter")
    assert station.status()["state"] == "open"  # one Enter does not close
    press(page, "Enter")
    page.wait_for_selector("#sheet-qr[src]")


def end_voting(page: Page) -> None:
    """Two officers in the panel that is shown; before the legal end with a reason."""
    for name in ("نسرین پارسا", "بهرام صفایی"):
        page.keyboard.type(name)
        press(page, "Tab")
    if page.is_visible("#early"):
        page.keyboard.type("همه آمده‌اند")
    press(page, "Enter")
    page.wait_for_selector("[data-panel=told]:not([hidden])")
    press(page, "Enter")
    expect(page.locator("#also [data-go=close]")).to_be_visible()


def choose_two_and_confirm_blank(page: Page) -> list[str]:
    """Two names in the first contest, none in the second; the names."""
    page.keyboard.type("1001")
    letters(page, "KeyP", "KeyS", "Digit2")  # «حس», then the second of six
    expect(page.locator("#slots button")).to_have_count(2)
    names = page.locator("#slots .name").all_inner_texts()
    press(page, "Enter", "Enter")
    at(page, "review")
    press(page, "Enter")  # not yet: the other contest is empty, and white must be said
    expect(page.locator("[data-fill=review-say]")).to_contain_text("رأی سفید")
    press(page, "Digit0", "Enter")
    at(page, "seal")
    return names


def try_machine(page: Page, names: list[str]) -> None:
    """One test on the seal screen, then the seal screen again."""
    press(page, "*")
    at(page, "opened")
    page.wait_for_selector("#opening[src]")
    assert_absent(page, names)
    press(page, "Enter")
    at(page, "tray")
    assert page.locator("#slots .name").all_inner_texts() == names
    press(page, "Enter", "Enter", "Digit0", "Enter")
    at(page, "seal")


def assert_absent(page: Page, names: list[str]) -> None:
    assert [name for name in names if name in page.content()] == []


def test_maryam_votes_by_keyboard_alone(page: Page, tmp_path: Path) -> None:
    """Two officers open.  Maryam is checked in with eleven keys and refused when she comes again.  In the booth she
    finds names by code and by letters, tries the machine once, goes back to her names, leaves the second contest white,
    and casts.  Wanted: slip 2 and the screen agree on the code, her names are nowhere near it, the counts close."""
    with running(tmp_path / "station", two_contests(tmp_path / "election")) as station:
        open_station(page, station)
        assert station.last("zero")["fields"]["cast"] == "0"
        slip = check_in(page, station, MARYAM)
        expect(page.locator("[data-fill=name]")).to_have_text("غرفهٔ ۱")
        page.keyboard.type(MARYAM)
        page.wait_for_selector("#answer[data-kind=no]")
        expect(page.locator("[data-fill=word]")).to_contain_text("پیش‌تر پذیرش شده: همین شعبه، ")

        to_tray(page, station, slip)
        names = choose_two_and_confirm_blank(page)
        assert_absent(page, names)
        try_machine(page, names)
        code = cast(page)
        assert_absent(page, names)
        assert code == station.last("cast")["fields"]["code"]
        press(page, "Enter")
        at(page, "welcome")
        assert_absent(page, [code])

        close_station(page, station)
        closing = station.last("closing")["fields"]
        counts = {name: closing[name] for name in ("permits", "refused", "prepared", "cast", "tested", "dropped")}
        assert counts == {"permits": "1", "refused": "1", "prepared": "2", "cast": "1", "tested": "1", "dropped": "0"}
        page.goto("about:blank")  # it asks the station every second


def test_a_scanner_works_under_a_persian_keyboard_layout(page: Page, tehran: Station) -> None:
    """C-8.  The layout is Persian, so the reader's keys arrive as Persian letters; only their places count."""
    slip = check_in(page, tehran, CITIZEN)
    page.goto(f"{tehran.base}/ballot")
    at(page, "welcome")
    session = page.context.new_cdp_session(page)
    for symbol in slip:
        _persian_key(session, symbol)
    press(page, "Enter")
    at(page, "tray")


def _persian_key(session: CDPSession, symbol: str) -> None:
    code = f"Digit{symbol}" if symbol.isdigit() else f"Key{symbol}"
    shown = "۰۱۲۳۴۵۶۷۸۹"[int(symbol)] if symbol.isdigit() else "ش"
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "code": code, "key": shown, "text": shown})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", "code": code, "key": shown})


def test_the_tray_never_guesses(page: Page, tehran: Station) -> None:
    """A code of nobody adds nothing and stays selected; a name twice is said; the thirty-first finds no place."""
    to_tray(page, tehran, check_in(page, tehran, synthetic(11)))
    say, slots = page.locator("[data-screen=tray] [data-fill=say]"), page.locator("#slots button")
    page.keyboard.type("9999")
    expect(say).to_have_text("نامزدی با کد ۹۹۹۹ نیست")
    expect(slots).to_have_count(0)
    page.keyboard.type("1001")  # the first digit replaced the refused ones
    expect(slots).to_have_count(1)
    page.keyboard.type("1001")
    expect(say).to_contain_text("پیش‌تر افزوده شده است")
    for code in range(1002, 1031):
        page.keyboard.type(str(code))
    expect(slots).to_have_count(30)
    page.keyboard.type("1031")
    expect(say).to_have_text("۳۰ نام پر است؛ یکی را بردارید")
    press(page, "Backspace", "Backspace")  # the refused digits, then the last name
    expect(slots).to_have_count(29)
    page.locator("#slots button").first.focus()
    press(page, "Delete")
    expect(slots).to_have_count(28)
    scan(page, "AP1" + "0123456789ABCDEF" * 8)  # a stray paper before the reader
    expect(page.locator("#field")).to_have_value("")
    expect(slots).to_have_count(28)
    expect(page.locator("body")).to_have_attribute("data-at", "tray")


def test_an_idle_minute_draws_the_curtain(page: Page, tehran: Station) -> None:
    """Reza walks away.  Wanted: after a minute no name is visible, his card brings his names back, another card begins
    another vote, and his permit is still good."""
    first, second = check_in(page, tehran, REZA), check_in(page, tehran, synthetic(12))
    page.clock.install()
    to_tray(page, tehran, first)
    page.keyboard.type("1001")
    name = page.locator("#slots .name").inner_text()
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    assert not page.get_by_text(name).first.is_visible()
    press(page, "Enter")
    at(page, "curtain")
    scan(page, first)
    at(page, "tray")
    expect(page.locator("#slots .name")).to_have_text(name)
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    scan(page, second)
    at(page, "tray")
    assert name not in page.content()
    to_tray(page, tehran, first)  # the second voter left as well; Reza votes after all
    page.keyboard.type("1001")
    press(page, "Enter", "Enter")
    at(page, "seal")
    code = cast(page)
    page.goto(f"{tehran.base}/ballot")
    scan(page, first)  # a spent card tells its receipt again
    at(page, "done")
    expect(page.locator("[data-fill=receipt]")).to_have_text(code)


def supervise(page: Page, station: Station, key: str) -> None:
    page.goto(f"{station.base}/supervisor")
    page.wait_for_selector("#also button")
    press(page, key)


def test_a_lost_permit_is_replaced(page: Page, tehran: Station) -> None:
    """C-7.  The scanned slip names its serial; a new permit comes out and the old one opens no booth any more."""
    old = check_in(page, tehran, synthetic(14))
    serial = tehran.last("permit")["fields"]["serial"]
    supervise(page, tehran, "F4")
    scan(page, old)
    expect(page.locator("[name=serial]")).to_have_value(serial)
    for name in ("first", "second"):
        page.locator(f"[data-panel=replace] [name={name}]").fill(name)
    press(page, "Enter")
    expect(page.locator("[data-fill=told]")).to_contain_text("تعرفه چاپ شد")
    assert tehran.last("permit")["fields"]["serial"] != serial
    page.goto(f"{tehran.base}/ballot")
    scan(page, old)
    expect(page.locator("[data-screen=welcome] .say")).not_to_be_empty()
    expect(page.locator("body")).to_have_attribute("data-at", "welcome")


def test_two_officers_hear_an_appeal(page: Page, tehran: Station) -> None:
    """C-1.  "Somebody voted as me": two officers saw the document, and a second permit is issued, openly."""
    check_in(page, tehran, synthetic(15))
    before = tehran.status()["counts"]["permits"]
    supervise(page, tehran, "F9")
    press(page, "Digit2")
    for text in (synthetic(15), "نسرین پارسا", "بهرام صفایی"):
        page.keyboard.type(text)
        press(page, "Tab")
    press(page, "Enter")
    expect(page.locator("[data-fill=told]")).to_contain_text("تعرفه چاپ شد")
    assert tehran.status()["counts"]["permits"] == before + 1


def test_journals_leave_on_a_stick(page: Page, tehran: Station, tmp_path: Path) -> None:
    """S-6.  A bundle for headquarters is written; where it cannot be, the page says why in Persian."""
    supervise(page, tehran, "F3")
    page.keyboard.type(str(tmp_path / "S014"))
    press(page, "Enter")
    expect(page.locator("[data-fill=told]")).to_contain_text("پرونده نوشته شد")
    assert (tmp_path / "S014.amanat-usb").stat().st_size > 0
    supervise(page, tehran, "F3")
    page.keyboard.type("/proc/nowhere/S014")
    press(page, "Enter")
    expect(page.locator(".step .say")).not_to_be_empty()


def test_any_of_3545_names_is_a_few_keys_away(page: Page, tehran: Station) -> None:
    """Letters of the given and the family name, then one of the six keys: a median of at most five keys a name."""
    page.goto(f"{tehran.base}/ballot")
    page.evaluate(MEASURES)
    counts = page.evaluate("measures.keysPerName('majlis')")
    assert len(counts) == 3545
    assert statistics.median(counts) <= 5


def test_candidates_stand_in_the_order_of_the_persian_alphabet(page: Page, tehran: Station) -> None:
    """The browser's own collation for Persian agrees with the order in which hits are shown."""
    page.goto(f"{tehran.base}/ballot")
    page.evaluate(MEASURES)
    assert page.evaluate("measures.inAlphabeticalOrder('majlis')")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_fits_and_is_accessible(page: Page, tehran: Station, size: tuple[int, int]) -> None:
    """Nothing is cut off or scrolls, targets measure 12 mm on a 15-inch screen, contrast is 7:1, axe finds nothing."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    slip = check_in(page, tehran, synthetic(20 + SIZES.index(size)))
    judge(page, "told")
    page.goto(f"{tehran.base}/check-in")
    page.wait_for_selector("#answer[data-kind=idle]")
    judge(page, "idle")
    page.goto(f"{tehran.base}/supervisor")
    page.wait_for_selector("#also button")
    for key in ("Escape", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9"):
        press(page, key)
        judge(page, f"supervisor {key}")
    page.goto(f"{tehran.base}/ballot")
    at(page, "welcome")
    judge(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    for code in range(1001, 1031):
        page.keyboard.type(str(code))
    page.wait_for_timeout(1200)  # flashes and pulses change colours for a moment
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


def judge(page: Page, screen: str) -> None:
    size = page.viewport_size
    assert size is not None
    least = TARGET_MM * math.hypot(size["width"], size["height"]) / SCREEN_DIAGONAL_MM
    page.evaluate(MEASURES)
    assert page.evaluate("(least) => measures.tooSmall(least)", least - 0.5) == [], screen
    assert page.evaluate("measures.overlapping()") == [], screen
    assert page.evaluate("measures.cutOff()") == [], screen
    page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("measures.axe()") == [], screen
