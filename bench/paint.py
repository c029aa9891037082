"""From a key to the paint that shows it, in the booth's tray with 3,545 names, by Chromium's own Event Timing.

    python -m bench.paint --keys 400 --folder out/bench-paint

Keys of codes and of searches by letters, in headless Chromium; its figures are rounded to 8 ms, and below 16 ms it
tells none, so what is told apart is only what takes longer than a frame.
"""

import argparse
import json
import platform
import random
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from amanat.rules.national_id import synthetic

ROOT = Path(__file__).resolve().parent.parent
PORT = 8795
PERSON = synthetic(10)
LETTERS = ("KeyP", "KeyS", "KeyU", "KeyG", "KeyV", "KeyH", "KeyL", "KeyK")
WATCH = """() => {
  window.seen = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === "keydown") window.seen.push(one.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
}"""


def post(path: str, **body: object) -> dict[str, Any]:
    """A button of the desk."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def wait_for_station() -> None:
    """Until the terminal answers; raises TimeoutError."""
    for _ in range(300):
        try:
            post("/api/desk/present")
            return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise TimeoutError("the station did not start")


def measure(page: Page, keys: int) -> list[float]:
    """Type codes and searches; the durations that Chromium told, milliseconds."""
    draw = random.Random("paint")
    page.evaluate(WATCH)
    for number in range(keys // 8):
        if number % 2:
            page.keyboard.type(str(draw.randrange(1001, 4546)))
            page.keyboard.press("Backspace")
        else:
            for code in draw.sample(LETTERS, 3):
                page.keyboard.press(code)
            page.keyboard.press("Escape")
        page.wait_for_timeout(100)
    seen: list[float] = page.evaluate("window.seen")
    return seen


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--folder", type=Path, default=Path("out/bench-paint"), help="made here; must not exist")
    arguments = parser.parse_args()
    command = [sys.executable, "tools/one_station.py", str(arguments.folder)]
    command += ["--election", "examples/tehran", "--port", str(PORT)]
    station = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for_station()
        post("/api/open", officers=["نسرین پارسا", "بهرام صفایی"])
        post("/api/desk/look", national_id=PERSON)
        post("/api/desk/issue", national_id=PERSON, document=0)
        slip = json.loads(max((arguments.folder / "slips").glob("*-permit.json")).read_text(encoding="utf-8"))["qr"]
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"http://127.0.0.1:{PORT}/ballot")
            page.wait_for_selector("body[data-at=welcome]")
            page.keyboard.type(slip)
            page.keyboard.press("Enter")
            page.wait_for_selector("body[data-at=tray]")
            seen = measure(page, arguments.keys)
            browser.close()
    finally:
        station.terminate()
        station.wait(timeout=30)
    longer = sorted(seen)
    print(f"{platform.node()} · {arguments.keys} keys · {len(longer)} told (16 ms and more)")
    if longer:
        print(f"of those: median {statistics.median(longer):.0f} ms, longest {longer[-1]:.0f} ms")


if __name__ == "__main__":
    main()
