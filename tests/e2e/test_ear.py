"""A voter who hears and has a number pad, the screen dark, in a real browser (B-6, B-7, B-9, M-7)."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.e2e.station import ROOT, Station, at, running, scan

from amanat.hq.elections import audio
from amanat.rules.national_id import synthetic

LIMIT_MS = 30_000
QUICK = """const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = async function () {
  await play.call(this);
  this.currentTime = Math.max(0, this.duration - 0.01);
};"""  # every file is decoded and plays, but for its last 10 ms alone
NAMES = """code,name_fa,name_en,mark_fa,phonetic_fa,photo
101,علی رضایی,Ali Rezaei,,,
102,مریم کریمی,Maryam Karimi,,مریَمِ کریمی,maryam.png
103,رضا احمدی,Reza Ahmadi,معلم,,
104,رضا احمدی,Reza Ahmadi,پزشک,,
105,زهرا موسوی,Zahra Musavi,,,
"""
EXPERTS = """code,name_fa,name_en
11,حسن صادقی,Hasan Sadeghi
12,لیلا نوری,Leila Nuri
"""
SECOND = """[[contest]]
id = "experts"
title = { fa = "مجلس خبرگان رهبری", en = "Assembly of Experts" }
seats = 1
max_choices = 1
candidates = "experts.csv"
unit_min = 50
unit_by = "stations"
count = "whole"

[stations]"""
SPOKEN = {
    f"{contest}/{row['code']}": row["name_fa"] + (f"، {row['mark_fa']}" if row.get("mark_fa") else "")
    for contest, text in (("majlis", NAMES), ("experts", EXPERTS))
    for row in csv.DictReader(text.splitlines())
}


def small_election(folder: Path) -> Path:
    """Up to three of five names, and one of two."""
    shutil.copytree(ROOT / "examples/damavand-firuzkuh", folder)
    (folder / "candidates.csv").write_text(NAMES, encoding="utf-8")
    (folder / "experts.csv").write_text(EXPERTS, encoding="utf-8")
    Image.new("RGB", (64, 64), "teal").save(folder / "maryam.png")
    file = folder / "election.toml"
    text = file.read_text(encoding="utf-8").replace("max_choices = 1", "max_choices = 3").replace("[stations]", SECOND)
    file.write_text(text, encoding="utf-8")
    return folder


def a_persons_voice(path: Path) -> None:
    """Stands for a recording: Opus that espeak-ng did not speak with our settings."""
    path.parent.mkdir(parents=True)
    wave = subprocess.run(["espeak-ng", "-v", "fa", "-p", "80", "--stdout", "لیلا"], capture_output=True, check=True)
    subprocess.run(["opusenc", "--quiet", "--ignorelength", "-", str(path)], input=wave.stdout, check=True)


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """An open station whose package has voices; Leila Nuri's is a person's."""
    folder = tmp_path_factory.mktemp("ear")
    a_persons_voice(folder / "recordings/experts/12.opus")
    election = small_election(folder / "election")
    with running(folder / "station", election, "--recordings", str(folder / "recordings")) as station:
        station.post("/api/open", {"officers": ["نسرین پارسا", "بهرام صفایی"]})
        yield station


UNTIL = """([condition, n, ms]) => new Promise((done) => {
  const end = performance.now() + ms;
  const met = {
    quiet: () => !window.speaking && window.transcript.length >= n,
    heard: () => window.transcript.length >= n,
    dark: () => "dark" in document.documentElement.dataset,
    forgotten: () => window.transcript.length === 0,
  }[condition];
  const look = () => (met() || performance.now() > end ? done(met()) : setTimeout(look, 10));
  look();
})"""


class Listener:
    """Ears: what was played since they were last asked, in Persian."""

    def __init__(self, page: Page, station: Station) -> None:
        self.page = page
        self.sentences = json.load(urlopen(f"{station.base}/audio/prompts/index.json", timeout=10)) | SPOKEN
        self.heard = 0

    def hears(self, act: Callable[[], object], *said: str) -> None:
        """The act is followed by exactly these, each to its end."""
        act()
        least = self.heard + len(said)
        self.wait("quiet", least)
        played = self.page.evaluate("window.transcript.slice()")[self.heard :]
        self.heard += len(played)
        assert [self.sentences[key] for key in played] == list(said)

    def wait(self, until: str, count: int = 0) -> None:
        self.page.evaluate(UNTIL, [until, count, LIMIT_MS])

    def press(self, *keys: str) -> Callable[[], None]:
        """Keys of the number pad alone."""
        return lambda: [self.page.keyboard.press(f"Numpad{key}") for key in keys] and None

    def hold(self, key: str, until: str) -> Callable[[], None]:
        """A key that is held until the page is seen to obey."""

        def act() -> None:
            self.page.keyboard.down(f"Numpad{key}")
            self.wait(until, self.heard + 1)
            self.page.keyboard.up(f"Numpad{key}")

        return act


def to_booth(page: Page, station: Station, person: str) -> tuple[Listener, str]:
    """At the booth's welcome with a permit in the hand."""
    slip = station.permit(person)
    page.add_init_script(QUICK)
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    return Listener(page, station), slip


