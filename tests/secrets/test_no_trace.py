"""After the votes nothing tells a choice: not the station's files, not the browser's, not the memory of either (P-2).

Searched for, of each ballot: its point, its rank, its randomness, and its codes in any order.
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.secrets.search import Secret, children_of, files_below, memory_of, search, secret
from tests.secrets.telling import ROOT, VOTERS

from amanat.rules.national_id import synthetic

ELECTION = ROOT / "examples/tehran"
MOST = 30
CASTS = 100
FEW_CASTS = 2
CASTS_IN_CHROMIUM = int(os.environ.get("AMANAT_KIOSK_CASTS", FEW_CASTS))  # a hundred: some minutes
START_SECONDS_MAX = 120
ENDED_SECONDS_MAX = 30


@dataclass
class Station:
    """A terminal in a process of its own, and the pipe by which it tells the randomness."""

    base: str
    folder: Path
    process: "subprocess.Popen[bytes]"
    pipe: int

    def post(self, path: str, **body: object) -> Any:
        request = urllib.request.Request(
            self.base + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = json.load(answer)
        assert told["ok"], told
        return told

    @property
    def codes(self) -> list[str]:
        return [row["code"] for row in json.loads((self.folder / "package/candidates.json").read_text())["majlis"]]

    def permit(self, number: int) -> str:
        """The slip with which the n-th voter leaves the desk."""
        person = synthetic(VOTERS[number])
        self.post("/api/desk/look", national_id=person)
        self.post("/api/desk/issue", national_id=person, document=0)
        slip = max((self.folder / "slips").glob("*-permit.json")).read_text(encoding="utf-8")
        return str(json.loads(slip)["qr"])

    def told(self) -> bytes:
        """The randomness of the ballot sealed last."""
        return os.read(self.pipe, 32)


@contextlib.contextmanager
def station(folder: Path, *more: str) -> Iterator[Station]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reading, writing = os.pipe()
    command = [sys.executable, "tests/secrets/telling.py", str(writing), str(folder), str(ELECTION), str(port), *more]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    made = Station(f"http://127.0.0.1:{port}", folder, process, reading)
    try:
        limit = time.monotonic() + START_SECONDS_MAX
        while process.poll() is None and time.monotonic() < limit:
            with contextlib.suppress(urllib.error.URLError):
                made.post("/api/open", officers=["نسرین پارسا", "بهرام صفایی"], other_day=True)
                break
            time.sleep(0.2)
        yield made
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(reading)


def cast_by_buttons(here: Station, casts: int) -> list[Secret]:
    """Voters choose thirty each; every seventh has the machine tested first, with one name less."""
    draw, codes, made = random.Random("no trace"), here.codes, []
    for number in range(casts):
        chosen = draw.sample(codes, MOST)
        here.post("/api/booth/permit", slip=here.permit(number))
        if number % 7 == 0:
            here.post("/api/booth/seal", choices={"majlis": chosen[:-1]})
            here.told()
            here.post("/api/booth/test")
        here.post("/api/booth/seal", choices={"majlis": chosen})
        made.append(secret(chosen, codes, here.told(), MOST))
        here.post("/api/booth/cast")
        here.post("/api/booth/leave")
    here.post("/api/desk/present")  # somebody else comes: the last request of a voter is answered and gone
    return made


def found_in(parts: Iterator[tuple[str, bytes]], secrets: Sequence[Secret]) -> set[tuple[str, int, str]]:
    return {(name, number, what) for name, data in parts for number, what in search(data, secrets)}


def without_tests(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The station's files; a test's opening is printed for its voter and tells a void ballot (B-9)."""
    return ((name, data) for name, data in files_below([folder]) if "-test." not in name)


