"""`make serve` in a real browser: from the desk to the day page and the receipt, as a person would try it."""

import contextlib
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.test_booth_and_desk import Station, at, cast, check_in, letters, open_station, press, to_tray

from amanat.records import base32

ROOT = Path(__file__).resolve().parents[2]
ELECTION = ROOT / "examples/damavand-firuzkuh"
START_SECONDS_MAX = 240
DELIVERY_SECONDS_MAX = 180
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/")
PERSON = re.compile(r"national ids to check in: (\d{10})")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Station, str]]:
    """(headquarters' address, the station's first terminal, an invented person) as `amanat serve` tells them."""
    words = [sys.executable, "-m", "amanat.cli.main", "serve", "--election", str(ELECTION), "--out", str(tmp_path)]
    told = tmp_path.with_suffix(".log")
    with told.open("w") as log:
        process = subprocess.Popen(words, cwd=ROOT, stderr=log, stdout=log)
    try:
        limit = time.monotonic() + START_SECONDS_MAX
        while "Ctrl-C" not in told.read_text() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.3)
        said = told.read_text()
        headquarters = ADDRESS.search(said.split("headquarters: ")[1])
        terminal = ADDRESS.search(said.split("terminal 1: ")[1])
        person = PERSON.search(said)
        assert headquarters, said
        assert terminal, said
        assert person, said
        yield headquarters[1], Station(terminal[1], tmp_path / "slips"), person[1]
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)


def ballots_at(headquarters: str) -> int:
    """By headquarters' own metrics."""
    with urllib.request.urlopen(f"{headquarters}/metrics", timeout=10) as answer:
        found = re.search(rb"^amanat_ballots (\d+)", answer.read(), re.M)
    assert found
    return int(found[1])


def test_a_visitor_votes_and_finds_day_and_receipt(page: Page, served: tuple[str, Station, str]) -> None:
    """A clerk opens and checks a person in; the person chooses by search, tests the terminal once, chooses by code and
    casts.  Wanted: the day page of headquarters counts one vote, and the receipt's code is found (B-9, L-5)."""
    headquarters, station, person = served
    port = int(station.base.rsplit(":", 1)[1])
    booths = [Station(f"http://127.0.0.1:{port + number}", station.slips) for number in range(3)]
    for terminal in booths:
        open_station(page, terminal)
    slip = check_in(page, station, person)
    booth = booths[int(station.last("permit")["fields"]["ballot_terminal"]) - 1]
    to_tray(page, booth, slip)
    letters(page, "KeyP", "KeyS", "Digit2")  # «حس», then the second of six
    expect(page.locator("#slots button")).to_have_count(1)
    press(page, "Enter")
    at(page, "review")
    press(page, "Enter")
    at(page, "seal")
    press(page, "*")
    at(page, "opened")
    press(page, "Enter")
    at(page, "tray")
    press(page, "Backspace")
    expect(page.locator("#slots button")).to_have_count(0)
    page.keyboard.type("1042")
    expect(page.locator("#slots button")).to_have_count(1)
    press(page, "Enter")
    at(page, "review")
    press(page, "Enter")
    at(page, "seal")
    code = cast(page)
    limit = time.monotonic() + DELIVERY_SECONDS_MAX
    while ballots_at(headquarters) != 1 and time.monotonic() < limit:
        time.sleep(0.5)
    page.goto(f"{headquarters}/day/")
    expect(page.locator('[data-value="totals.ballots"]')).to_have_text("۱")
    page.goto(f"{headquarters}/receipt/?code={code}")
    expect(page.locator(".verdict.good")).to_contain_text(code)
    page.goto(f"{headquarters}/receipt/?code={base32.code(bytes(32))}")
    expect(page.locator(".verdict.open")).to_contain_text("هنوز به ستاد نرسیده است")