TRAY = "کد نامزد را با رقم‌ها بزنید. برای کمک، ممیز را بزنید."
MAJLIS, EXPERTS_TITLE = "مجلس شورای اسلامی", "مجلس خبرگان رهبری"
FIRST = ("انتخابات", "۱", "از", "۲", MAJLIS, "حداکثر تعداد نام:", "۳")
SECOND_OF_TWO = ("انتخابات", "۲", "از", "۲", EXPERTS_TITLE, "جای یک نام است.", TRAY)
COUNT, FOUND = "تعداد نام‌های نوشته‌شده:", "نام‌های پیداشده:"
REVIEW = "بازبینی. با فهرست خود بسنجید. برای شنیدن نام‌ها یکی‌یکی، دکمهٔ ورود را بزنید."
WHITE = "در این انتخابات هیچ نامی ننوشته‌اید. اگر رأی سفید می‌دهید، صفر را بزنید. برای برگشت، یک را بزنید."
SEALED = (
    "رأی شما مُهر شد و کارت نخست چاپ شد. هنوز به صندوق نیفتاده است. برای انداختن به صندوق، دو بار دکمهٔ ورود را "
    "بزنید. برای آزمودن این دستگاه، ستاره را بزنید.",
    "آزمون‌های باقی‌مانده:",
)
OPENED = (
    "این رأی باز شد و شمرده نمی‌شود. کارت چاپ‌شده را بیرون از غرفه می‌توان دید. تعرفهٔ شما هنوز معتبر است. "
    "برای برگشت به نام‌ها، دکمهٔ ورود را بزنید."
)


def begin(ear: Listener, slip: str) -> None:
    """Sound on, screen dark, permit read."""
    ear.hears(ear.hold("Divide", "heard"), "صدا روشن است.", "خوش آمدید. کارت تعرفه را جلوی خواننده بگیرید.")
    ear.hears(ear.hold("0", "dark"), "صفحه تاریک شد. دوباره صفر را نگه دارید تا روشن شود.")
    ear.hears(lambda: scan(ear.page, slip), *FIRST, TRAY)


