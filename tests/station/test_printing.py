"""Slips on paper: what comes out of a thermal printer, what a telephone reads on it, and what the printer admits."""

import asyncio
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.station.thermal import ANSWER, Thermal, paper_of, scanned

from amanat.records import ballot, base32, permit, sheet
from amanat.records.manifest import Contest
from amanat.station import escpos, slip_drawing
from amanat.station.clock import SystemClock
from amanat.station.escpos import EscposPrinter
from amanat.station.printer import PrinterFault, Slip, SlipPrinter, open_printer

STATION = {"station": "شعبهٔ ۱۴؛ دبستان شهید رجایی دماوند"}
CODE = STATION | {"code": base32.code(bytes(range(32))), "ballot": "ab"}
COUNTS = dict.fromkeys(slip_drawing.COUNTS, "1000")
BINDING = {"device": "2", "hash": "0123456789abcdef"}
DAY = "۱۱ اسفند ۱۴۰۲"
CAST = Slip("cast", 3, CODE, "AS1" + base32.encode(bytes(range(110))))


def text(head: str, size: int) -> str:
    return head + base32.encode(os.urandom(size))


SLIPS = [
    Slip("permit", 3, STATION | {"serial": "0a" * 16, "ballot_terminal": "2"}, text("AP1", 300)),
    Slip("prepared", 3, CODE, text("AS1", 640)),
    CAST,
    Slip("test", 3, CODE, "https://verify.example/test#" + text("AS1", 1100)),
    *(Slip(kind, 3, STATION | COUNTS | BINDING, text("AH1", 260)) for kind in ("zero", "hourly", "closing")),
    Slip("check", 3, STATION, text("AT1", 40)),
]


@pytest.mark.parametrize("training", [False, True], ids=["real", "training"])
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.kind)
async def test_a_telephone_reads_every_slip_as_the_printer_gets_it(tmp_path: Path, slip: Slip, training: bool) -> None:
    """B-6, B-7, J-6.  Real bytes for a real printer, turned back into paper.  Wanted: the QR says what it should, with
    DUPLICATE and the training watermark on it."""
    printer = SlipPrinter(open_printer(f"escpos-file:{tmp_path}"), training, DAY)
    await printer.print(replace(slip, duplicate=True))
    page = paper_of((tmp_path / "000000.escpos").read_bytes())
    assert page.width == slip_drawing.WIDTH
    assert scanned(page) == [slip.qr]
    assert slip.qr


def test_each_mark_changes_the_paper() -> None:
    """A duplicate, a training slip and another kind cannot look like the first print of a real one."""
    drawn = [
        slip_drawing.draw("cast", CODE, CAST.qr, False),
        slip_drawing.draw("cast", CODE, CAST.qr, True),
        slip_drawing.draw("cast", CODE, CAST.qr, False, training=True),
        slip_drawing.draw("prepared", CODE, CAST.qr, False),
    ]
    assert len(set(drawn)) == len(drawn)


def test_the_day_stands_on_sheets_and_on_nothing_else() -> None:
    """Date on a sheet; on a voter's slip nothing that says when."""
    for slip in SLIPS:
        with_day = slip_drawing.draw(slip.kind, slip.fields, slip.qr, False, day=DAY)
        without = slip_drawing.draw(slip.kind, slip.fields, slip.qr, False)
        assert (with_day != without) == (slip.kind in slip_drawing.SHEETS), slip.kind


def tehran_contest() -> Contest:
    from amanat.records.manifest import Candidate

    people = tuple(Candidate(f"{1001 + n}", "نام", "name") for n in range(3545))
    return Contest("majlis", 30, 30, 0, 2, 1, people)


def test_thirty_of_3545_fit_the_paper() -> None:
    """The largest slip, a test opening of 30 among 3,545 names with its address, keeps three dots a module."""
    contest = tehran_contest()
    limbs = ballot.limb_count(len(contest.candidates), contest.max_choices)
    issued = permit.IssuedPermit(os.urandom(190), os.urandom(64), b"")
    core = ballot.Core(issued.permit, issued.signature, (os.urandom(64 * limbs),), (os.urandom(64 * limbs),)).encode()
    codes = [candidate.code for candidate in contest.candidates[:30]]
    opening = ballot.test_slip(
        id=bytes(32), signature=os.urandom(64), core=core, choices=[codes], randomness=[os.urandom(32 * limbs)]
    )
    slip = slip_drawing.picture("test", CODE, f"https://verify.example/test#{opening}", False)
    assert scanned(slip.convert("L")) == [f"https://verify.example/test#{opening}"]
    with pytest.raises(PrinterFault, match="too large"):
        slip_drawing.picture("test", CODE, "A" * 4297, False)


def test_fields_of_a_sheet_are_those_that_are_signed_and_have_persian_names() -> None:
    """What stands on a sheet, signed or beside it, has a name in Persian: no field shows as a program calls it."""
    beside = {"room", "extended", "paper", "approved", "hash", "station", "device"}
    assert {*slip_drawing.COUNTS, *beside} <= set(slip_drawing.LABELS)
    assert set(slip_drawing.COUNTS) <= set(sheet.Sheet.__dataclass_fields__)


@pytest.fixture
def thermal() -> Iterator[Thermal]:
    made = Thermal()
    yield made
    made.close()


async def test_a_device_file_prints_and_confirms(thermal: Thermal) -> None:
    """`escpos:/dev/…`: the paper that comes out is the paper that was drawn."""
    printer = open_printer(f"escpos:{thermal.path}")
    await printer.print(CAST)
    assert scanned(paper_of(bytes(thermal.got))) == [CAST.qr]
    assert printer.state == "good"


