"""The two-medium journal on real files: rot, misdirection, space, other people's media."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import AmanatError, BadInput, MediumLost, Rejected
from amanat.station import media
from amanat.station.media import FIRST, TwoMedia, frame, frame_at
from amanat.station.medium_file import FileMedium

OWNER = b"o" * 32
OTHER = b"p" * 32
PAYLOADS = [bytes([n]) * (10 + 50 * n) for n in range(1, 9)]


class Pair:
    def __init__(self, folder: Path) -> None:
        self.paths = folder / "a" / "journal", folder / "b" / "journal"
        self.open: list[FileMedium] = []

    def journal(self, owner: bytes = OWNER) -> TwoMedia:
        self.close()
        self.open = [FileMedium(path, name=name) for path, name in zip(self.paths, "ab", strict=True)]
        return TwoMedia(self.open, owner=owner)

    def close(self) -> None:
        for medium in self.open:
            medium.close()
        self.open = []

    def flip(self, which: int, offset: int, mask: int = 1) -> None:
        data = bytearray(self.paths[which].read_bytes())
        data[offset] ^= mask
        self.paths[which].write_bytes(data)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def written(pair: Pair) -> list[int]:
    journal = pair.journal()
    assert journal.recover() == []
    positions = [journal.append(payload) for payload in PAYLOADS]
    pair.close()
    return positions


def test_it_gives_back_what_it_was_given(pair: Pair) -> None:
    written(pair)
    assert pair.journal().recover() == PAYLOADS
    assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()


@given(st.binary(min_size=1, max_size=300), st.integers(0, 500), st.data())
def test_a_frame_with_any_bit_changed_is_no_frame(payload: bytes, position: int, data: st.DataObject) -> None:
    whole = bytearray(bytes(position) + frame(OWNER, position, payload))
    assert frame_at(OWNER, bytes(whole), position) == payload
    at = data.draw(st.integers(position, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    assert frame_at(OWNER, bytes(whole), position) is None


def test_a_frame_of_another_place_or_owner_is_no_frame() -> None:
    whole = frame(OWNER, 64, b"payload")
    assert frame_at(OWNER, bytes(80) + whole, 80) is None
    assert frame_at(OTHER, bytes(64) + whole, 64) is None


def test_any_rotten_byte_of_one_medium_is_mended_from_the_other(pair: Pair) -> None:
    """A bit flips anywhere on either medium while the station is off.  Wanted: nothing lost, both equal again."""
    positions = written(pair)
    end = positions[-1] + 28 + len(PAYLOADS[-1])
    for _ in range(60):
        pair.flip(random.randrange(2), random.randrange(end + 40), 1 << random.randrange(8))
        assert pair.journal().recover() == PAYLOADS
        pair.close()
        assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()


def test_media_rotten_at_different_places_mend_each_other(pair: Pair) -> None:
    positions = written(pair)
    pair.flip(0, positions[2] + 30)
    pair.flip(1, positions[5] + 30)
    assert pair.journal().recover() == PAYLOADS
    assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()


def test_rot_at_one_place_of_both_media_is_refused_not_cut_off(pair: Pair) -> None:
    """What follows the gap was acknowledged: a recovery that dropped it would lose ballots silently."""
    positions = written(pair)
    for which in (0, 1):
        pair.flip(which, positions[3] + 30)
    before = [path.read_bytes() for path in pair.paths]
    with pytest.raises(Rejected, match="rotten"):
        pair.journal().recover()
    assert [path.read_bytes() for path in pair.paths] == before


def test_a_blank_medium_is_filled_and_anothers_is_refused(pair: Pair) -> None:
    written(pair)
    pair.paths[0].unlink()
    assert pair.journal().recover() == PAYLOADS
    with pytest.raises(Rejected) as fault:
        pair.journal(OTHER).recover()
    assert fault.value.code == "journal-of-another"
    assert pair.journal().recover() == PAYLOADS


def test_the_scrubber_sees_rot_and_a_misdirected_frame_and_mends_them(pair: Pair) -> None:
    """While the station works, one byte rots on A and a whole frame of B is overwritten by its neighbour's bytes."""
    journal = pair.journal()
    journal.recover()
    positions = [journal.append(payload) for payload in PAYLOADS]
    pair.open[0].write(positions[1] + 30, b"?")
    pair.open[1].write(positions[4], frame(OWNER, positions[3], PAYLOADS[3]))
    found = [journal.scrub() for _ in PAYLOADS]
    mended = {s.position: s.repaired for s in found if s and s.repaired}
    assert mended == {positions[1]: ("a",), positions[4]: ("b",)}
    assert not any(s.lost for s in found if s)
    assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()
    pair.open[0].write(positions[1] + 30, b"?")
    pair.open[1].write(positions[1] + 30, b"?")
    assert [s.position for s in (journal.scrub() for _ in PAYLOADS) if s and s.lost] == [positions[1]]


