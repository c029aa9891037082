"""Battery, plug and clock are told and decide nothing; no commit waits for them (J-5, J-9; VVSG 2.7-H)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.station.conftest import CHOICES, MARYAM, Booths, Election, StandingClock, permit_for, tray

from amanat.records.journal import Entry
from amanat.station import config, power
from amanat.station.medium_file import FileMedium
from amanat.station.power import Power
from amanat.station.terminal import Terminal


def plug(folder: Path, *, online: bool, percent: int) -> None:
    """What Linux says of a machine with a mains adapter and one battery."""
    for name, files in {
        "AC": {"type": "Mains", "online": str(int(online))},
        "BAT0": {"type": "Battery", "capacity": str(percent), "status": "Charging" if online else "Discharging"},
    }.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / name / file).write_text(f"{text}\n", encoding="ascii")


@pytest.fixture
def supply(election: Election, tmp_path: Path) -> Path:
    """The first terminal's power, on the mains."""
    folder = tmp_path / "power_supply"
    plug(folder, online=True, percent=100)
    home = election.home("S1", 1)
    settings = config.read(home)
    replace(settings, power=str(folder)).write(home)
    return folder


def told(terminal: Terminal, *kinds: str) -> list[object]:
    entries = [Entry.decode(signed.entry) for signed in terminal.journal.entries]
    return [entry.body for entry in entries if entry.kind in kinds]


def test_supplies_are_read_as_they_are(tmp_path: Path) -> None:
    """Nothing there, mains, battery, battery without a plug to ask, rubbish: known or unknown, never guessed."""
    assert power.read(tmp_path / "none") is None
    assert power.read(tmp_path) is None
    plug(tmp_path, online=True, percent=80)
    assert power.read(tmp_path) == Power(on_battery=False, percent=80)
    plug(tmp_path, online=False, percent=19)
    assert power.read(tmp_path) == Power(on_battery=True, percent=19)
    assert Power(True, 19).words == "battery-low 19"
    (tmp_path / "AC" / "online").unlink()
    assert power.read(tmp_path) == Power(on_battery=True, percent=19)
    (tmp_path / "BAT0" / "capacity").write_bytes(b"\xff")
    assert power.read(tmp_path) == Power(on_battery=True, percent=None)
    assert Power(True, None).words == "battery"


async def test_an_unplugged_terminal_says_so_once_and_when_the_battery_is_low(booths: Booths, supply: Path) -> None:
    """The plug is pulled, the battery sinks, the plug is back.  Wanted: three incidents, and the status in between."""
    terminal = await booths.opened()
    await terminal.watch.look()
    assert terminal.status()["power"] == {"on_battery": False, "percent": 100}
    for percent in (90, 89, 20, 19):
        plug(supply, online=False, percent=percent)
        await terminal.watch.look()
    assert terminal.status()["power"] == {"on_battery": True, "percent": 19}
    plug(supply, online=True, percent=21)
    await terminal.watch.look()
    assert told(terminal, "incident") == [["power", "battery 90"], ["power", "battery-low 20"], ["power", "mains"]]


async def test_nothing_is_signed_before_opening_after_closing_or_before_the_first_act(
    booths: Booths, supply: Path, clock: StandingClock
) -> None:
    """J-7.  Wanted: a new, a closed and a restarted terminal see the battery and sign nothing for it; the restarted one
    does after its first act."""
    plug(supply, online=False, percent=70)
    terminal = booths.start()
    await terminal.watch.look()
    assert terminal.status()["power"]["on_battery"]
    assert not terminal.journal.entries
    await terminal.open(["a", "b"])
    terminal = await booths.after_power_cut(terminal)
    await terminal.watch.look()
    assert not told(terminal, "incident")
    await terminal.hourly()
    await terminal.watch.look()
    assert told(terminal, "incident") == [["power", "battery 70"]]
    await terminal.close_polls("")
    plug(supply, online=True, percent=71)
    clock.ms += 60_000
    await terminal.watch.look()
    assert told(terminal, "incident") == [["power", "battery 70"]]


STEPS = range(12)


@pytest.mark.parametrize("step", STEPS)
async def test_the_plug_pulled_at_any_step_disturbs_no_commit(
    booths: Booths, supply: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """VVSG 2.7-H.  From sealing to slip 2 every write and sync of both media is a step; the plug is pulled at each,
    power is looked at after each act.  Wanted: the ballot is cast once, with its slips, and the incident stands."""
    terminal = await booths.opened()
    slip = await permit_for(terminal, MARYAM)
    seen = 0

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def do(*given: object) -> None:
            nonlocal seen
            if seen == step:
                plug(supply, online=False, percent=55)
            seen += 1
            real(*given)

        return do

    for name in ("write", "sync"):
        monkeypatch.setattr(FileMedium, name, counted(getattr(FileMedium, name)))
    await terminal.accept(slip)
    await terminal.booth.seal(CHOICES)
    await terminal.watch.look()
    assert (await terminal.booth.cast())["told"] == "cast"
    await terminal.watch.look()
    counts = terminal.status()["counts"]
    assert (counts["prepared"], counts["cast"], counts["dropped"]) == (1, 1, 0)
    assert [slip.kind for slip in tray(terminal).slips] == ["zero", "permit", "prepared", "cast"]
    pulled = step < seen - 1 or bool(told(terminal, "incident"))
    assert (told(terminal, "incident") == [["power", "battery 55"]]) == pulled
    assert not terminal.journal.state.oddities


async def test_a_step_of_the_clock_is_evidence(booths: Booths, clock: StandingClock) -> None:
    """The wall clock jumps while the monotonic one goes on, then is found behind the last entry at a start.  Wanted:
    `clock-step` for each with its size, shown in the status, and voting as if nothing had happened."""
    terminal = await booths.opened()
    real = clock.monotonic_ms()
    clock.monotonic_ms = lambda: real + 10_000  # type: ignore[method-assign]
    clock.ms += 10_000
    await terminal.watch.look()
    assert terminal.status()["clock"] == {"step_ms": 0}
    clock.ms += 3_600_000
    await terminal.watch.look()
    assert terminal.status()["clock"] == {"step_ms": 3_600_000}
    await permit_for(terminal, MARYAM)
    terminal = await booths.after_power_cut(terminal)
    assert told(terminal, "clock-step") == [[3_600_000, "forward"]]
    await booths.stop(terminal)
    clock.ms -= 7_200_000
    again = booths.start()
    await again.hourly()
    await again.watch.look()
    assert told(again, "clock-step")[-1] == [7_200_000, "back"]
    assert again.status()["clock"]["step_ms"] == -7_200_000
