"""Pictures of every screen at every supported size, the booth in both languages and in the largest text too:
out/screenshots/*.png and index.html.

Drives a real station's pages as a person with a keyboard would, in headless Chromium, against `tools/one_station.py`.
Headquarters' and the demo's pages are those of the last `make demo`, where there is one.
"""

import contextlib
import html
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from amanat.records import base32
from amanat.rules.national_id import synthetic

ROOT: Final = Path(__file__).parent.parent
OUT: Final = ROOT / "out" / "screenshots"
SIZES: Final = ((1024, 768), (1280, 800), (1920, 1080))
CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
NOBODY_THERE: Final = "http://127.0.0.1:9"  # a link that is down, as on many a polling day
START_SECONDS_MAX: Final = 60
ANSWER_MS: Final = 10_000
PAINT_MS: Final = 200
FLASH_MS: Final = 800  # the last card has stopped flashing
SUPERVISOR_KEYS: Final = (
    ("F3", "usb"), ("F4", "replace"), ("F5", "end"), ("F6", "pause"),
    ("F7", "incident"), ("F8", "extension"), ("F9", "more"),
)  # fmt: skip
ENGLISH: Final = "-english"
LARGEST: Final = "-largest"
Snap = Callable[[Page, str], None]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _program(command: list[str], address: str) -> Iterator[None]:
    """A program that runs until the block ends; it is there when its address answers."""
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT)
    try:
        _await(address)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def station(election: Path) -> Iterator[tuple[str, Path]]:
    """A running station: its address and the folder in which its slips come out."""
    with tempfile.TemporaryDirectory() as folder:
        port, here = _free_port(), Path(folder) / "station"
        base = f"http://127.0.0.1:{port}"
        command = ["tools/one_station.py", str(here), "--election", str(election), "--port", str(port)]
        with _program([*command, "--link-url", NOBODY_THERE], f"{base}/api/status"):
            yield base, here / "slips"


@contextlib.contextmanager
def headquarters(home: Path) -> Iterator[str]:
    """A copy of a finished headquarters, served: its address."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(home, Path(folder) / "hq")
        address = f"127.0.0.1:{_free_port()}"
        command = ["-m", "amanat.cli.main", "hq", "serve", str(copy), "--listen", address]
        with _program(command, f"http://{address}/healthz"):
            yield f"http://{address}"


def _await(address: str) -> None:
    limit = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < limit:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise SystemExit(f"{address} did not answer within {START_SECONDS_MAX} s")


def _no_picture(page: Page, name: str) -> None:
    """Where the same picture stands already."""


def last_permit(slips: Path) -> str:
    """What the scanner would read from the last permit."""
    newest = sorted(slips.glob("*-permit.json"))[-1]
    return str(json.loads(newest.read_text(encoding="utf-8"))["qr"])


def at(page: Page, screen: str) -> None:
    """Wait until the booth shows this screen."""
    page.wait_for_selector(f"body[data-at={screen}]", timeout=ANSWER_MS)


def answer(page: Page, kind: str) -> None:
    """Wait until the desk shows this kind of answer."""
    page.wait_for_selector(f"#answer[data-kind={kind}]", timeout=ANSWER_MS)


def scan(page: Page, text: str) -> None:
    """What a reader types, Enter included."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def opening(page: Page, base: str, snap: Snap) -> None:
    """The supervisor opens the station; once, at the first size."""
    page.goto(f"{base}/supervisor")
    page.wait_for_selector("[data-panel]:not([hidden]) h2")
    if page.is_visible("[data-panel=open]"):
        snap(page, "supervisor-1-open")
        page.keyboard.type("نسرین پارسا")
        page.keyboard.press("Tab")
        page.keyboard.type("بهرام صفایی")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sheet-qr[src]", timeout=ANSWER_MS)
        snap(page, "supervisor-2-zero-sheet")
        page.keyboard.press("Enter")
    page.wait_for_selector("#also button", timeout=ANSWER_MS)
    snap(page, "supervisor-3-running")
    for key, name in SUPERVISOR_KEYS:
        page.keyboard.press(key)
        snap(page, f"supervisor-4-{name}")


def desk(page: Page, base: str, snap: Snap, person: int, *, pictures: bool) -> None:
    """One voter is checked in; others are refused."""
    page.goto(f"{base}/check-in")
    answer(page, "idle")
    take: Snap = snap if pictures else _no_picture
    take(page, "check-in-1-idle")
    page.keyboard.type(synthetic(person)[:6])
    take(page, "check-in-2-typing")
    page.keyboard.type(synthetic(person)[6:])
    answer(page, "yes")
    take(page, "check-in-3-may-vote")
    page.keyboard.press("Enter")
    answer(page, "told")
    take(page, "check-in-4-issued")
    if not pictures:
        return
    for national_id, kind, name in ((person, "no", "already"), (3, "no", "not-eligible"), (4, "ask", "unknown")):
        page.keyboard.type(synthetic(national_id))
        answer(page, kind)
        page.wait_for_timeout(PAINT_MS)
        snap(page, f"check-in-5-{name}")
        page.keyboard.press("Escape")
    desk_besides(page, snap, person)