def test_a_hundred_casts_leave_nothing_in_files_or_memory(tmp_path: Path) -> None:
    """A hundred voters vote; then everything the station wrote, and its whole memory, is searched."""
    with station(tmp_path / "station") as here:
        secrets = cast_by_buttons(here, CASTS)
        assert len(secrets) == CASTS
        assert found_in(memory_of(here.process.pid), secrets) == set()
        assert found_in(without_tests(here.folder), secrets) == set()


def test_a_planted_leak_is_found_by_the_same_search(tmp_path: Path) -> None:
    """The same terminal keeps choices and randomness in a list, and somebody writes a rank and a point into a file.
    Wanted: each is found, for each ballot."""
    with station(tmp_path / "station", "leaking") as here:
        secrets = cast_by_buttons(here, 3)
        for number, one in enumerate(secrets):
            (here.folder / f"log{number}").write_bytes(b"x" * number + one.patterns["point"] + one.patterns["rank"])
        memory = {(number, what) for _, number, what in found_in(memory_of(here.process.pid), secrets)}
        assert memory >= {(n, what) for n in range(3) for what in ("randomness", "codes (ascii)")}
        files = {(number, what) for _, number, what in found_in(without_tests(here.folder), secrets)}
        assert files == {(n, what) for n in range(3) for what in ("point", "rank")}


def vote_in(page: Page, here: Station, number: int, chosen: Sequence[str]) -> None:
    """One voter at the kiosk, by code."""
    page.wait_for_selector("body[data-at=welcome]")
    page.keyboard.type(here.permit(number))
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-at=tray]")
    page.keyboard.type("".join(chosen))
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-at=review]")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-at=seal]")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-at=done]")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-at=welcome]")


@pytest.mark.parametrize("new_process", [True, False], ids=["as shipped", "without a new process"])
def test_chromium_keeps_nothing_of_a_visit(tmp_path: Path, new_process: bool) -> None:
    """Voters type thirty codes each at a real kiosk; then Chromium's profile and the memory of all its processes are
    searched.  Wanted: nothing.  Where the page is kept in its process on purpose, the search finds them: it looks in
    the right place."""
    profile = tmp_path / "profile"
    with station(tmp_path / "station") as here, sync_playwright() as driver:
        codes, draw = here.codes, random.Random("kiosk")
        kiosk = driver.chromium.launch_persistent_context(
            str(profile), executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        page = kiosk.new_page()
        page.set_default_timeout(60_000)
        if not new_process:
            page.route("**/private.js", lambda route: route.fulfill(body=_that_stays(), content_type="text/javascript"))
        page.goto(f"{here.base}/ballot")
        before = _renderer(page)
        secrets = []
        for number in range(CASTS_IN_CHROMIUM if new_process else FEW_CASTS):
            chosen = draw.sample(codes, MOST)
            vote_in(page, here, number, chosen)
            secrets.append(secret(chosen, codes, here.told(), MOST))
        if new_process:
            _wait_until_ended(before)
        pids = [pid for pid in children_of(os.getpid()) if "chromium" in _command(pid)]
        assert len(pids) >= 4
        found = {what for pid in pids for _, _, what in found_in(memory_of(pid), secrets)}
        assert bool(found) == (not new_process), found
        kiosk.close()
        assert found_in(files_below([profile]), secrets) == set()


def _that_stays() -> str:
    """The page's module with the last step left out."""
    source = (ROOT / "src/amanat/station/web/static/js/private.js").read_text(encoding="utf-8")
    changed = source.replace("const other = SITES[location.hostname];", "const other = null;")
    assert changed != source
    return changed


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _renderer(page: Page) -> set[int]:
    """The processes that draw pages now."""
    page.wait_for_selector("body[data-at=welcome]")
    return {pid for pid in children_of(os.getpid()) if "--type=renderer" in _command(pid)}


def _wait_until_ended(pids: set[int]) -> None:
    """The page's first process ends soon after its page is gone."""
    limit = time.monotonic() + ENDED_SECONDS_MAX
    while any(_command(pid) for pid in pids) and time.monotonic() < limit:
        time.sleep(0.2)