def test_a_full_medium_is_seen_before_anything_is_written(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carteret: a full store went on as if nothing were.  Wanted: `reserve` says no while the entry before it stands,
    an append that does not fit writes nothing, and the media are not called dead for it."""
    journal = pair.journal()
    journal.recover()
    journal.append(b"last")

    def full(offset: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(pair.open[1], "write", full)
    assert not journal.reserve(media.GROWTH)
    before = [path.read_bytes()[: FIRST + 100] for path in pair.paths]
    with pytest.raises(MediumLost) as fault:
        journal.append(bytes(media.GROWTH))
    assert fault.value.code == "media-full"
    assert [path.read_bytes()[: FIRST + 100] for path in pair.paths] == before
    assert journal.health() == {"a": "good", "b": "good"}
    monkeypatch.undo()
    assert journal.reserve(media.GROWTH)


@pytest.mark.parametrize("which", [0, 1])
def test_a_medium_whose_content_vanished_is_dead_at_the_next_append(pair: Pair, which: int) -> None:
    """Somebody empties a medium while the station works.  Wanted: seen at once, the other goes on, and the next start
    fills it again."""
    journal = pair.journal()
    journal.recover()
    journal.append(PAYLOADS[0])
    os.truncate(pair.paths[which], 0)
    journal.append(PAYLOADS[1])
    assert journal.health() == {"a": "good", "b": "good"} | {"ab"[which]: "dead"}
    assert pair.journal().recover() == PAYLOADS[:2]
    assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()


def test_a_slow_medium_is_told(pair: Pair) -> None:
    pair.close()
    ticks = iter([*([0.0] * 12), 0.0, 0.1, 0.1, 30.0, 30.0, 30.1])
    pair.open = [FileMedium(path, name=name) for path, name in zip(pair.paths, "ab", strict=True)]
    journal = TwoMedia(pair.open, owner=OWNER, timer=lambda: next(ticks, 31.0))
    journal.recover()
    for payload in PAYLOADS:
        journal.append(payload)
    assert "slow" in journal.health().values()


def test_a_journal_has_one_writer(pair: Pair) -> None:
    pair.journal().recover()
    with pytest.raises(BadInput) as fault:
        FileMedium(pair.paths[0], name="a")
    assert fault.value.code == "journal-in-use"
    assert isinstance(fault.value, AmanatError)
    assert str(pair.paths[0]) in fault.value.say("fa")


SYNCS = """
import sys
from pathlib import Path
from amanat.station.media import TwoMedia
from amanat.station.medium_file import FileMedium
folder = Path(sys.argv[1])
journal = TwoMedia([FileMedium(folder / n / "journal", name=n) for n in "ab"], owner=b"o" * 32)
journal.recover()
print("begin", flush=True)
journal.append(b"ballot-cast")
print("end", flush=True)
"""


def test_one_append_is_two_writes_each_with_its_sync(tmp_path: Path) -> None:
    """Seen by the kernel: write A, sync A, write B, sync B, in this order and nothing between."""
    log = tmp_path / "log"
    subprocess.run(
        ["strace", "-fe", "trace=pwrite64,fdatasync,fsync,write", "-o", log, sys.executable, "-c", SYNCS, tmp_path],
        check=True,
        timeout=60,
        capture_output=True,
    )
    lines = log.read_text().splitlines()
    begin = next(i for i, line in enumerate(lines) if '"begin' in line)
    end = next(i for i, line in enumerate(lines) if '"end' in line)
    calls = [c for line in lines[begin + 1 : end] if (c := line.split()[1].split("(")[0]) != "write"]
    assert calls == ["pwrite64", "fdatasync", "pwrite64", "fdatasync"]