def desk_besides(page: Page, snap: Snap, person: int) -> None:
    """Why not this person; two officers hear an appeal; a paper that is no card."""
    page.keyboard.type(synthetic(person + 30))
    answer(page, "yes")
    page.keyboard.press("Escape")
    snap(page, "check-in-6-why-not")
    page.keyboard.press("3")
    page.get_by_text("ثبت شد").wait_for()
    page.keyboard.press("Escape")
    scan(page, "AL1" + "0123456789" * 3)
    answer(page, "ask")
    snap(page, "check-in-7-stray")
    page.keyboard.press("Escape")
    page.keyboard.type(synthetic(person))
    answer(page, "no")
    page.keyboard.press("+")
    page.keyboard.insert_text("نسرین پارسا")
    snap(page, "check-in-8-two-officers")
    page.keyboard.press("Escape")


def alarm(page: Page, base: str, snap: Snap, slip: str) -> None:
    """The voter of this permit goes in at the booth and walks away; the clerk sees it, and two officers void it."""
    page.goto(f"{base}/check-in")
    answer(page, "idle")
    for path, body in (("permit", {"slip": slip}), ("away", {})):
        page.request.post(f"{base}/api/booth/{path}", data=body)
    page.locator("#alarms strong").wait_for()
    page.wait_for_timeout(4 * PAINT_MS)
    snap(page, "check-in-9-alarm")
    page.keyboard.press("F8")
    for name in ("نسرین پارسا", "بهرام صفایی"):
        page.keyboard.insert_text(name)
        page.keyboard.press("Enter")
    answer(page, "told")
    snap(page, "check-in-9-voided")


def booth(page: Page, base: str, snap: Snap, slip: str, codes: list[str], look: str = "") -> None:
    """A whole vote with one test; ``look`` is LARGEST, ENGLISH or as it comes."""
    page.goto(f"{base}/ballot")
    at(page, "welcome")
    page.wait_for_function("document.querySelector('[data-fill=station]').textContent !== ''")
    if look == ENGLISH:
        page.click("[data-do=language]")
        page.get_by_text("booth 1").wait_for()
    snap(page, "ballot-1-welcome")
    scan(page, slip)
    at(page, "tray")
    for _ in range(2 if look == LARGEST else 0):
        page.locator(".actions [data-do=size]").click()
    choose(page, snap, codes)
    to_seal(page, snap)
    snap(page, "ballot-8-seal")
    page.keyboard.press("*")
    at(page, "opened")
    page.wait_for_selector("#opening[src]")
    page.wait_for_timeout(PAINT_MS)
    snap(page, "ballot-9-test-opened")
    page.keyboard.press("Enter")
    at(page, "tray")
    page.click("[data-do=colours]")
    snap(page, "ballot-9-tray-dark")
    to_seal(page, _no_picture)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    at(page, "done")
    page.wait_for_selector("#receipt-qr[src]")
    page.wait_for_timeout(PAINT_MS)
    snap(page, "ballot-done")


def choose(page: Page, snap: Snap, codes: list[str]) -> None:
    """Names by code, a code of nobody, a search, the help."""
    snap(page, "ballot-2-tray-empty")
    for code in codes:
        page.keyboard.type(code)
    page.wait_for_timeout(FLASH_MS)
    snap(page, "ballot-3-tray")
    page.keyboard.type("9999")
    snap(page, "ballot-4-unknown-code")
    page.keyboard.press("Escape")
    for key in ("KeyP", "KeyS"):  # «حس»
        page.keyboard.press(key, delay=150)
    snap(page, "ballot-5-search")
    page.keyboard.press("Escape")
    page.keyboard.press("Slash")
    snap(page, "ballot-6-help")
    page.keyboard.press("Enter")


def to_seal(page: Page, snap: Snap) -> None:
    """Through every tray, the review and the confirmation of blank votes."""
    while page.evaluate("document.body.dataset.at") == "tray":
        page.keyboard.press("Enter")
    snap(page, "ballot-7-review")
    while page.is_visible("[data-blank][aria-pressed=false]"):
        page.keyboard.press("Digit0")
        snap(page, "ballot-7-review-blank")
    page.keyboard.press("Enter")
    at(page, "seal")


