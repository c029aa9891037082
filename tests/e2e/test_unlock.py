"""Two officers come to a locked terminal, before the day and after a power cut; everything by keyboard (K-10)."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.e2e.station import ROOT, START_SECONDS_MAX
from tests.e2e.walk import SIZES, judge, tab_through
from tools import one_station

from amanat.cli.main import main

SECRETS = {"مریم رئیسی": "گل سرخ ۱۲۳۴", "رضا منشی": "دماوند 5610", "زهرا ناظر": "سه تار و نی"}
PATIENCE_MS = 30_000


@contextlib.contextmanager
def terminal(home: Path, port: int) -> Iterator[str]:
    """`amanat station run`, until it is ended as by a power cut."""
    command = [sys.executable, "-m", "amanat.cli.main", "station", "run", str(home), "--printer"]
    process = subprocess.Popen([*command, f"folder:{home}/slips?draw=0"], cwd=ROOT, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        limit = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < limit and process.poll() is None:
            with contextlib.suppress(urllib.error.URLError):
                status(base)
                break
            time.sleep(0.2)
        yield base
    finally:
        process.kill()
        process.wait(timeout=30)


def status(base: str) -> Any:
    with urllib.request.urlopen(f"{base}/api/status", timeout=10) as answer:
        return json.load(answer)


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = one_station.make(tmp_path / "s", ROOT / "examples/tehran", listen=[f"127.0.0.1:{port}"], link_url="")[0]
    words = []
    for number, (name, secret) in enumerate(SECRETS.items()):
        (tmp_path / str(number)).write_text(secret, encoding="utf-8")
        words += ["--officer", f"{name}={tmp_path / str(number)}"]
    assert main(["station", "officers", str(made), *words]) == 0
    return made, port


def type_pair(page: Page, *pairs: tuple[str, str]) -> None:
    """Names and secrets, Enter after each, the last one sends."""
    for name, secret in pairs:
        page.keyboard.insert_text(name)
        page.keyboard.press("Enter")
        page.keyboard.insert_text(secret)
        page.keyboard.press("Enter")


def test_two_officers_unlock_by_keyboard_and_again_after_a_power_cut(home: tuple[Path, int], page: Page) -> None:
    """Any page of a locked terminal is the one for its officers.  A wrong secret is said in Persian and both secrets
    are gone from the screen; two right ones lead to the terminal's own page; after the cut it is locked again."""
    folder, port = home
    good = [(name, SECRETS[name]) for name in list(SECRETS)[:2]]
    with terminal(folder, port) as base:
        page.goto(f"{base}/supervisor")
        assert page.url == f"{base}/unlock"
        assert status(base) == {"ok": True, "state": "locked", "station": "S014", "locked": True}
        page.wait_for_selector("[name=first]:focus", timeout=PATIENCE_MS)
        type_pair(page, good[0], (good[1][0], "یک رمز دیگر"))
        page.wait_for_selector(".say:not(:empty)", timeout=PATIENCE_MS)
        assert "درست نیست" in page.inner_text(".say")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            judge(page, "refused")
        tab_through(page, "refused")
        assert page.eval_on_selector_all("[type=password]", "fields => fields.map(f => f.value).join('')") == ""
        (folder / "officers.tries").unlink()  # the wait is over
        page.reload()
        page.wait_for_selector("[name=first]:focus", timeout=PATIENCE_MS)
        type_pair(page, *good)
        page.wait_for_url(f"{base}/check-in", timeout=PATIENCE_MS)
        assert status(base)["locked"] is False
        page.goto("about:blank")
    with terminal(folder, port) as base:
        assert status(base)["locked"] is True
        page.goto(f"{base}/check-in")
        assert page.url == f"{base}/unlock"
        page.wait_for_selector("[data-fill=station-id]:not(:empty)", timeout=PATIENCE_MS)
        page.goto("about:blank")  # a page whose terminal is cut off complains, and rightly
