"""Printers, clocks, settings and enrolment: the edges of a terminal, and their kind refusals."""

import asyncio
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.station.conftest import Booths, Election, StandingClock

from amanat.errors import AmanatError, BadInput, Rejected, Usage
from amanat.station import config, enrolment, keys, slip_drawing
from amanat.station.clock import SocketClock, SystemClock, open_clock
from amanat.station.printer import FolderPrinter, PrinterFault, Slip, SocketPrinter, open_printer
from amanat.station.terminal import Terminal

CAST = Slip("cast", 3, {"station": "شعبهٔ ۱۴", "code": "0000-0000", "ballot": "ab"}, "AS1" + "ABC123" * 40, True)


async def test_a_folder_keeps_every_slip_and_draws_one_in_three(tmp_path: Path) -> None:
    printer = open_printer(f"folder:{tmp_path}/slips?draw=3")
    for _ in range(4):
        await printer.print(CAST)
    kept = sorted(path.name for path in (tmp_path / "slips").glob("*.json"))
    assert len(kept) == 4
    assert json.loads((tmp_path / "slips" / kept[0]).read_text("utf-8"))["fields"]["ballot"] == "ab"
    drawn = sorted((tmp_path / "slips").glob("*.png"))
    assert [path.stem for path in drawn] == ["3-000000-cast", "3-000003-cast"]
    again = FolderPrinter(tmp_path / "slips")
    await again.print(CAST)
    assert len(list((tmp_path / "slips").glob("*.json"))) == 5, "a restart overwrote a slip"


def test_a_drawn_slip_has_ink_and_the_width_of_the_paper(tmp_path: Path) -> None:
    picture = Image.open(io.BytesIO(slip_drawing.draw(CAST.kind, CAST.fields, CAST.qr, True)))
    assert picture.width == slip_drawing.WIDTH
    assert picture.getextrema() == (0, 255)
    without = Image.open(io.BytesIO(slip_drawing.draw(CAST.kind, CAST.fields, None, False)))
    assert without.height < picture.height


async def test_a_printer_that_does_not_confirm_is_a_fault_and_the_next_slip_tries_again(tmp_path: Path) -> None:
    """The stand-in hangs up in the middle of the first slip.  Wanted: PrinterFault, then the second slip comes out."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        seen.append(json.loads(line)["kind"])
        if len(seen) > 1:
            writer.write(b"ok\n")
            await writer.drain()
        writer.close()

    printer = SocketPrinter(tmp_path / "p")
    with pytest.raises(PrinterFault):
        await printer.print(CAST)
    server = await asyncio.start_unix_server(serve, tmp_path / "p")
    with pytest.raises(PrinterFault):
        await printer.print(CAST)
    await printer.print(CAST)
    assert seen == ["cast", "cast"]
    printer._hang_up()
    server.close()


async def test_sleepers_wake_when_the_served_clock_passes_and_wait_while_it_is_away(tmp_path: Path) -> None:
    """The rehearsal's clock jumps an hour, its server dies and comes back: nobody wakes early, nobody is forgotten."""
    lines: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        writer.write(b"%d\n" % now)

    now = 1_000_000
    path = tmp_path / "clock"
    server = await asyncio.start_unix_server(serve, path)
    clock = await open_clock(f"unix:{path}")
    assert isinstance(clock, SocketClock)
    assert (clock.now_ms(), clock.monotonic_ms(), len(clock.boot_id)) == (now, 0, 16)
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0.02)
    lines[0].write(b"1000001\n4599999\nnonsense\n")
    await asyncio.sleep(0.02)
    assert clock.now_ms() == 4_599_999
    assert not sleeper.done()
    server.close()
    lines[0].transport.abort()
    await asyncio.sleep(0.02)
    now = 4_600_000
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(serve, path)
    await asyncio.wait_for(sleeper, 5)
    assert clock.monotonic_ms() == 3_600_000
    await clock.close()
    for line in lines:
        line.close()
    server.close()


async def test_a_clock_that_is_set_wakes_nobody(tmp_path: Path) -> None:
    """The served clock shows three days later, then the day before, while a minute passes.  Wanted: who sleeps for an
    hour sleeps on through both, and time since boot goes on by the minute alone."""
    lines: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        writer.write(b"900000000 1000\n")

    server = await asyncio.start_unix_server(serve, tmp_path / "clock")
    clock = await open_clock(f"unix:{tmp_path / 'clock'}")
    sleeper, minute = asyncio.create_task(clock.sleep(3600)), asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    lines[0].write(b"1159200000 1000\n813600000 61000\n")
    await asyncio.wait_for(minute, 30)
    assert clock.now_ms() == 813_600_000
    assert not sleeper.done()
    assert clock.monotonic_ms() == 60_000
    lines[0].write(b"813600000 3601000\n")
    await asyncio.wait_for(sleeper, 30)
    await clock.close()  # type: ignore[attr-defined]
    lines[0].close()
    server.close()


