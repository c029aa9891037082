"""The clerk's desk in a real browser: one field, the tenth digit decides; the voter who walked away (C-1, C-7, R-3)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.station import ROOT, Station, at, check_in, letters, press, running, scan
from tests.e2e.walk import SIZES, judge

from amanat.rules.national_id import synthetic

OFFICERS = ["نسرین پارسا", "بهرام صفایی"]
UNDER_AGE, NOBODY = synthetic(3), synthetic(4)
CODE = "1001"

COUNT_KEYS = """window.keys = 0; addEventListener("keydown", () => { window.keys += 1; }, true);"""


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """An open station of one seat; the link is down."""
    folder, election = tmp_path_factory.mktemp("desk") / "station", ROOT / "examples/damavand-firuzkuh"
    with running(folder, election, "--link-url", "http://127.0.0.1:9") as station:
        station.post("/api/open", {"officers": OFFICERS})
        yield station


def desk(page: Page, station: Station) -> None:
    page.goto(f"{station.base}/check-in")
    page.wait_for_selector("#answer[data-kind=idle]")


def digits(page: Page, text: str) -> None:
    """Ten digits, quickly."""
    page.keyboard.type(text)


def fingers(page: Page, text: str) -> None:
    """Ten digits on the number pad, as fast as fingers are."""
    letters(page, *(f"Numpad{digit}" for digit in text))


def answer(page: Page, kind: str) -> None:
    page.wait_for_selector(f"#answer[data-kind={kind}]")


def word(page: Page, text: str) -> None:
    expect(page.locator("[data-fill=word]")).to_contain_text(text)


def two_officers(page: Page, label: str = "نام مسئول نخست") -> None:
    """Both names in the one field."""
    expect(page.locator("#ask")).to_have_text(label)
    for name in OFFICERS:
        page.keyboard.insert_text(name)
        press(page, "Enter")


def test_a_voter_is_eleven_keys(page: Page, station: Station) -> None:
    """Ten digits and Enter, counted by the page itself: the tenth asks, the booth is shown before Enter and printed
    after it, and the field is ready for the next person."""
    page.add_init_script(COUNT_KEYS)
    desk(page, station)
    fingers(page, synthetic(10))
    answer(page, "yes")
    expect(page.locator("#traits .booth")).to_have_text("بهغرفهٔ ۱")
    press(page, "Enter")
    answer(page, "told")
    assert page.evaluate("window.keys") == 11
    assert station.last("permit")["fields"]["ballot_terminal"] == "1"
    fingers(page, synthetic(11))
    answer(page, "yes")
    press(page, "Enter")
    answer(page, "told")
    assert page.evaluate("window.keys") == 22


def test_a_card_is_read_and_a_stray_paper_lands_nowhere(page: Page, station: Station) -> None:
    """A reader types the national card's bar code, and Enter after it: the person is shown and nothing is issued.  A
    longer bar code holds the id.  A permit, a sheet, a hand-over, an extension or a slate before the reader, or an
    address on the internet, changes no field in any state of the desk."""
    person, before = synthetic(12), station.status()["counts"]
    desk(page, station)
    for read in (person, f"{person}139001", f"10{person}"):
        scan(page, read)
        answer(page, "yes")
        expect(page.locator("[data-fill=name]")).to_have_text("شهروند شمارهٔ ۱۲")
        press(page, "Escape")
        letters(page, "Digit1")
        word(page, "ثبت شد")
    strays = [f"A{kind}1{'0123456789ABCDEF' * 4}" for kind in "PSHEL"] + ["HTTPS12345678901", "1234567890123"]
    for stray in strays:
        press(page, "Escape")
        answer(page, "idle")
        scan(page, stray)
        word(page, "کد ملی نیست")
        expect(page.locator("#national-id")).to_have_value("")
    press(page, "Escape")
    digits(page, person)
    answer(page, "yes")
    for stray in strays:
        scan(page, stray)
    expect(page.locator("#traits")).to_contain_text("کارت ملی")
    answer(page, "yes")
    press(page, "Escape", "Escape")
    answer(page, "yes")
    press(page, "Escape")
    for stray in strays:
        scan(page, stray)
    word(page, "چرا تعرفه صادر نمی‌شود؟")
    letters(page, "Digit3")
    word(page, "ثبت شد")
    after = station.status()["counts"]
    assert after["permits"] == before["permits"]


@pytest.mark.parametrize(("person", "kind", "said"), [(UNDER_AGE, "no", "به سن رأی نرسیده"), (NOBODY, "ask", "سرپرست")])
def test_the_desk_says_why_not(page: Page, station: Station, person: str, kind: str, said: str) -> None:
    """The tenth digit is answered with colour, shape and words; a name is shown only where a permit can follow."""
    desk(page, station)
    digits(page, person)
    answer(page, kind)
    word(page, said)
    expect(page.locator("[data-fill=name]")).to_be_empty()


def test_not_this_person_is_undone_with_a_reason(page: Page, station: Station) -> None:
    """R-3.  The document is somebody else's: Esc, one key for the reason, no permit, one more refusal."""
    before = station.status()["counts"]
    desk(page, station)
    digits(page, synthetic(13))
    answer(page, "yes")
    press(page, "Escape")
    word(page, "چرا تعرفه صادر نمی‌شود؟")
    press(page, "Escape")  # and back
    answer(page, "yes")
    press(page, "Escape")
    letters(page, "Digit2")
    word(page, "ثبت شد: این شخص نبود")
    after = station.status()["counts"]
    assert (after["refused"], after["permits"]) == (before["refused"] + 1, before["permits"])