def choose_by_ear(ear: Listener) -> None:
    """One name by its code, a code of nobody, and one of two namesakes by letters."""
    for digit, heard in (("1", "۱"), ("0", "۰")):
        ear.hears(ear.press(digit), heard)
    ear.hears(ear.press("2"), "افزوده شد:", "مریم کریمی", COUNT, "۱", "از", "۳")
    for _ in range(2):
        ear.hears(ear.press("9"), "۹")
    ear.hears(ear.press("9"), "نامزدی با این کد نیست:", "۹", "۹", "۹")
    ear.hears(ear.hold("Subtract", "heard"), audio.prompts()["letters-on"])
    ear.hears(ear.press("4"), "۴", FOUND, "۴", "رضا احمدی، معلم")
    ear.hears(ear.press("5"), "۵", FOUND, "۳", "رضا احمدی، معلم")
    ear.hears(ear.press("Enter"), "رضا احمدی، پزشک")
    ear.hears(ear.press("Decimal"), "رضا احمدی، پزشک")
    ear.hears(ear.press("Multiply"), "افزوده شد:", "رضا احمدی، پزشک", COUNT, "۲", "از", "۳")


def review_white(ear: Listener) -> None:
    """The second contest stays empty: it is said, asked, and confirmed; every name is read before the seal."""
    ear.hears(ear.press("Multiply"), *SECOND_OF_TWO)
    ear.hears(ear.press("Multiply"), REVIEW)
    ear.hears(ear.press("Enter"), MAJLIS, COUNT, "۲")
    ear.hears(ear.press("Enter"), "۱", "مریم کریمی")
    ear.hears(ear.press("Enter"), "۲", "رضا احمدی، پزشک")
    ear.hears(ear.press("Enter"), EXPERTS_TITLE, COUNT, "۰", WHITE)
    ear.hears(ear.press("Multiply"), WHITE, REVIEW)
    ear.hears(ear.press("0"), "رأی سفید پذیرفته شد.", REVIEW)
    ear.hears(ear.press("Multiply"), *SEALED, "۵")


def test_a_whole_vote_by_ear_in_the_dark(page: Page, station: Station) -> None:
    """She turns the sound on and the screen off, and has nothing but the number pad: code, letters, white vote, review,
    a test of the machine, the second contest after all, the cast.  Wanted: the story below is all that is played, in
    this order; the screen stays black; a person's own voice says Leila Nuri; afterwards nothing of it is left."""
    ear, slip = to_booth(page, station, synthetic(10))
    begin(ear, slip)
    choose_by_ear(ear)
    review_white(ear)
    assert Image.open(io.BytesIO(page.screenshot())).convert("RGB").getcolors() == [(1280 * 800, (0, 0, 0))]
    ear.hears(ear.press("Multiply"), OPENED)
    ear.hears(ear.press("Enter"), *FIRST, COUNT, "۲", TRAY)
    ear.hears(ear.press("Enter"), *SECOND_OF_TWO)
    ear.hears(ear.press("1"), "۱")
    ear.hears(ear.press("2"), "افزوده شد:", "لیلا نوری")
    ear.hears(ear.press("Enter"), REVIEW)
    ear.hears(ear.press("Multiply"), *SEALED, "۴")
    ear.hears(ear.press("Enter"), "یک بار دیگر دکمهٔ ورود را بزنید تا رأی به صندوق بیفتد.")
    ear.hears(ear.press("Enter"), "رأی شما در صندوق است. کارت دوم را بردارید. هیچ نامی در آن نیست.")
    expect(page.locator("body")).to_have_attribute("data-at", "done")
    assert station.status()["counts"]["cast"] >= 1
    with page.expect_navigation():  # the next voter's page is a new process of the browser
        page.keyboard.press("NumpadEnter")
    at(page, "welcome")
    assert page.evaluate("window.transcript.length") == 0
    expect(page.locator("html[data-dark]")).to_have_count(0)


