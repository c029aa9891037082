"""The two-medium journal on real files: rot, misdirection, space, other people's media."""

import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.station.stalling import LONG, Impatient, Stall

from amanat.errors import AmanatError, BadInput, MediumLost, Rejected
from amanat.station import media
from amanat.station.frames import FIRST, frame, frame_at
from amanat.station.media import TwoMedia
from amanat.station.medium_file import FileMedium
from amanat.station.patience import Threads

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
    """J-3.  While the station works, one byte rots on A and a frame of B is overwritten by its neighbour's bytes."""
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


def test_full_media_are_seen_before_anything_is_written(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Carteret: a full store went on as if nothing were.  Wanted: `reserve` says no while the entry before it stands,
    an append that does not fit writes nothing, and the media are not called dead for it."""
    journal = pair.journal()
    journal.recover()
    journal.append(b"last")

    def full(offset: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    for medium in pair.open:
        monkeypatch.setattr(medium, "write", full)
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
def test_a_full_medium_is_given_up_where_the_other_has_room(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """One card is smaller than the other.  Wanted: the small one is called full and given up, and people go on voting;
    both hold all that was written before."""
    journal = pair.journal()
    journal.recover()
    journal.append(PAYLOADS[0])

    def full(offset: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(pair.open[which], "write", full)
    assert journal.reserve(media.GROWTH)
    journal.append(PAYLOADS[1])
    assert journal.reasons() == {"ab"[which]: "medium-full"}
    assert journal.health() == {"a": "good", "b": "good"} | {"ab"[which]: "dead"}
    for other, path in enumerate(pair.paths):
        pair.close()
        alone = TwoMedia([held := FileMedium(path, name="x")], owner=OWNER)
        assert alone.recover() == PAYLOADS[: 1 if other == which else 2]
        held.close()


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


def test_a_slow_medium_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Medium B takes two seconds, which is not yet too long.  Wanted: it stays, and is called slow."""
    journal = pair.journal()
    now = [0.0]
    monkeypatch.setattr(journal, "_timer", lambda: now[0])
    journal.recover()
    real = pair.open[1].sync

    def slow() -> None:
        now[0] += 2.0
        real()

    monkeypatch.setattr(pair.open[1], "sync", slow)
    journal.append(PAYLOADS[0])
    assert journal.health() == {"a": "good", "b": "slow"}
    assert journal.reasons() == {"b": "medium-slow"}


@pytest.fixture
def stall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stall]:
    made = Stall(monkeypatch)
    yield made
    made.go.set()


@pytest.fixture
def hands(stall: Stall) -> Impatient:
    return Impatient(stall)


@pytest.fixture
def impatient(pair: Pair, hands: Impatient) -> TwoMedia:
    pair.open = [FileMedium(path, name=name) for path, name in zip(pair.paths, "ab", strict=True)]
    journal = TwoMedia(pair.open, owner=OWNER, hands=hands)
    journal.recover()
    journal.append(PAYLOADS[0])
    return journal


@pytest.mark.parametrize("which", [0, 1])
def test_a_medium_that_hangs_is_given_up_and_the_other_goes_on(
    pair: Pair, impatient: TwoMedia, stall: Stall, which: int
) -> None:
    """The sync of one medium takes half a minute.  Wanted: the append returns as soon as the other has it, the slow one
    is out and told; when it ends its write at last, that changes nothing, and the next start finds one story."""
    stall.names = "ab"[which]
    impatient.append(PAYLOADS[1])
    assert stall.hung == 1
    assert not stall.ended.is_set()
    assert impatient.reasons() == {"ab"[which]: "medium-given-up"}
    impatient.append(PAYLOADS[2])
    stall.end()
    assert pair.journal().recover() == PAYLOADS[:3]
    assert pair.paths[0].read_bytes() == pair.paths[1].read_bytes()