def test_an_appeal_is_heard_at_the_desk_itself(page: Page, station: Station) -> None:
    """C-1.  "I was not here": the answer says where and when, one key asks for two officers in the same field, a paper
    before the reader does not disturb their names, the same name twice is not taken, and the permit is issued."""
    check_in(page, station, synthetic(14))
    before = station.status()["counts"]["permits"]
    digits(page, synthetic(14))
    answer(page, "no")
    expect(page.locator("[data-fill=word]")).to_contain_text("پیش‌تر پذیرش شده: همین شعبه، ")
    press(page, "+")
    expect(page.locator("#ask")).to_have_text("نام مسئول نخست")
    page.keyboard.insert_text(OFFICERS[0])
    scan(page, "AP1" + "0123456789ABCDEF" * 4)
    expect(page.locator("#national-id")).to_have_value(OFFICERS[0])
    press(page, "Enter")
    page.keyboard.insert_text(OFFICERS[0])
    press(page, "Enter")
    expect(page.locator("[data-fill=next]")).to_contain_text("دو نفر جدا")
    page.keyboard.insert_text(OFFICERS[1])
    press(page, "Enter")
    answer(page, "told")
    assert station.status()["counts"]["permits"] == before + 1


def test_an_answer_leaves_the_screen_after_fifteen_seconds(page: Page, station: Station) -> None:
    """Nobody touches the desk.  After 15 s no name is on it, and one key brings the person back; a permit's answer
    clears by itself; after a minute and a half the person counts as gone, recorded."""
    page.clock.install()
    desk(page, station)
    digits(page, synthetic(15))
    answer(page, "yes")
    page.clock.fast_forward(14_000)
    answer(page, "yes")
    page.clock.fast_forward(1_100)
    word(page, "پوشیده شد")
    assert "شهروند شمارهٔ" not in page.content()
    press(page, "Enter")
    answer(page, "yes")
    press(page, "Enter")
    answer(page, "told")
    page.clock.fast_forward(15_100)
    answer(page, "idle")
    digits(page, synthetic(16))
    answer(page, "yes")
    before = station.status()["counts"]["refused"]
    page.clock.fast_forward(90_100)
    word(page, "ثبت شد")
    assert station.status()["counts"]["refused"] == before + 1


def test_documents_and_a_companion_are_one_key(page: Page, station: Station) -> None:
    """Before Enter: 2 is the birth certificate, * a relative who helps; both stand on the screen."""
    desk(page, station)
    digits(page, synthetic(17))
    answer(page, "yes")
    letters(page, "Digit2")
    expect(page.locator("#traits")).to_contain_text("شناسنامه")
    press(page, "*")
    expect(page.locator("#traits")).to_contain_text("خویشاوند")
    press(page, "Enter")
    answer(page, "told")