async def test_the_systems_clock_names_its_boot() -> None:
    clock = SystemClock()
    before = clock.monotonic_ms()
    await clock.sleep(0.001)
    assert clock.monotonic_ms() >= before
    assert clock.now_ms() > 1_700_000_000_000
    assert len(clock.boot_id) == 16


@pytest.mark.parametrize("text", ["sundial", "unix:/nowhere/at/all"])
async def test_a_clock_that_cannot_be_had_is_said(text: str) -> None:
    with pytest.raises(Usage) as fault:
        await open_clock(text)
    assert text in fault.value.both()


@pytest.mark.parametrize(
    "text",
    ["quill:", "folder:", "folder:x?draw=many", "socket:", "escpos:", "escpos-tcp:9100", "escpos-tcp:h:70000"],
)
def test_a_printer_that_cannot_be_had_is_said(text: str) -> None:
    with pytest.raises(Usage) as fault:
        open_printer(text)
    assert text in fault.value.both()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('terminal = "one"', "terminal"),
        ('colour = "red"', "colour"),
        ("peers = [1", "TOML"),
        ('station = ""', "station"),
    ],
)
def test_wrong_settings_name_file_and_field(election: Election, line: str, field: str) -> None:
    path = election.home("S1", 1) / "terminal.toml"
    kept = [row for row in path.read_text("utf-8").splitlines() if row.split(" ")[0] != line.split(" ")[0]]
    path.write_text("\n".join([*kept, line]), encoding="utf-8")
    with pytest.raises(BadInput) as fault:
        config.read(path.parent)
    assert field in fault.value.say("en")
    assert str(path) in fault.value.say("fa")


def test_settings_are_read_as_they_were_written(election: Election) -> None:
    home = election.home("S2", 2)
    settings = config.read(home)
    assert (settings.station, settings.terminal, settings.roles, settings.peers) == ("S2", 2, 2, ("unix:../S2-1/s",))
    replace(settings, printer='folder:a "quoted" چاپ').write(home)
    assert config.read(home).printer == 'folder:a "quoted" چاپ'


def refused(act: object) -> str:
    assert callable(act)
    with pytest.raises(AmanatError) as fault:
        act()
    assert fault.value.say("fa") != fault.value.say("en")
    return fault.value.code


def test_enrolment_refuses_what_would_break_the_chain_of_trust(election: Election, tmp_path: Path) -> None:
    """K-8.  A second key for one device, a package of others, a forged certificate, yesterday's register, a missing
    file, a wrong passphrase: each is refused in its own words, and nothing is loaded."""
    home, package = election.home("S1", 1), election.package
    words = tmp_path / "words"
    words.write_text("three officers\n", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.write_text("\n", encoding="utf-8")
    assert (
        refused(lambda: enrolment.enrol(home, station="S1", terminal=1, passphrase=words)) == "device-enrolled-already"
    )
    assert refused(lambda: keys.read_passphrase(empty)) == "passphrase-missing"
    assert refused(lambda: keys.unseal(home, "three officers")) == "passphrase-wrong"
    stranger = tmp_path / "stranger"
    enrolment.enrol(stranger, station="S1", terminal=9, passphrase=words)
    assert refused(lambda: enrolment.load(stranger, package)) == "device-not-in-package"
    assert refused(lambda: enrolment.load(tmp_path, package)) == "terminal-not-loaded"
    for name, code in [
        ("devices.seq", "certificate-not-signed"),
        ("register.bin", "register-not-of-this-election"),
        ("stations.json", "package-incomplete"),
    ]:
        broken = tmp_path / f"broken-{name}"
        shutil.copytree(package, broken)
        if name == "stations.json":
            (broken / name).unlink()
        else:
            content = bytearray((broken / name).read_bytes())
            content[4_100 if name == "register.bin" else -70] ^= 1  # somebody's name
            (broken / name).write_bytes(content)
            election.sign_package(broken)  # headquarters' own mistake, under its own signature
        assert refused(lambda broken=broken: enrolment.load(home, broken)) == code


async def test_a_key_of_another_device_does_not_start(election: Election, booths: Booths, clock: StandingClock) -> None:
    """Somebody copies a sealed key into another terminal's home: the certificate there is not this key's."""
    shutil.copyfile(election.home("S2", 1) / keys.FILE, election.home("S1", 1) / keys.FILE)
    with pytest.raises((BadInput, Rejected)) as fault:
        Terminal(election.home("S1", 1), clock)
    assert fault.value.code == "device-not-in-package"


def test_numbers_on_paper_are_persian_and_codes_are_not() -> None:
    """A count of 120 is read as ۱۲۰ beside its Persian label; a serial is typed as it stands."""
    assert slip_drawing.shown("cast", "120") == "۱۲۰"
    assert slip_drawing.shown("serial", "0a12") == "0a12"
