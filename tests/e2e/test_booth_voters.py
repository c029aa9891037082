"""Voters in the booth, each by one way alone, and what is on the screen when they go (B-6 to B-12, C-5)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.station import ROOT, Station, at, cast, press, running, scan

from amanat.rules.national_id import synthetic
from amanat.station import public_pages

OFFICERS = ["نسرین پارسا", "بهرام صفایی"]
TO_ASCII = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
SLATES = ROOT / "vectors/slate"
WRITE = """async ({codes, contest}) => {
  const { writeSlate } = await import("/static/js/slate-code.js");
  const { election, contests, gone, places } = await (await fetch("/api/candidates")).json();
  const numbers = contests[contest].filter((row) => codes.includes(row.code)).map((row) => row.number);
  const n = contests[contest].length + gone[contest].length;
  return writeSlate({ election, contest: places[contest], numbers, n });
}"""
COUNT_KEYS = """() => {
  window.pressed = 0;
  document.addEventListener("keydown", () => { window.pressed += 1; }, true);
}"""


def opened(station: Station) -> Station:
    station.post("/api/open", {"officers": OFFICERS, "other_day": True})
    return station


@pytest.fixture(scope="module")
def tehran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Thirty of 3,545 names; tests use it one after another."""
    with running(tmp_path_factory.mktemp("voters") / "station", ROOT / "examples/tehran") as station:
        yield opened(station)


def permit(station: Station, person: int) -> str:
    station.post("/api/desk/issue", {"national_id": synthetic(person)})
    return str(station.last("permit")["qr"])


def to_tray(page: Page, station: Station, slip: str) -> None:
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    scan(page, slip)
    at(page, "tray")
    page.evaluate(COUNT_KEYS)


def thirty(first: int) -> list[str]:
    return [str(code) for code in range(first, first + 30)]


def test_thirty_names_by_code_are_120_keys_and_four(tehran: Station, page: Page) -> None:
    """Nobody presses Enter between codes.  Wanted: 30 names after 120 keys, in the box after at most six more."""
    to_tray(page, tehran, permit(tehran, 10))
    for code in thirty(1001):
        page.keyboard.type(code)
    expect(page.locator("#slots button")).to_have_count(30)
    press(page, "Enter")
    at(page, "review")
    press(page, "Enter")
    at(page, "seal")
    assert page.evaluate("pressed") + 2 <= 126
    cast(page)


def test_a_slate_fills_thirty_slots_in_one_scan(tehran: Station, page: Page) -> None:
    """A list of thirty, prepared at home.  Wanted: scan, Enter, Enter, Enter, Enter, in the box: five acts; it asks
    before it touches names that are there, adds or replaces as told, and a list of another election adds nothing."""
    to_tray(page, tehran, permit(tehran, 11))
    say, slots = page.locator("[data-screen=tray] [data-fill=say]"), page.locator("#slots button")
    slate = page.evaluate(WRITE, {"codes": thirty(1101), "contest": "majlis"})
    other = json.loads((SLATES / "accept-lists.json").read_text(encoding="utf-8"))["cases"][4]["text"]
    scan(page, other)
    expect(say).to_contain_text("انتخابات دیگری")
    expect(slots).to_have_count(0)
    page.keyboard.type("1001")
    scan(page, slate)
    expect(page.locator("#offer")).to_be_visible()
    press(page, "1")
    expect(say).to_have_text("۲۹ نام افزوده شد؛ ۱ نام جا نشد")
    scan(page, slate)
    press(page, "2")
    expect(say).to_have_text("۳۰ نام جای نام‌های پیشین نشست")
    expect(slots).to_have_count(30)
    press(page, "Enter")
    at(page, "review")
    press(page, "Enter")
    at(page, "seal")
    cast(page)


def test_walking_away_leaves_nothing_to_see(tehran: Station, page: Page) -> None:
    """Somebody walks away at the tray, the review, the seal and the opened test.  Wanted: after a minute the curtain
    alone, not one name on it or under it, the desk told; the same card goes on where they were."""
    slip = permit(tehran, 12)
    page.clock.install()
    to_tray(page, tehran, slip)
    page.keyboard.type("1001")
    name = page.locator("#slots .name").inner_text()
    for key, screen in ((None, "tray"), ("Enter", "review"), ("Enter", "seal"), ("*", "opened")):
        if key:
            press(page, key)
        at(page, screen)
        page.clock.fast_forward(61_000)
        at(page, "curtain")
        assert name not in page.inner_text("body")
        expect(page.locator(".curtain")).to_be_visible()
        scan(page, slip)
        at(page, screen)