def test_the_strip_speaks_in_words(page: Page, station: Station) -> None:
    """The network is down: what to do, the register's age, the printer, who is on the way; booths are free or busy."""
    check_in(page, station, synthetic(18))
    strip = page.locator("#strip")
    for said in ("قطع است؛ ادامه دهید", "کهنه‌ترین", "دفتر: نسخهٔ ۱، امروز", "چاپگر سالم است", "در راه غرفه‌ها"):
        expect(strip).to_contain_text(said)
    expect(page.locator("#booths")).to_contain_text("غرفهٔ ۱ آزاد")


def test_a_pause_is_said_where_the_clerk_looks(page: Page, station: Station) -> None:
    """J-9.  The supervisor pauses: the idle desk says so and why within a look; and goes on when voting goes on."""
    desk(page, station)
    station.post("/api/pause", {"officers": OFFICERS, "reason": "قطع برق"})
    word(page, "درنگ کرده است")
    expect(page.locator("[data-fill=next]")).to_contain_text("قطع برق")
    station.post("/api/resume", {"officers": OFFICERS})
    word(page, "کد ملی را وارد کنید")


def to_tray(booth: Page) -> None:
    booth.keyboard.type(CODE)


def to_review(booth: Page) -> None:
    to_tray(booth)
    press(booth, "Enter")
    at(booth, "review")


def to_seal(booth: Page) -> None:
    to_review(booth)
    if booth.is_visible("[data-blank][aria-pressed=false]"):
        press(booth, "Digit0")
    press(booth, "Enter")
    at(booth, "seal")


def to_opened(booth: Page) -> None:
    to_seal(booth)
    press(booth, "*")
    at(booth, "opened")