def closing(page: Page, base: str, snap: Snap) -> None:
    """The supervisor closes; once, at the last size."""
    page.goto(f"{base}/supervisor")
    page.wait_for_selector("#also button", timeout=ANSWER_MS)
    page.keyboard.press("F5")
    for name in ("نسرین پارسا", "بهرام صفایی"):
        page.keyboard.type(name)
        page.keyboard.press("Tab")
    if page.is_visible("#early"):
        page.keyboard.type("همه آمده‌اند")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-panel=told]:not([hidden])", timeout=ANSWER_MS)
    page.keyboard.press("Enter")
    page.wait_for_selector("#also [data-go=close]", timeout=ANSWER_MS)
    snap(page, "supervisor-5-ended")
    page.keyboard.press("F5")
    page.wait_for_timeout(PAINT_MS)
    snap(page, "supervisor-5-close")
    if page.is_visible("#explain"):
        for text in ("بدون رأی رفت", "نسرین پارسا", "بهرام صفایی"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.focus("#close-do")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sheet-qr[src]", timeout=ANSWER_MS)
    page.wait_for_timeout(PAINT_MS)
    snap(page, "supervisor-5-closed")
    page.keyboard.press("Enter")
    page.wait_for_timeout(2500)
    snap(page, "supervisor-6-after")


def _two_contests(folder: Path) -> Path:
    """The Tehran example with a second contest beside it: sixteen of forty, codes of three digits."""
    shutil.copytree(ROOT / "examples/tehran", folder)
    rows = (ROOT / "examples/damavand-firuzkuh/candidates.csv").read_text(encoding="utf-8").splitlines()[:41]
    (folder / "experts.csv").write_text("\n".join([rows[0], *(row[1:] for row in rows[1:])]) + "\n", encoding="utf-8")
    file = folder / "election.toml"
    second = """[[contest]]
id = "experts"
title = { fa = "مجلس خبرگان رهبری", en = "Assembly of Experts" }
seats = 16
max_choices = 16
candidates = "experts.csv"
unit_min = 50
unit_by = "county"
count = "whole"

[stations]"""
    file.write_text(file.read_text(encoding="utf-8").replace("[stations]", second), encoding="utf-8")
    return folder


def _to_files(name: str, width: int, look: str = "") -> Snap:
    def snap(page: Page, what: str) -> None:
        page.screenshot(path=OUT / f"{name}-{what}-{width}{look}.png")

    return snap


def shoot(election: Path, name: str, codes: list[str], *, desk_too: bool) -> None:
    """All pictures of one election."""
    with station(election) as (base, slips), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for person, (width, height) in enumerate(SIZES, start=10):
            page = browser.new_page(viewport={"width": width, "height": height})

            snap = _to_files(name, width)
            quiet: Snap = snap if desk_too else _no_picture
            opening(page, base, quiet)
            desk(page, base, snap, person, pictures=desk_too)
            booth(page, base, snap, last_permit(slips), codes)
            for other, look in enumerate((ENGLISH, LARGEST), start=1):
                desk(page, base, _no_picture, person + 5 * other, pictures=False)
                booth(page, base, _to_files(name, width, look), last_permit(slips), codes, look)
            if desk_too:
                desk(page, base, _no_picture, person + 20, pictures=False)
                alarm(page, base, snap, last_permit(slips))
            page.close()
        if desk_too:
            last = browser.new_page(viewport={"width": 1280, "height": 800})
            closing(last, base, _to_files(name, 1280))
        browser.close()


def shoot_headquarters(demo: Path) -> None:
    """The situation room, the results, a receipt that is in the box, and the demo's own page."""
    with (demo / "ledger.jsonl").open(encoding="utf-8") as ledger:
        ballot = next(row["ballot"] for row in map(json.loads, ledger) if row["ballot"])
    with headquarters(demo / "work/hq") as base, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        addresses = {
            "day": f"{base}/day/",
            "results": f"{base}/results/",
            "receipt": f"{base}/receipt/?code={base32.code(bytes.fromhex(ballot))}",
            "demo": (demo / "index.html").as_uri(),
        }
        for width, height in SIZES:
            page = browser.new_page(viewport={"width": width, "height": height})
            for name, address in addresses.items():
                page.goto(address)
                page.wait_for_timeout(FLASH_MS)
                page.screenshot(path=OUT / f"hq-{name}-{width}.png", full_page=name == "demo")
            page.close()
        browser.close()


def contact_sheet() -> None:
    """One page that shows them all; opens without a server."""
    cells = "".join(
        f'<figure><a href="{path.name}"><img src="{path.name}" loading="lazy" alt=""></a>'
        f"<figcaption>{html.escape(path.stem)}</figcaption></figure>"
        for path in sorted(OUT.glob("*.png"))
    )
    looks = "body{font:15px sans-serif;background:#ddd}figure{display:inline-block;margin:6px}img{width:420px}"
    page = f'<!doctype html><meta charset="utf-8"><title>Amanat: screens</title><style>{looks}</style>{cells}\n'
    (OUT / "index.html").write_text(page, encoding="utf-8")


def main() -> None:
    """Take every picture anew."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    thirty = [str(code) for code in range(1001, 1001 + 37 * 28, 37)]
    with tempfile.TemporaryDirectory() as folder:
        shoot(ROOT / "examples/tehran", "thirty", thirty, desk_too=True)
        shoot(ROOT / "examples/damavand-firuzkuh", "one", ["1042"], desk_too=False)
        shoot(_two_contests(Path(folder) / "two"), "two", thirty[:12], desk_too=False)
    if (ROOT / "out/demo/work/hq").is_dir():
        shoot_headquarters(ROOT / "out/demo")
    else:
        print("no headquarters to picture: run `make demo` first", file=sys.stderr)
    contact_sheet()
    print(f"{len(list(OUT.glob('*.png')))} pictures: {(OUT / 'index.html').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
