"""K-11.  The day before: what the checklist ticks, what it does not, and what a line really carries."""

import asyncio
import csv
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from tests.station.conftest import PASSPHRASE, Booths, Election, StandingClock
from tests.station.test_link import Headquarters

from amanat.cli.main import main
from amanat.records.readiness import CHECKLIST, MEASURE, Checklist, Line, Mark, Measurement, SignedReport
from amanat.station import acceptance, burn_in, checklist, config, keys, run
from amanat.station.acceptance import Minute, percentile, summary
from amanat.station.checklist import Checker
from amanat.station.package import Identity, read_package
from amanat.station.terminal import Terminal


class Wire:
    """Headquarters' echo: loses every n-th probe where told to, and answers pushes at ``ms``."""

    def __init__(self, hq: Headquarters) -> None:
        self.hq = hq
        self.lost_every = 0
        self.asked = 0
        self.ms = StandingClock().ms
        self.runner: web.AppRunner | None = None
        self.url = ""

    async def echo(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.lost_every and self.asked % self.lost_every == 0:
            return web.Response(status=503)
        return web.Response(body=await request.read())

    async def push(self, request: web.Request) -> web.Response:
        return web.Response(body=self.hq.side.receive(await request.read(), self.ms))

    async def up(self) -> None:
        application = web.Application(client_max_size=4 << 20)
        application.router.add_post(acceptance.PATH, self.echo)
        application.router.add_post("/sync/v1/push", self.push)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"


@pytest.fixture(autouse=True)
def _short_burn_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burn_in, "FRAMES", 2)


@pytest_asyncio.fixture
async def line(election: Election) -> AsyncIterator[Wire]:
    package = read_package(election.package)
    made = Wire(Headquarters(election, package.certificates))
    await made.up()
    yield made
    assert made.runner is not None
    await made.runner.cleanup()


def seed_of(home: Path) -> bytes:
    return keys.unseal(home, PASSPHRASE)


def good_machine(folder: Path) -> tuple[Path, Path]:
    """(/sys/class/power_supply, /proc) of a machine on which nothing is missing."""
    supplies, proc = folder / "power", folder / "proc"
    for name, content in {
        "AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery", "BAT0/status": "Full", "BAT0/capacity": "97",
    }.items():  # fmt: skip
        (supplies / name).parent.mkdir(parents=True, exist_ok=True)
        (supplies / name).write_text(f"{content}\n", encoding="ascii")
    (proc / "net").mkdir(parents=True)
    (proc / "net/route").write_text("Iface Destination Gateway\neth0 0000A8C0 00000000 1 0 0 0 00FFFFFF\n")
    (proc / "swaps").write_text("Filename Type Size Used Priority\n", encoding="ascii")
    return supplies, proc


def checker(election: Election, clock: StandingClock, station: str = "S1", number: int = 1, **more: Any) -> Checker:
    home = election.home(station, number)
    supplies, proc = good_machine(election.folder / f"machine-{station}-{number}")
    return Checker(home, seed_of(home), clock, power=supplies, proc=proc, **more)


async def lines_of(of: Checker) -> dict[str, Line]:
    return {line.key: line for line in (await of.run()).lines}


def marks(lines: dict[str, Line]) -> dict[str, Mark]:
    return {key: Mark(line.mark) for key, line in lines.items()}


async def test_a_terminal_with_everything(election: Election, clock: StandingClock, line: Wire) -> None:
    """The gateway of S1 with a line, a battery and the leaflet's hash.  Wanted: what can be good is; audio is missing
    in this package, the media are on one disk, the printer is a folder, and that is said."""
    home = election.home("S1", 1)
    replace(config.read(home), link_url=line.url, narrow="folder:modem?command=cat").write(home)
    lines = await lines_of(checker(election, clock, leaflet=election.eh.hex()[:8]))
    assert marks(lines) == {
        "package": Mark.GOOD, "election": Mark.GOOD, "key": Mark.GOOD, "register": Mark.GOOD, "audio": Mark.MISSING,
        "media": Mark.MISSING, "medium_a": lines["medium_a"].mark, "medium_b": lines["medium_b"].mark,
        "printer": Mark.LATER, "link": Mark.GOOD, "clock": Mark.GOOD, "measured": Mark.LATER, "narrow": Mark.GOOD,
        "power": Mark.GOOD, "officers": Mark.LATER, "swap": Mark.GOOD,
    }  # fmt: skip
    assert lines["clock"].fact == "+0.0 s"
    assert lines["audio"].fact == "0 of 45"
    assert "voters" in lines["medium_a"].fact
    assert list((home / "slips").glob("*-check.json"))
    assert set(checklist.words()) == set(lines) | {"route", "colleagues"}