def test_who_leaves_without_a_vote_is_told_that_the_permit_is_good(page: Page, station: Station) -> None:
    """Headphones begin the speech, and two switches are spoken as they go.  Leaving asks again; the last sentence is
    heard before the page goes."""
    ear, slip = to_booth(page, station, synthetic(13))
    page.keyboard.press("NumpadEnter")  # a browser of a kiosk is told that pages may sound; this one wants a key first
    plug = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    ear.hears(lambda: page.evaluate(plug), "صدا روشن است.", "خوش آمدید. کارت تعرفه را جلوی خواننده بگیرید.")
    ear.hears(lambda: scan(page, slip), *FIRST, TRAY)
    for heard in ("انتخابات‌ها", "دکمهٔ خروج بدون رأی"):
        ear.hears(lambda: page.keyboard.press("F8"), heard)
    ear.hears(lambda: page.keyboard.press("F9"), "خروج بدون رأی؟ دوباره بزنید؛ تعرفه معتبر می‌ماند")
    with page.expect_request("**/audio/prompts/said-left.opus"), page.expect_navigation():
        page.keyboard.press("F9")
    at(page, "welcome")
    expect(page.locator("[data-fill=welcome]")).to_have_text("رأیی به صندوق نیفتاد؛ تعرفهٔ شما هنوز معتبر است")


def test_the_curtain_speaks_and_the_next_voter_begins_in_silence(page: Page, station: Station) -> None:
    """Help, speed and a refused paper are heard; after an idle minute the curtain says what it hides and her card goes
    on; another card under the same curtain finds no sound, no darkness and no transcript."""
    ear, slip = to_booth(page, station, synthetic(11))
    page.clock.install()
    ear.page.clock.resume()
    begin(ear, slip)
    ear.hears(ear.press("Divide"), audio.prompts()["help-tray"])
    ear.hears(ear.press("Subtract"), "تندی گفتار:", "۱")
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    ear.hears(lambda: None, audio.prompts()["curtain"])
    ear.hears(lambda: scan(page, slip), *FIRST, TRAY, "ادامه می‌دهیم.")
    page.clock.fast_forward(61_000)
    at(page, "curtain")
    ear.hears(lambda: None, audio.prompts()["curtain"])
    scan(page, station.permit(synthetic(12)))
    at(page, "tray")
    ear.wait("forgotten")
    assert page.evaluate("window.transcript.length") == 0
    expect(page.locator("html[data-dark]")).to_have_count(0)


def test_a_persons_voice_goes_before_the_synthetic_one(station: Station) -> None:
    """The recording lies in the package byte for byte and is what the booth gets; another name is espeak-ng's."""
    folder = station.slips.parent
    recorded = (folder.parent / "recordings/experts/12.opus").read_bytes()
    with urlopen(f"{station.base}/audio/experts/12.opus", timeout=10) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.read() == recorded
    with pytest.raises(HTTPError) as missing:
        urlopen(f"{station.base}/audio/experts/..%2Fprompts.opus", timeout=10)
    missing.value.close()
    assert missing.value.code == 404
    assert b"SYNTHETIC=" in (folder / "package/audio/experts/11.opus").read_bytes()


def test_a_photograph_of_the_package_is_shown(page: Page, station: Station) -> None:
    """Maryam's picture stands on the card of the name that was added last, and is kept by no cache."""
    page.goto(f"{station.base}/ballot")
    at(page, "welcome")
    scan(page, station.permit(synthetic(14)))
    at(page, "tray")
    with page.expect_response("**/api/photo/majlis/102") as shown:
        page.keyboard.type("102")
    assert shown.value.headers["cache-control"] == "no-store"
    assert shown.value.headers["content-type"] == "image/png"
    expect(page.locator("#photo")).to_be_visible()
    page.keyboard.type("101")
    expect(page.locator("#photo")).to_be_hidden()


def test_an_exercise_says_so_on_every_page(page: Page, tmp_path: Path) -> None:
    """An election whose id begins with `exercise-`: heading and watermark, also where no script has run yet."""
    with running(tmp_path / "station", ROOT / "examples/damavand-firuzkuh", "--exercise") as exercise:
        for name in ("ballot", "check-in", "supervisor"):
            page.goto(f"{exercise.base}/{name}")
            expect(page.locator("body[data-training]")).to_have_count(1)
            said = page.evaluate("getComputedStyle(document.body, '::after').content")
            assert said == '"آموزشی — رأی واقعی نیست"'
        assert exercise.status()["training"] is True