@pytest.fixture
def booth(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    yield page
    page.close()


SCREENS: list[Callable[[Page], None]] = [to_tray, to_review, to_seal, to_opened]


@pytest.mark.parametrize("walk", SCREENS, ids=lambda walk: walk.__name__[3:])
def test_the_clerk_hears_of_a_voter_who_walks_away(
    page: Page, booth: Page, station: Station, walk: Callable[[Page], None]
) -> None:
    """The curtain falls after an idle minute at each screen.  Wanted: within two seconds of the desk page's own clock
    the alarm is there in words and shape, and names the booth; when the voter is back it ends by itself."""
    page.clock.install()
    slip = check_in(page, station, synthetic(20 + SCREENS.index(walk)))
    booth.clock.install()
    booth.goto(f"{station.base}/ballot")
    at(booth, "welcome")
    scan(booth, slip)
    at(booth, "tray")
    walk(booth)
    page.clock.pause_at(page.evaluate("Date.now()") + 1_000)
    expect(page.locator("#alarms")).to_be_hidden()
    with booth.expect_response("**/api/booth/away"):
        booth.clock.fast_forward(61_000)
    at(booth, "curtain")
    page.clock.run_for(2_000)
    expect(page.locator("#alarms")).to_be_visible(timeout=30_000)
    expect(page.locator("#alarms strong")).to_have_text("غرفهٔ ۱: رأی‌دهنده رفت و رأی نداده است")
    expect(page.locator("#booths")).to_contain_text("غرفهٔ ۱ پر")
    with booth.expect_response("**/api/booth/back"):
        scan(booth, slip)
    page.clock.run_for(2_000)
    expect(page.locator("#alarms")).to_be_hidden(timeout=30_000)
    station.post("/api/booth/leave", {})
    status = station.status()
    for alarm in status["alarms"]:
        station.post("/api/desk/void", {"serial": alarm["serial"], "officers": OFFICERS})


def test_two_officers_void_from_the_alarm_and_the_voter_who_returns_votes(
    page: Page, booth: Page, station: Station
) -> None:
    """C-7.  F8 at the alarm, two names: the booth refuses the permit and the alarm is over.  The voter comes back: the
    same ten digits, two officers, and another permit comes out; the first one opens no booth."""
    slip = check_in(page, station, synthetic(25))
    booth.goto(f"{station.base}/ballot")
    at(booth, "welcome")
    scan(booth, slip)
    at(booth, "tray")
    station.post("/api/booth/away", {})
    expect(page.locator("#alarms")).to_be_visible()
    press(page, "F8")
    two_officers(page)
    word(page, "تعرفه باطل شد")
    expect(page.locator("#alarms")).to_be_hidden()
    digits(page, synthetic(25))
    word(page, "باطل شده است")
    press(page, "+")
    two_officers(page)
    word(page, "تعرفه چاپ شد")
    booth.goto(f"{station.base}/ballot")
    at(booth, "welcome")
    scan(booth, slip)
    expect(booth.locator("[data-screen=welcome] .say").first).not_to_be_empty()
    expect(booth.locator("body")).to_have_attribute("data-at", "welcome")


def test_readers_of_cards_and_fingers(page: Page, tmp_path: Path) -> None:
    """A card laid on the reader asks by itself.  The finger does not match: three tries, then two officers.
    The next one matches and is eleven keys or fewer.  The journal holds how it ended and no measurement."""
    cards, fingers = tmp_path / "cards", tmp_path / "fingers"
    for folder in (cards, fingers):
        folder.mkdir()
    options = ("--reader", f"card:folder:{cards}", "--reader", f"biometric:folder:{fingers}?tries=3")
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh", *options) as station:
        station.post("/api/open", {"officers": OFFICERS})
        (fingers / f"{synthetic(10)}.template").write_bytes(b"\xaa" * 64)
        (fingers / f"{synthetic(11)}.template").write_bytes(b"\x0f" * 64)
        (fingers / "finger.sample").write_bytes(b"\x0f" * 64)
        desk(page, station)
        (cards / "one.card").write_text(synthetic(10), encoding="utf-8")
        answer(page, "yes")
        traits = page.locator("#traits")
        expect(traits).to_contain_text("تطبیق نشد؛ ۲ بار دیگر")
        press(page, "+")
        expect(traits).to_contain_text("تطبیق نشد؛ ۱ بار دیگر")
        press(page, "+")
        expect(traits).to_contain_text("تطبیق نشد؛ دو مسئول")
        press(page, "Enter")
        two_officers(page)
        answer(page, "told")
        (cards / "one.card").unlink()
        digits(page, synthetic(11))
        expect(traits).to_contain_text("تطبیق شد")
        press(page, "Enter")
        answer(page, "told")
        assert station.status()["counts"]["permits"] == 2
        page.goto("about:blank")  # before the station goes, or its page would ask it once more


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_state_of_the_desk_fits_and_is_accessible(page: Page, station: Station, size: tuple[int, int]) -> None:
    """With an alarm and without: nothing is cut off, targets measure 12 mm, contrast is 7:1, axe finds nothing."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    person, came = synthetic(30 + SIZES.index(size)), synthetic(40 + SIZES.index(size))
    check_in(page, station, came)
    desk(page, station)
    page.wait_for_selector(".booth-state")
    states(page, person, came)
    slip = check_in(page, station, synthetic(35 + SIZES.index(size)))
    station.post("/api/booth/permit", {"slip": slip})
    station.post("/api/booth/away", {})
    expect(page.locator("#alarms")).to_be_visible()
    press(page, "Escape")
    alarmed(page, person)
    (alarm,) = station.status()["alarms"]
    station.post("/api/desk/void", {"serial": alarm["serial"], "officers": OFFICERS})


def alarmed(page: Page, person: str) -> None:
    """The fullest states again, with the alarm above them."""
    judge(page, "idle, alarm")
    digits(page, person)
    answer(page, "yes")
    judge(page, "may vote, alarm")
    press(page, "Escape")
    judge(page, "why not, alarm")
    letters(page, "Digit1")
    word(page, "ثبت شد")


def states(page: Page, person: str, came: str) -> None:
    judge(page, "idle")
    digits(page, person)
    answer(page, "yes")
    judge(page, "may vote")
    press(page, "Escape")
    judge(page, "why not")
    letters(page, "Digit1")
    word(page, "ثبت شد")
    judge(page, "withdrawn")
    for refused, kind in ((UNDER_AGE, "no"), (NOBODY, "ask"), (came, "no")):
        digits(page, refused)
        answer(page, kind)
        judge(page, f"refused {refused}")
        press(page, "Escape")
    digits(page, came)
    answer(page, "no")
    press(page, "+")
    expect(page.locator("#ask")).to_have_text("نام مسئول نخست")
    judge(page, "officers")
    press(page, "Escape")