async def test_every_line_has_its_words() -> None:
    for key, words in checklist.words().items():
        assert set(words) == {"fa", "en", "todo_fa", "todo_en"}, key
        assert len(set(words.values())) == 4, key


@dataclass
class Scene:
    """The gateway of S1 before something goes wrong with it."""

    home: Path
    settings: config.Settings
    wire: Wire
    patch: pytest.MonkeyPatch
    leaflet: str


def change_the_package(scene: Scene) -> None:
    path = scene.home / "package/candidates.json"
    content = path.read_bytes()
    path.unlink()  # it is one file with the package of all
    path.write_bytes(content + b" ")


def take_another_leaflet(scene: Scene) -> None:
    scene.leaflet = "ff" * 8


def set_the_clock_back(scene: Scene) -> None:
    scene.wire.ms += 120_000


def let_an_impostor_answer(scene: Scene) -> None:
    scene.wire.hq.side._seed = b"i" * 32


def cut_the_line(scene: Scene) -> None:
    scene.settings = replace(scene.settings, link_url="http://127.0.0.1:9")


def pull_the_plug(scene: Scene) -> None:
    folder = scene.home.parent / "machine-S1-1/power"
    scene.settings = replace(scene.settings, power=str(folder.with_name("off")))
    shutil.copytree(folder, folder.with_name("off"))
    (folder.with_name("off") / "AC/online").write_text("0\n", encoding="ascii")


def take_the_paper_out(scene: Scene) -> None:
    (scene.home / "paper").mkdir()
    (scene.home / "paper/state").write_text("paper-out", encoding="ascii")
    scene.settings = replace(scene.settings, printer="escpos-file:paper")


def block_a_disk(scene: Scene) -> None:
    (scene.home / "file").write_text("", encoding="ascii")
    scene.settings = replace(scene.settings, medium_b="file/medium-b")


def slow_a_disk(scene: Scene) -> None:
    scene.patch.setattr(checklist, "SYNC_SECONDS_MOST", -1.0)


def let_a_disk_lie(scene: Scene) -> None:
    scene.patch.setattr(burn_in, "_frame", lambda number: os.urandom(burn_in.FRAME))


def fill_a_disk(scene: Scene) -> None:
    scene.patch.setattr(checklist, "VOTERS_WANTED", 1 << 60)


def lose_the_modem(scene: Scene) -> None:
    scene.settings = replace(scene.settings, narrow="folder:modem?command=no-such-modem")