def test_names_and_code_never_share_a_screen(tehran: Station, page: Page) -> None:
    """B-10.  The whole document is walked at the seal, at the opened test and at the end: no name of the vote stands
    anywhere in it, and before the end no code of a ballot does."""
    to_tray(page, tehran, permit(tehran, 13))
    for code in thirty(1201)[:3]:
        page.keyboard.type(code)
    names = page.locator("#slots .name").all_inner_texts()
    assert len(names) == 3
    press(page, "Enter")
    at(page, "review")
    assert page.locator("[data-fill=receipt]").inner_text() == ""
    press(page, "Enter")
    at(page, "seal")
    assert [name for name in names if name in page.content()] == []
    press(page, "*")
    at(page, "opened")
    assert [name for name in names if name in page.content()] == []
    press(page, "Enter")
    at(page, "tray")
    assert page.locator("#slots .name").all_inner_texts() == names
    press(page, "Enter", "Enter")
    at(page, "seal")
    assert cast(page)
    assert [name for name in names if name in page.content()] == []


def test_size_and_colours_are_the_next_voters_again(tehran: Station, page: Page) -> None:
    """A voter takes the largest text and the dark colours, votes, and goes.  Wanted: the next one finds neither."""
    to_tray(page, tehran, permit(tehran, 14))
    page.click("[data-do=size]")
    page.click("[data-do=size]")
    page.click("[data-do=colours]")
    root = page.locator("html")
    expect(root).to_have_attribute("data-size", "huge")
    expect(root).to_have_attribute("data-colours", "dark")
    page.click("[data-do=leave]")
    page.click("[data-do=leave]")
    at(page, "welcome")
    expect(page.locator("html")).not_to_have_attribute("data-size", "huge")
    expect(page.locator("html")).not_to_have_attribute("data-colours", "dark")


def test_the_page_reads_and_writes_slates_as_the_program_does(tehran: Station, page: Page) -> None:
    """B-11.  The cases of vectors/slate, in the browser: accepted, written the same, or refused."""
    page.goto(f"{tehran.base}/ballot")
    accepted, refused = (
        json.loads((SLATES / name).read_text(encoding="utf-8"))
        for name in ("accept-lists.json", "reject-unreadable.json")
    )
    told = page.evaluate(
        """async ([accepted, refused]) => {
          const { readSlate, writeSlate } = await import("/static/js/slate-code.js");
          const read = (one) => readSlate(one.text, { election: one.election, shapes: { [one.contest]: one } });
          const same = (one) => writeSlate(one) === one.text && String(read(one).numbers) === String(one.numbers);
          return [accepted.cases.map(same), refused.cases.map((one) => readSlate(one.text, refused).fault)];
        }""",
        [accepted, refused],
    )
    assert all(told[0])
    assert set(told[1]) == {"unreadable"}


def test_one_seat_by_number_pad_in_eight_keys(tmp_path: Path, page: Page) -> None:
    """A mouse and a finger do nothing here.  Wanted: four digits and four Enters of the pad, and the vote is cast."""
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh") as station:
        to_tray(page, opened(station), permit(station, 10))
        page.evaluate("document.documentElement.style.pointerEvents = 'none'")
        press(page, *(f"Numpad{digit}" for digit in "1042"))
        press(page, "NumpadEnter")
        at(page, "review")
        press(page, "NumpadEnter")
        at(page, "seal")
        press(page, "NumpadEnter", "NumpadEnter")
        at(page, "done")
        assert page.evaluate("pressed") == 8
        page.goto("about:blank")


def test_a_list_made_at_home_is_taken_in_the_booth(tehran: Station, page: Page, tmp_path: Path) -> None:
    """My slate is opened from a disk, without a network; two names by code and one by letters are chosen, and what its
    QR says is scanned in the booth.  Wanted: three names on the tray; the practice booth votes without any terminal."""
    slate, practice = public_pages.write(tehran.slips.parent / "package", tmp_path)
    page.context.set_offline(True)
    page.goto(practice.as_uri())
    page.click("[data-practice]")
    at(page, "tray")
    page.keyboard.type("1001")
    press(page, "Enter")
    at(page, "review")
    press(page, "Enter")
    at(page, "seal")
    cast(page)
    page.goto(slate.as_uri())
    page.keyboard.type("10011002")
    page.keyboard.type("حسینی 1")
    expect(page.locator("#chosen button")).to_have_count(3)
    expect(page.locator("#qr")).to_have_attribute("src", re.compile("^data:image/gif"))
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    codes = [code.translate(TO_ASCII) for code in page.locator("#chosen .code").all_inner_texts()]
    page.context.set_offline(False)
    to_tray(page, tehran, permit(tehran, 15))
    scan(page, page.evaluate(WRITE, {"codes": codes, "contest": "majlis"}))
    expect(page.locator("#slots button")).to_have_count(3)