async def test_a_network_printer_prints_and_confirms(thermal: Thermal) -> None:
    """`escpos-tcp:HOST:PORT`, port 9100 of a real one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        paper = bytearray()
        while byte := await reader.read(1):
            paper += byte
            if paper[-3:-1] == b"\x10\x04":
                writer.write(bytes([ANSWER]))
            elif paper.endswith(escpos.PAPER_IN_TURN):
                got.append(bytes(paper[: -len(escpos.PAPER_IN_TURN)]))
                writer.write(b"\x00")
        writer.close()

    got: list[bytes] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await open_printer(f"escpos-tcp:127.0.0.1:{port}").print(CAST)
    begin = got[0].index(escpos.INITIALISE)
    assert scanned(paper_of(got[0][begin:])) == [CAST.qr]
    server.close()


@pytest.mark.parametrize(
    ("says", "code", "state"),
    [
        ({4: 0b0110_0000}, "printer-paper-out", "failed"),
        ({2: 0b0000_0100}, "printer-cover-open", "failed"),
        ({3: 0b0010_0000}, "printer-broken", "failed"),
        ({1: 0b0000_1000}, "printer-broken", "failed"),
        ({1: 0b1000_0000}, "printer-silent", "failed"),
        ({4: 0b0000_1100}, "", "paper-low"),
    ],
)
async def test_the_printer_is_asked_before_anything_is_sent(
    thermal: Thermal, says: dict[int, int], code: str, state: str
) -> None:
    """No paper, an open cover, a fault, no printer at all at the device file: said in one sentence, nothing printed,
    and the same slip later is no duplicate.  Little paper prints."""
    thermal.says = says
    printer = SlipPrinter(open_printer(f"escpos:{thermal.path}"), False, DAY)
    if code:
        with pytest.raises(PrinterFault) as fault:
            await printer.print(CAST)
        assert fault.value.code == code
        assert thermal.got == b""
        assert not printer._unknown
    else:
        await printer.print(CAST)
    assert printer.state == await printer.check() == state


async def test_a_slip_that_nobody_confirmed_comes_again_as_a_duplicate(thermal: Thermal) -> None:
    """Power of the printer fails in the middle of the picture.  Wanted: a fault, and the reprint says DUPLICATE."""
    printer = SlipPrinter(open_printer(f"escpos:{thermal.path}"), False, DAY)
    thermal.dies_after = 9000
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(escpos, "PRINT_SECONDS_MAX", 0.2)
        with pytest.raises(PrinterFault) as fault:
            await printer.print(CAST)
    assert (fault.value.code, printer.state) == ("slip-not-printed", "failed")
    thermal.dies_after = None
    thermal.got.clear()
    await printer.print(CAST)
    again = paper_of(bytes(thermal.got))
    wanted = Image.open(io.BytesIO(slip_drawing.draw("cast", CODE, CAST.qr, True))).convert("L")
    assert again.tobytes() == wanted.tobytes()
    thermal.got.clear()
    await printer.print(CAST)
    first = Image.open(io.BytesIO(slip_drawing.draw("cast", CODE, CAST.qr, False))).convert("L")
    assert paper_of(bytes(thermal.got)).tobytes() == first.tobytes(), "it was confirmed: whoever prints again says so"


async def test_an_empty_roll_is_seen_before_a_voter_waits_for_it(thermal: Thermal) -> None:
    """Nobody prints; the roll runs low, then out.  Wanted: the state follows, minute by minute."""
    printer = SlipPrinter(open_printer(f"escpos:{thermal.path}"), False, DAY)
    seen: list[str] = []

    class Minutes(SystemClock):
        async def sleep(self, seconds: float) -> None:
            seen.append(printer.state)
            thermal.says = [{4: 0b0000_1100}, {4: 0b0110_0000}, {}][min(len(seen), 3) - 1]
            if len(seen) == 4:
                raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await printer.watch(Minutes())
    assert seen == ["good", "paper-low", "failed", "good"]


async def test_paper_that_ends_in_the_middle_is_a_fault(tmp_path: Path) -> None:
    """The printer takes all bytes and then says that its paper is out: not done."""
    printer = open_printer(f"escpos-file:{tmp_path}")
    assert isinstance(printer, EscposPrinter)
    calls = iter([escpos.FIXED_BITS[1]] * 4 + [0b0000_1100] + [escpos.FIXED_BITS[1]] * 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(escpos.FolderWire, "read_byte", lambda self, *, seconds: next(calls))
        with pytest.raises(PrinterFault) as fault:
            await printer.print(CAST)
    assert (fault.value.code, printer.state) == ("slip-not-printed", "failed")


@pytest.mark.parametrize("state", ["paper-out", "cover-open", "silent"])
async def test_the_file_printer_fails_when_it_is_told_to(tmp_path: Path, state: str) -> None:
    """For exercises: `state` in its folder is what it says."""
    (tmp_path / "state").write_text(state, encoding="ascii")
    printer = open_printer(f"escpos-file:{tmp_path}")
    with pytest.raises(PrinterFault) as fault:
        await printer.print(CAST)
    assert fault.value.code == f"printer-{state}"
    assert not (tmp_path / "000000.escpos").exists()


async def test_a_printer_that_is_not_there_is_said(tmp_path: Path) -> None:
    for text_ in (f"escpos:{tmp_path}/lp9", "escpos-tcp:127.0.0.1:9"):
        printer = open_printer(text_)
        with pytest.raises(PrinterFault, match="does not answer"):
            await printer.print(CAST)
        assert printer.state == "failed"