@pytest.mark.parametrize(
    ("go_wrong", "key"),
    [
        (change_the_package, "package"),
        (take_another_leaflet, "election"),
        (set_the_clock_back, "clock"),
        (let_an_impostor_answer, "link"),
        (cut_the_line, "link"),
        (pull_the_plug, "power"),
        (take_the_paper_out, "printer"),
        (block_a_disk, "medium_b"),
        (slow_a_disk, "medium_a"),
        (let_a_disk_lie, "medium_a"),
        (fill_a_disk, "medium_a"),
        (lose_the_modem, "narrow"),
    ],
)
async def test_what_is_wrong_is_missing_and_the_rest_is_asked_all_the_same(
    election: Election,
    clock: StandingClock,
    line: Wire,
    go_wrong: Callable[[Scene], None],
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One thing is wrong on a terminal.  Wanted: its line is not ticked; right before, it was not missing."""
    home = election.home("S1", 1)
    settings = replace(config.read(home), link_url=line.url, narrow="folder:modem?command=cat")
    settings.write(home)
    scene = Scene(home, settings, line, monkeypatch, election.eh.hex()[:16])
    before = await lines_of(checker(election, clock, leaflet=scene.leaflet))
    go_wrong(scene)
    scene.settings.write(home)
    after = await lines_of(again(election, clock, leaflet=scene.leaflet))
    assert before[key].mark != Mark.MISSING
    assert after[key].mark == Mark.MISSING
    assert {"printer", "power", "swap"} <= set(after)


async def test_a_booth_has_no_way_out_and_finds_its_colleagues(
    election: Election, booths: Booths, clock: StandingClock
) -> None:
    """Booth 2 of S2.  Wanted: its desk answers with the same election; without it, or with a default route, or with
    swap, the lines say so.  It has no line to headquarters and is asked for none."""
    home = election.home("S2", 2)
    desk = booths.start("S2", 1)
    server = await run._listen_at(desk.settings.listen, desk.home, Answering(desk))
    of = checker(election, clock, "S2", 2)
    lines = await lines_of(of)
    assert marks(lines)["colleagues"] == marks(lines)["route"] == Mark.GOOD
    assert "same" in lines["colleagues"].fact
    assert not {"link", "clock", "measured", "register"} & set(lines)
    server.close()
    (desk.home / "s").unlink(missing_ok=True)
    (of.proc / "net/route").write_text("Iface Destination\neth0 00000000 0100A8C0 3 0 0 0 00000000\n", encoding="ascii")
    (of.proc / "net/ipv6_route").write_text(" ".join(["0" * 32, "00", *["0"] * 7, "wlan0"]) + "\n", encoding="ascii")
    (of.proc / "swaps").write_text("Filename\n/dev/sda2 partition 1 0 -2\n", encoding="ascii")
    lines = await lines_of(of)
    assert marks(lines)["colleagues"] == marks(lines)["route"] == Mark.MISSING
    assert (lines["route"].fact, lines["swap"].fact) == ("eth0 wlan0", "/dev/sda2")
    assert "silent" in lines["colleagues"].fact
    assert home.is_dir()


class Answering:
    """A colleague's application as far as a checklist asks it."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps(self._terminal.status()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


def test_the_command_ticks_signs_and_exits_one(election: Election, capsys: pytest.CaptureFixture[str]) -> None:
    """`amanat station check HOME --json`, then for people.  Wanted: exit 1 while something is missing, a signed file
    that verifies under the certificate, both languages with what to do."""
    home = election.home("S1", 1)
    assert main(["station", "check", str(home), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    signed = SignedReport.decode(Path(told["signed"]).read_bytes())
    identity = Identity(read_package(home / "package"), 0, b"")
    assert signed.is_by(identity.certificate.key, CHECKLIST, identity.eh)
    assert not signed.is_by(identity.certificate.key, MEASURE, identity.eh)
    made = Checklist.decode(signed.report)
    assert [line.key for line in made.lines] == [row["key"] for row in told["lines"]]
    assert not made.is_ready
    assert main(["station", "check", str(home)]) == 1
    shown = capsys.readouterr().out
    assert "✗ صدای همهٔ نامزدها در بسته هست · The package has a voice for every candidate (0 of 45)" in shown
    assert "Take a package with audio" in shown
    assert "آماده نیست" in shown


def test_a_checklist_without_a_missing_line_is_ready() -> None:
    lines = (Line("swap", Mark.GOOD, ""), Line("power", Mark.LATER, ""))
    assert Checklist(1, 2, lines).is_ready
    assert not Checklist(1, 2, (*lines, Line("media", Mark.MISSING, ""))).is_ready


async def test_the_line_is_measured_and_the_log_is_signed(
    election: Election, clock: StandingClock, line: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three minutes; every fifth probe is lost.  Wanted: a row a minute, loss counted, the log's digest signed; the
    checklist reads it and says that 24 hours are not there yet."""
    home = election.home("S1", 1)
    replace(config.read(home), link_url=line.url).write(home)
    identity = Identity(read_package(home / "package"), 0, seed_of(home))
    line.lost_every = 5
    monkeypatch.setattr(acceptance, "MINUTE", 0.0)
    rows: list[str] = []
    made, path = await acceptance.measure(home, identity, url=line.url, ca=None, minutes=3, told=rows.append)
    log = await asyncio.to_thread(path.with_suffix(".csv").read_text, "ascii")
    table = list(csv.DictReader(log.splitlines()))
    assert [row["minute"] for row in table] == ["1", "2", "3"]
    assert "".join(rows) == log.removeprefix(acceptance.HEAD)
    assert sum(int(row["lost"]) for row in table) == made.lost == 6
    assert made.probes == 3 * acceptance.PROBES
    assert made.median_us
    assert made.median_kbit
    signed = SignedReport.decode(path.read_bytes())
    assert signed.is_by(identity.certificate.key, MEASURE, identity.eh)
    assert Measurement.decode(signed.report) == made
    assert made.log_digest == hashlib.sha256(log.encode()).digest()
    lines = await lines_of(checker(election, clock))
    assert (lines["measured"].mark, "20.0 % lost" in lines["measured"].fact) == (Mark.LATER, True)
    stranger = SignedReport(signed.report, 0, bytes(64))
    path.write_bytes(stranger.encode())
    assert (await lines_of(again(election, clock)))["measured"].mark == Mark.MISSING


def again(election: Election, clock: StandingClock, **more: Any) -> Checker:
    home = election.home("S1", 1)
    machine = election.folder / "machine-S1-1"
    return Checker(home, seed_of(home), clock, power=machine / "power", proc=machine / "proc", **more)


async def test_a_dead_line_has_no_figures(election: Election) -> None:
    """Nobody there.  Wanted: everything lost, an outage of all minutes, and no figure that was not measured."""
    home = election.home("S1", 1)
    identity = Identity(read_package(home / "package"), 0, seed_of(home))
    url = "http://127.0.0.1:9"
    made, path = await acceptance.measure(home, identity, url=url, ca=None, minutes=1, told=lambda row: None)
    assert (made.probes, made.lost, made.longest_outage_minutes) == (10, 10, 1)
    assert (made.median_us, made.p95_us, made.median_kbit, made.least_kbit) == (None, None, None, None)
    assert path.with_suffix(".csv").read_text("ascii").splitlines()[1].endswith(",10,10,,,")


def test_the_summary_adds_up() -> None:
    """Outages are runs of minutes without any answer; percentiles are of all probes."""
    minute = Minute(0, (0.1, 0.2), 8, 2e6)
    dead = Minute(1, (), 10, None)
    made = summary([minute, dead, dead, minute, dead], device=1, url="u", from_ms=0, log_digest=bytes(32))
    assert (made.probes, made.lost, made.longest_outage_minutes) == (50, 46, 2)
    assert (made.median_us, made.p95_us, made.median_kbit, made.least_kbit) == (100_000, 200_000, 2000, 2000)
    assert [percentile([3.0, 1.0, 2.0], share) for share in (1, 50, 100)] == [1.0, 2.0, 3.0]
    assert percentile([], 50) is None
    assert summary([], device=1, url="u", from_ms=7, log_digest=bytes(32)).to_ms == 7


@pytest.mark.parametrize("arguments", [["--minutes", "0"], ["--hours", "0"], ["--minutes", "99999"]])
def test_a_length_that_is_none_is_said(election: Election, arguments: list[str]) -> None:
    home = election.home("S1", 1)
    assert main(["station", "measure", str(home), "--url", "http://127.0.0.1:9", *arguments]) == 2


def test_a_terminal_without_a_line_measures_none(election: Election, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["station", "measure", str(election.home("S1", 1)), "--minutes", "1"]) == 2
    assert "link_url" in capsys.readouterr().err


def test_measuring_by_command(election: Election, capsys: pytest.CaptureFixture[str]) -> None:
    """`amanat station measure HOME --minutes 1` against nobody: exit 1, the signed file all the same."""
    home = election.home("S1", 1)
    assert main(["station", "measure", str(home), "--url", "http://127.0.0.1:9", "--minutes", "1"]) == 1
    assert Path(json.loads(capsys.readouterr().out)["signed"]).is_file()


def test_a_plain_address_is_not_loaded(election: Election, capsys: pytest.CaptureFixture[str]) -> None:
    home = election.home("S1", 1)
    assert main(["station", "load", str(home), str(election.package), "--link-url", "http://hq.example"]) == 2
    assert "https" in capsys.readouterr().err


def test_the_burn_in_leaves_nothing(tmp_path: Path) -> None:
    found = burn_in.burn_in(tmp_path / "medium")
    assert found.is_same
    assert found.free_bytes > 0
    assert not list((tmp_path / "medium").iterdir())