@pytest.mark.parametrize("fails", [False, True])
def test_never_both_are_given_up(pair: Pair, impatient: TwoMedia, hands: Impatient, stall: Stall, fails: bool) -> None:
    """J-2.  Both media hang.  Wanted: the append waits, however long; it ends when one of them has it, or both failed,
    and then *unknown* is said."""
    stall.names, stall.fails = "ab", fails
    done = Threads().start(lambda: impatient.append(PAYLOADS[1]))
    assert stall.waits.wait(LONG)
    while hands.given_back < 2 and not done.done():  # patience with both is over
        wait([done], 0.002)
    assert not done.done()
    stall.go.set()
    if fails:
        fault = done.exception(LONG)
        assert isinstance(fault, MediumLost)
        assert fault.code == "media-lost"
        assert impatient.reasons() == {"a": "medium-failed", "b": "medium-failed"}
    else:
        done.result(LONG)
        assert set(impatient.health().values()) == {"slow"}
    stall.names = ""
    assert pair.journal().recover() == PAYLOADS[:2]


def test_a_medium_closed_while_a_thread_writes_on_it_keeps_its_file_until_then(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program stops while a write hangs.  Wanted: the file is not let go under the writer's hands (its number could
    be another file's by then), and afterwards nothing more is written."""
    written(pair)
    pair.journal()
    real = os.fdatasync
    waits, go = Event(), Event()

    def sync(fd: int) -> None:
        waits.set()
        assert go.wait(60)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", sync)
    done = Threads().start(pair.open[1].sync)
    assert waits.wait(60)
    pair.open[1].close()
    os.fstat(pair.open[1]._fd)
    with pytest.raises(BadInput):
        FileMedium(pair.paths[1], name="b")
    go.set()
    done.result(60)
    with pytest.raises(OSError, match="closed"):
        pair.open[1].write(0, b"late")
    pair.open.pop()


def test_a_lost_medium_is_replaced_in_the_day(pair: Pair, tmp_path: Path) -> None:
    """Medium B dies at noon; a new card is put in.  Wanted: it is filled from A and is the second medium from then on.
    A card with another device's journal, or with more than ours, is refused and left as it is; a good medium stays."""
    journal = pair.journal()
    journal.recover()
    journal.append(PAYLOADS[0])
    ahead = tmp_path / "ahead" / "journal"
    ahead.parent.mkdir()
    journal.append(PAYLOADS[1])
    ahead.write_bytes(pair.paths[0].read_bytes())
    os.truncate(pair.paths[1], 0)
    journal.append(PAYLOADS[2])
    new = FileMedium(tmp_path / "new" / "journal", name="b")
    journal.replace(new)
    assert journal.health() == {"a": "good", "b": "good"}
    journal.append(PAYLOADS[3])
    assert (tmp_path / "new" / "journal").read_bytes() == pair.paths[0].read_bytes()
    with pytest.raises(BadInput, match="good"):
        journal.replace(new)
    pair.open.append(new)


@pytest.mark.parametrize("other", ["owner", "story"])
def test_a_card_with_another_story_does_not_replace_a_lost_one(pair: Pair, tmp_path: Path, other: str) -> None:
    """Wanted: refused, nothing written on either."""
    path = tmp_path / "card" / "journal"
    card = FileMedium(path, name="b")
    strange = TwoMedia([card], owner=OTHER if other == "owner" else OWNER)
    strange.recover()
    for payload in PAYLOADS:
        strange.append(payload)
    journal = pair.journal()
    journal.recover()
    journal.append(PAYLOADS[0])
    os.truncate(pair.paths[1], 0)
    journal.append(PAYLOADS[1])
    before = path.read_bytes(), pair.paths[0].read_bytes()
    with pytest.raises(Rejected):
        journal.replace(card)
    assert (path.read_bytes(), pair.paths[0].read_bytes()) == before
    assert journal.health() == {"a": "good", "b": "dead"}
    pair.open.append(card)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, "medium-failed"),
        (errno.ENOSPC, "medium-full"),
        (errno.EROFS, "medium-read-only"),
        (errno.ENODEV, "medium-pulled"),
    ],
)
def test_why_a_medium_was_given_up_is_one_sentence_with_what_to_do(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    journal = pair.journal()
    journal.recover()

    def broken() -> None:
        raise OSError(number, "sync")

    monkeypatch.setattr(pair.open[1], "sync", broken)
    journal.append(PAYLOADS[0])
    assert journal.reasons() == {"b": code}
    said = MediumLost(code, medium="b")
    assert "b" in said.say("en")
    assert "b" in said.say("fa")


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
