"""The observer's pad beside the desk, in a real browser: one key approves, one refuses with a reason (C-9)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.e2e.station import ROOT, Station, press, running, scan
from tests.e2e.walk import SIZES, judge

from amanat.records.permit import read_slip
from amanat.rules.national_id import synthetic
from amanat.station.refusal import Refused

MARYAM, REZA, CITIZEN, OTHER = (synthetic(n) for n in (1, 2, 10, 11))
OFFICERS = ["نسرین پارسا", "بهرام صفایی"]
WAIT_MS = 30_000  # the machine may be loaded
BESIDE = 1  # the pad listens one port above the desk


@dataclass
class Place:
    """A desk and its observer's pad, each with its own screen."""

    station: Station
    desk: Page
    pad: Page


def pad_of(station: Station) -> Station:
    host, _, port = station.base.rpartition(":")
    return Station(f"{host}:{int(port) + BESIDE}", station.slips)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder = tmp_path_factory.mktemp("observed")
    shutil.copytree(ROOT / "examples/damavand-firuzkuh", folder / "election")
    with running(folder / "station", folder / "election", "--pads", "1") as station:
        for terminal in (station, pad_of(station)):
            terminal.post("/api/open", {"officers": OFFICERS})
        yield station


@pytest.fixture
def place(page: Page, browser: Browser, observed: Station) -> Iterator[Place]:
    pad = browser.new_page(viewport={"width": 1024, "height": 768})
    complaints: list[str] = []
    pad.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    pad.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.goto(f"{observed.base}/check-in")
    pad.goto(f"{pad_of(observed).base}/")
    expect(pad.locator("#pad")).to_have_attribute("data-kind", "idle", timeout=WAIT_MS)
    yield Place(observed, page, pad)
    pad.close()
    assert complaints == []


def issue(place: Place, person: str) -> None:
    place.desk.wait_for_selector("#answer[data-kind=idle]", timeout=WAIT_MS)
    place.desk.keyboard.type(person)
    place.desk.wait_for_selector("#answer[data-kind=yes]", timeout=WAIT_MS)
    press(place.desk, "Enter")
    expect(place.desk.locator("[data-fill=word]")).to_have_text("در انتظار تأیید ناظر", timeout=WAIT_MS)


def shown(pad: Page, kind: str) -> None:
    expect(pad.locator("#pad")).to_have_attribute("data-kind", kind, timeout=WAIT_MS)


OVERFLOWS = """() => document.documentElement.scrollHeight > innerHeight ||
  [...document.querySelectorAll("main *")].some((part) =>
    part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== "inline")"""


def fits(page: Page) -> bool:
    return not page.evaluate(OVERFLOWS)


def test_the_observer_approves_with_one_key(place: Place) -> None:
    """Maryam is at the desk.  Wanted: *waiting for the observer* at the desk and nothing printed; her name, year and
    time waiting on the pad; Enter there, and the slip comes out at the desk with the approval in it."""
    before = len(list(place.station.slips.glob("*-permit.json")))
    issue(place, MARYAM)
    shown(place.pad, "asked")
    assert len(list(place.station.slips.glob("*-permit.json"))) == before
    text = place.pad.locator(".who").inner_text()
    assert "مریم رضایی" in text
    assert "زادهٔ ۱۳۶۱" in text
    assert "در انتظار" in text
    assert place.pad.locator("#keys button").count() == 2
    assert fits(place.pad)
    press(place.pad, "Enter")
    shown(place.pad, "told")
    place.desk.wait_for_selector("#answer[data-kind=told]", timeout=WAIT_MS)
    _, _, device, approval = read_slip(str(place.station.last("permit")["qr"]))
    assert (device, approval is not None) == (1, True)
    shown(place.pad, "idle")


def test_the_observer_refuses_with_a_reason(place: Place) -> None:
    """Reza's face is not that of the photo: Esc, then 2.  Wanted: the desk says so and prints nothing."""
    before = len(list(place.station.slips.glob("*-permit.json")))
    issue(place, REZA)
    shown(place.pad, "asked")
    press(place.pad, "Escape")
    shown(place.pad, "why")
    assert fits(place.pad)
    press(place.pad, "2")
    shown(place.pad, "told")
    place.desk.wait_for_selector("#answer[data-kind=no]", timeout=WAIT_MS)
    expect(place.desk.locator("[data-fill=word]")).to_have_text("ناظر تأیید نکرد: چهره با عکس نمی‌خواند")
    assert len(list(place.station.slips.glob("*-permit.json"))) == before


def test_a_person_steps_aside_and_a_scanner_approves_nobody(place: Place) -> None:
    """A stray paper is scanned at the pad, which ends with Enter: nobody is approved.  The person steps aside: the pad
    shows nobody; the same id goes on with the same permit."""
    issue(place, CITIZEN)
    shown(place.pad, "asked")
    scan(place.pad, "AP1ABCDEFGHJKMNPQRSTVWXYZ0123456789")
    shown(place.pad, "asked")
    press(place.desk, "Escape")
    shown(place.pad, "idle")
    issue(place, CITIZEN)
    shown(place.pad, "asked")
    press(place.pad, "Enter")
    place.desk.wait_for_selector("#answer[data-kind=told]", timeout=WAIT_MS)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_of_the_pad_fits(place: Place, size: tuple[int, int]) -> None:
    """Nobody waits; somebody does; why not; refused.  Each is measured on a 15-inch screen."""
    place.pad.set_viewport_size({"width": size[0], "height": size[1]})
    shown(place.pad, "idle")
    judge(place.pad, "idle")
    issue(place, synthetic(20 + SIZES.index(size)))
    shown(place.pad, "asked")
    judge(place.pad, "asked")
    press(place.pad, "Escape")
    shown(place.pad, "why")
    judge(place.pad, "why")
    press(place.pad, "3")
    shown(place.pad, "told")
    judge(place.pad, "told")


def test_a_pad_that_is_closed_is_said_on_both_screens(place: Place) -> None:
    """What a terminal answers whose pad has closed is put into the mouths of these two, which go on for the other
    tests.  Wanted: the pad says so on its own screen, and the desk in words instead of waiting; Esc goes on."""

    def closed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"state": "closed"})

    def silent(route: Route) -> None:
        answer = route.fetch()
        words = {name: Refused("pad-closed").say(name) for name in ("fa", "en")}
        route.fulfill(response=answer, json=answer.json() | {"approval": "silent"} | words)

    place.pad.route("**/api/status", closed)
    shown(place.pad, "closed")
    place.desk.route("**/api/desk/issue", silent)
    place.desk.route("**/api/desk/approval", silent)
    place.desk.wait_for_selector("#answer[data-kind=idle]", timeout=WAIT_MS)
    place.desk.keyboard.type(OTHER)
    place.desk.wait_for_selector("#answer[data-kind=yes]", timeout=WAIT_MS)
    press(place.desk, "Enter")
    expect(place.desk.locator("[data-fill=word]")).to_contain_text("دستگاه ناظر بسته شده است", timeout=WAIT_MS)
    press(place.desk, "Escape")
    place.desk.wait_for_selector("#answer[data-kind=idle]", timeout=WAIT_MS)
    for page in (place.desk, place.pad):
        page.unroute_all(behavior="wait")
