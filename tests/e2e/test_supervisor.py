"""A supervisor's whole day by keys alone, in a real browser: done, refused, shown (J-9, J-10)."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.station import ROOT, Station, press, running, scan
from tests.e2e.test_booth_and_desk import end_voting, judge, open_station

from amanat.records import extension
from amanat.records.extension import GOVERNOR, ExtensionOrder
from amanat.rules.national_id import synthetic

OFFICERS = ("نسرین پارسا", "بهرام صفایی")
SIZES = [(1024, 768), (1280, 800), (1920, 1080)]
HOUR = 3_600_000
expect.set_options(timeout=30_000)  # the machine may be loaded


def battery(folder: Path, *, online: bool, percent: int) -> None:
    for name, files in {
        "AC": {"type": "Mains", "online": str(int(online))},
        "BAT0": {"type": "Battery", "capacity": str(percent), "status": "Discharging"},
    }.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / name / file).write_text(text, encoding="ascii")


def day(station: Station) -> dict:  # type: ignore[type-arg]
    with urllib.request.urlopen(f"{station.base}/api/day", timeout=10) as answer:
        return json.load(answer)


def check_in(station: Station, person: str) -> str:
    """A permit by the desk's buttons; its slip."""
    station.post("/api/desk/look", {"national_id": person})
    station.post("/api/desk/issue", {"national_id": person, "document": 0})
    return str(station.last("permit")["qr"])


def order(station: Station, *, number: int, hours: int) -> str:
    """What the governor's key of `tools/one_station.py` signs."""
    status = station.status()
    base = status["legal_end_ms"]
    made = ExtensionOrder(number, (), base + hours * HOUR, base)
    seeds = {GOVERNOR: b"o" * 32}
    return extension.make(made, eh=bytes.fromhex(status["election_hash"]), seeds=seeds).slip()


def told(page: Page, words: str) -> None:
    """The page said so; back to the next step."""
    expect(page.locator("[data-panel=told]:not([hidden]) [data-fill=told]")).to_contain_text(words)
    press(page, "Enter")


def title(page: Page, words: str) -> None:
    expect(page.locator("[data-panel=running]:not([hidden]) [data-fill=step-title]")).to_contain_text(words)


def officers(page: Page) -> None:
    for name in OFFICERS:
        page.keyboard.type(name)
        press(page, "Tab")


@pytest.fixture
def evening(tmp_path: Path, page: Page) -> Iterator[Station]:
    """A station whose legal end is over, on mains with a battery; the page leaves it before it stops."""
    battery(tmp_path / "power", online=True, percent=90)
    options = ("--closes", "00:00", "--power", str(tmp_path / "power"))
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh", *options) as station:
        yield station
        page.goto("about:blank")


def test_a_whole_day_by_keys_alone(page: Page, evening: Station, tmp_path: Path) -> None:
    """Two officers open before witnesses.  A pause, an incident, the plug, the end, an order of extension that opens it
    again, paper that is miscounted, and a closing with one permit open.  Wanted: every step by keys, each refusal in
    words on the page, and a closing sheet whose equations stand explained."""
    open_station(page, evening)
    press(page, "Enter")
    title(page, "ساعت پایان رسیده است")
    check_in(evening, synthetic(10))
    pause_and_go_on(page)
    press(page, "F7", "ArrowDown", "Tab")
    page.keyboard.type("دو نفر بیرون رفتند")
    press(page, "Enter")
    told(page, "ثبت شد")

    pull_the_plug(page, tmp_path / "power")
    press(page, "Enter")
    end_voting(page)
    title(page, "۱ تعرفه هنوز باز است")
    scan(page, "AE1" + "0" * 40)
    press(page, "Enter")
    expect(page.locator("[data-fill=say]")).to_contain_text("حکم تمدید نیست")
    scan(page, order(evening, number=1, hours=2))
    press(page, "Enter")
    told(page, "تا ۰۲:۰۰ تمدید شد")
    assert not evening.status()["ended"]
    expect(page.locator("#health")).to_contain_text("۰۲:۰۰ (تمدید)")

    paper(page, batch=("1", "50"))
    told(page, "ثبت شد")
    assert evening.status()["paper"]["mode"]
    press(page, "F5")
    officers(page)
    if page.is_visible("#early"):
        page.keyboard.type("صف تمام شد")
    press(page, "Enter")
    told(page, "پایان رأی‌گیری اعلام شد")
    close_with_explanations(page, evening)


def pause_and_go_on(page: Page) -> None:
    """Two officers each time."""
    press(page, "F6")
    page.keyboard.type("درگیری در صف")
    press(page, "Tab")
    officers(page)
    press(page, "Enter")
    told(page, "ایستاد")
    title(page, "رأی‌گیری ایستاده است")
    press(page, "Enter")
    officers(page)
    press(page, "Enter")
    told(page, "ادامه دارد")


def pull_the_plug(page: Page, power: Path) -> None:
    """The battery is nearly empty; then the power is back."""
    battery(power, online=False, percent=15)
    title(page, "باتری رو به پایان است")
    expect(page.locator("#health")).to_contain_text("روی باتری، ۱۵٪")
    battery(power, online=True, percent=16)
    title(page, "ساعت پایان رسیده است")


