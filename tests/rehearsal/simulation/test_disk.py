"""The simulated storage device: it keeps `Medium`'s promise, and breaks it only in the ways that have a name."""

import errno
from dataclasses import fields

import pytest

from amanat.rehearsal.simulation.disk import Disk, DiskFaults
from amanat.rehearsal.simulation.draw import MILLION, Draw
from amanat.station.media import TwoMedia

ALWAYS = MILLION


def disk(name: str = "A", seed: int = 1, **faults: int) -> Disk:
    return Disk(name, Draw(seed), faults=DiskFaults(**faults))


def test_what_was_synced_survives_a_power_cut_and_what_was_not_may_go() -> None:
    """Three writes after a sync: over many cuts each is kept, dropped or torn, and never what came before them."""
    fates = set()
    for seed in range(60):
        one = disk(seed=seed)
        one.write(0, b"synced")
        one.sync()
        for at in (10, 20, 30):
            one.write(at, b"later")
        assert one.read(20, 5) == b"later"
        one.power_cut()
        assert one.read(0, 6) == b"synced"
        fates |= {one.read(at, 5).ljust(5, b"\0") for at in (10, 20, 30)}
    assert {b"later", bytes(5)} < fates


def test_a_crash_of_the_program_keeps_the_cache() -> None:
    """Kill -9 is no power cut: what was written is read again, and a power cut after it may still take it."""
    one = disk()
    one.write(0, b"x")
    one.close()
    assert one.read(0, 1) == b"x"
    assert one.unsynced == 1


@pytest.mark.parametrize(
    ("fault", "is_there"),
    [("failed_write", False), ("failed_but_persisted", True), ("torn_write", None), ("misdirected", False)],
)
def test_a_write_goes_wrong_by_its_name(fault: str, is_there: bool | None) -> None:
    """An error or none, and whether the bytes stand in their place after the next power cut."""
    one = disk(seed=5)
    one.write(0, bytes(4096))
    one.sync()
    heard: list[str] = []
    one.tell = lambda which, where: heard.append(f"{which} {where}")
    one.faults = DiskFaults(**{fault: ALWAYS})
    if fault == "misdirected":
        one.write(1024, b"a" * 700)
    else:
        with pytest.raises(OSError, match="written") as caught:
            one.write(1024, b"a" * 700)
        assert caught.value.errno == errno.EIO
    assert heard == [f"{fault.replace('_', '-')} A"]
    one.faults = DiskFaults()
    one.sync()
    found = one.read(1024, 700)
    if is_there is None:
        assert found.rstrip(b"\0") == b"a" * len(found.rstrip(b"\0")) != b"a" * 700
    else:
        assert (found == b"a" * 700) is is_there


def test_a_failed_sync_leaves_clean_pages() -> None:
    """The page cache shows the bytes, a second sync says that all is well, and the power cut takes them."""
    one = disk(failed_sync=ALWAYS)
    one.write(0, b"x")
    with pytest.raises(OSError, match="not synced"):
        one.sync()
    one.faults = DiskFaults()
    one.sync()
    assert one.read(0, 1) == b"x"
    one.power_cut()
    assert one.read(0, 1) == b""


def test_a_lying_sync_makes_nothing_durable() -> None:
    """No error, and everything is still to be lost."""
    one = disk(lying_sync=ALWAYS)
    one.write(0, b"x")
    one.sync()
    assert one.unsynced == 1


def test_what_is_broken_says_so() -> None:
    """Full, read-only, pulled out."""
    for state, code in (("full", errno.ENOSPC), ("read_only", errno.EROFS), ("removed", errno.ENODEV)):
        one = disk()
        setattr(one, state, True)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the code is looked at below
            one.write(0, b"x")
        assert caught.value.errno == code


@pytest.mark.parametrize("fault", [field.name for field in fields(DiskFaults)])
def test_two_media_lose_nothing_while_one_of_them_is_honest(fault: str) -> None:
    """One medium does its worst in one way, power is cut again and again: every payload that `append` took is there
    after the last recovery, each once, in order."""
    for seed in range(4):
        bad = disk("B", seed, **{fault: 300_000})
        media, owner = (disk("A", seed + 1000), bad), b"o" * 32
        taken: list[bytes] = []
        for boot in range(6):
            two = TwoMedia(media if seed % 2 else media[::-1], owner=owner)
            assert two.recover() == taken
            for number in range(5):
                taken.append(b"%d %d" % (boot, number))
                two.append(taken[-1])
            for one in media:
                one.power_cut()
        assert TwoMedia(media, owner=owner).recover() == taken
