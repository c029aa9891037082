"""A real station in a process of its own, and what a person at its keyboard does."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 120


@dataclass
class Station:
    base: str
    slips: Path

    def status(self) -> dict:  # type: ignore[type-arg]
        with urllib.request.urlopen(f"{self.base}/api/status", timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict) -> dict:  # type: ignore[type-arg]
        """A button pressed without its page; the answer must be good."""
        data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), timeout=10) as answer:
            told = json.load(answer)
        assert told["ok"], told
        return told

    def permit(self, person: str) -> str:
        """The slip that a person gets at the desk, without its page."""
        for act in ("look", "issue"):
            self.post(f"/api/desk/{act}", {"national_id": person})
        return str(self.last("permit")["qr"])

    def last(self, kind: str) -> dict:  # type: ignore[type-arg]
        newest = sorted(self.slips.glob(f"*-{kind}.json"))[-1]
        return json.loads(newest.read_text(encoding="utf-8"))


@contextlib.contextmanager
def running(folder: Path, election: Path, *options: str) -> Iterator[Station]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "tools/one_station.py", str(folder), "--election", str(election), "--port", str(port)]
    command += options
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    station = Station(f"http://127.0.0.1:{port}", folder / "slips")
    try:
        limit = time.monotonic() + START_SECONDS_MAX
        while process.poll() is None and time.monotonic() < limit:
            with contextlib.suppress(urllib.error.URLError):
                station.status()
                break
            time.sleep(0.2)
        yield station
    finally:
        process.terminate()
        process.wait(timeout=30)


def at(page: Page, screen: str) -> None:
    page.wait_for_selector(f"body[data-at={screen}]", timeout=15_000)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def letters(page: Page, *codes: str) -> None:
    """A person's fingers: slower than a scanner."""
    for code in codes:
        page.keyboard.press(code, delay=60)


def check_in(page: Page, station: Station, person: str) -> str:
    """The slip with which a person leaves the desk."""
    page.goto(f"{station.base}/check-in")
    page.wait_for_selector("#answer[data-kind=idle]")
    page.keyboard.type(person)
    page.wait_for_selector("#answer[data-kind=yes]")
    press(page, "Enter")
    page.wait_for_selector("#answer[data-kind=told]")
    return str(station.last("permit")["qr"])


BURST = """(text) => {
  const strike = (code, key) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true }));
  for (const symbol of text) strike((/[0-9]/.test(symbol) ? "Digit" : "Key") + symbol, symbol);
  strike("Enter", "Enter");
}"""


def scan(page: Page, text: str) -> None:
    """What a reader types, at a reader's pace, however loaded this machine is."""
    page.evaluate(BURST, text)


def to_tray(page: Page, station: Station, slip: str) -> None:
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    scan(page, slip)
    at(page, "tray")


def cast(page: Page) -> str:
    """From the seal screen into the box; the code that the screen shows."""
    press(page, "Enter", "Enter")
    at(page, "done")
    return page.locator("[data-fill=receipt]").inner_text()