def paper(page: Page, *, batch: tuple[str, str] = ("", ""), counts: tuple[str, ...] = ()) -> None:
    press(page, "F9", "Digit1")
    for text in (*batch, *counts):
        page.keyboard.type(text)
        press(page, "Tab")
    press(page, "Enter")


def close_with_explanations(page: Page, station: Station) -> None:
    """The permit is open and the papers are not counted; then they are, wrongly, then rightly."""
    title(page, "۱ تعرفه هنوز باز است")
    press(page, "F5")
    expect(page.locator("#explain")).to_be_visible()
    expect(page.locator("#waiting li")).to_have_count(1)
    page.keyboard.type("بدون رأی رفت")
    press(page, "Tab")
    officers(page)
    press(page, "Enter")  # on the chip of the one open permit: this one alone is explained
    expect(page.locator("#waiting li")).to_have_count(0)
    assert day(station)["open_permits"] == []
    press(page, "F5", "Enter", "Enter")
    expect(page.locator("[data-fill=say]")).to_contain_text("هنوز شمرده نشده است")
    paper(page, counts=("3", "1", "45"))
    told(page, "ثبت شد")
    press(page, "F5")
    expect(page.locator("#equations .warn")).to_contain_text("کاغذ دریافتی ۵۰ = مصرف‌شده ۳ + باطل‌شده ۱ + مانده ۴۵")
    paper(page, counts=("3", "1", "46"))
    told(page, "ثبت شد")
    press(page, "F5")
    expect(page.locator("#equations li")).to_have_count(3)
    expect(page.locator("#equations .warn")).to_have_count(0)
    expect(page.locator("#explain")).to_be_hidden()
    press(page, "Enter", "Enter")
    page.wait_for_selector("#sheet-qr[src]")
    judge(page, "closed")
    assert station.status()["state"] == "closed"
    fields = station.last("closing")["fields"]
    assert (fields["permits"], fields["cast"], fields["paper"]) == ("1", "0", "۵۰ = ۳ + ۱ + ۴۶")
    press(page, "Enter")
    expect(page.locator("#also [data-go=close]")).to_contain_text("چاپ دوباره")
    press(page, "F9")
    page.keyboard.press("Digit1")  # the first of the few things that are left: a sheet again
    page.locator("[data-panel=reprint] [name=kind]").select_option("closing")
    press(page, "Tab", "Enter")
    expect(page.locator("[data-fill=sheet-title]")).to_contain_text("رونوشت")
    assert station.last("closing")["duplicate"]


def test_before_the_legal_end_a_reason_is_asked_for(page: Page, tmp_path: Path) -> None:
    """An hour before the end somebody ends the voting.  Wanted: the page asks for a reason and sends nothing."""
    options = ("--closes", "23:59")
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh", *options) as station:
        station.post("/api/open", {"officers": list(OFFICERS)})
        page.goto(f"{station.base}/supervisor")
        title(page, "رأی‌گیری در جریان است")
        press(page, "F5")
        officers(page)
        expect(page.locator("#early")).to_be_visible()
        press(page, "Enter")
        assert not station.status()["ended"]
        page.keyboard.type("همهٔ روستا رأی دادند")
        press(page, "Enter")
        told(page, "پایان رأی‌گیری اعلام شد")
        assert station.status()["ended"]
        page.goto("about:blank")


def test_observers_see_what_was_looked_up_and_nobody_s_number(page: Page, evening: Station) -> None:
    """R-3.  A clerk looked up somebody under age.  Wanted: time and reason on the page, the id nowhere in it."""
    evening.post("/api/open", {"officers": list(OFFICERS)})
    evening.post("/api/desk/look", {"national_id": synthetic(3)})
    page.goto(f"{evening.base}/supervisor")
    expect(page.locator("#also button")).not_to_have_count(0)
    expect(page.locator("#kinds option")).not_to_have_count(0)
    press(page, "F9", "Digit4")
    expect(page.locator("#lookups li")).to_contain_text("واجد شرایط نیست (سن)")
    assert synthetic(3) not in page.content()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_state_fits_and_is_accessible(page: Page, evening: Station, size: tuple[int, int]) -> None:
    """Every panel at every size: nothing cut off or scrolled, targets of 12 mm, contrast of 7:1, axe finds nothing."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{evening.base}/supervisor")
    page.wait_for_selector("[name=first]")
    judge(page, "open")
    evening.post("/api/open", {"officers": list(OFFICERS)})
    for person in (10, 11, 12):
        check_in(evening, synthetic(person))
    title(page, "ساعت پایان رسیده است")
    expect(page.locator("#kinds option")).not_to_have_count(0)
    for digit in range(1, 9):
        press(page, "F9", f"Digit{digit}")
        judge(page, f"more {digit}")
    for key in ("F3", "F4", "F5", "F6", "F7", "F8", "F9"):
        press(page, key)
        judge(page, key)
    evening.post("/api/end", {"officers": list(OFFICERS)})
    press(page, "Escape")
    title(page, "۳ تعرفه هنوز باز است")
    judge(page, "ended")
    press(page, "F5")
    expect(page.locator("#waiting li")).to_have_count(3)
    judge(page, "close")
