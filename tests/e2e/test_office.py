"""The office in a real browser: the first login as it was told, a plan made by hand, every page walked in both
languages on a desk's screen and on a telephone."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_otp.oath import totp
from playwright.sync_api import Browser, Page, expect
from tests.e2e.walk import AXE, MEASURES

ROOT = Path(__file__).resolve().parents[2]
AMANAT = [sys.executable, "-m", "amanat.cli.main"]
SIZES = ((1280, 900), (390, 800))
PAGES = ("desk", "election", "deadlines", "sessions", "officials", "log", "sessions/new", "officials/new")
START_SECONDS_MAX = 120


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """(address, user name, password, key of the codes) of a new office that serves."""
    home = str(tmp_path / "office")
    made = subprocess.run([*AMANAT, "office", "make", home], capture_output=True, text=True, check=True)
    username, password, secret = made.stdout.strip().split("\t")
    words = [*AMANAT, "office", "serve", home, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        ready = process.stderr.readline().split()
        assert ready[:1] == ["ready"], ready
        yield ready[1], username, password, _key(secret)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=30)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A screen; what it complains about fails the test, but for a form that came back with a fault (422)."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": SIZES[0][0], "height": SIZES[0][1]})
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    yield page
    page.close()
    assert [text for text in complaints if "422" not in text] == []


def _key(secret: str) -> bytes:
    import base64

    text = secret.replace(" ", "")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def sign_in(page: Page, office: tuple[str, str, str, bytes]) -> None:
    """As the first official, with what was told."""
    address, username, password, key = office
    page.goto(address)
    page.fill("#id_username", username)
    page.fill("#id_password", password)
    page.fill("#id_code", f"{totp(key):06d}")
    page.click("main button")
    expect(page.get_by_role("heading", name="میز کار")).to_be_visible()


def walked(page: Page, where: str) -> None:
    """Nothing runs out of the screen, digits are the language's, axe finds nothing."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{where}: wider than the screen by {wide}"
    page.evaluate(MEASURES)
    if page.evaluate("document.documentElement.lang") == "fa":
        assert page.evaluate("measures.asciiDigits()") == [], where
    if page.viewport_size != {"width": SIZES[0][0], "height": SIZES[0][1]}:
        return  # names, roles and colours are the same at every size
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")
    assert found == [], where


def test_the_first_official_plans_an_election_and_every_page_can_be_read(
    page: Page, office: tuple[str, str, str, bytes]
) -> None:
    """Signed in with both factors, planned by hand; pages in Persian and English, wide and narrow; a wrong date keeps
    what was typed and says how to write it; the log has each act."""
    address = office[0]
    sign_in(page, office)
    page.goto(f"{address}election/plan/")
    fields = {"election_id": "nemune", "title_fa": "انتخابات نمونه", "title_en": "Sample", "province_fa": "تهران"}
    for name, value in (fields | {"threshold": "3", "polling_day": "۱۴۰۲/۱۳/۱۱"}).items():
        page.fill(f"#id_{name}", value)
    page.click("main button")
    expect(page.get_by_role("alert")).to_contain_text("۱۴۰۲/۱۲/۱۱")
    assert page.input_value("#id_title_fa") == "انتخابات نمونه"
    page.fill("#id_polling_day", "۱۴۰۲/۱۲/۱۱")
    page.click("main button")
    expect(page.get_by_role("heading", name="انتخابات نمونه")).to_be_visible()
    for language in ("fa", "en"):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for path in PAGES:
                page.goto(f"{address}{path}/")
                assert page.evaluate("document.documentElement.lang") == language
                walked(page, f"{path} {language} {width}")
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        page.click(".who form button[name=language]")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"{address}log/")
    expect(page.locator("table")).to_contain_text("election-planned")
