"""What a colleague's copy of a journal is worth: it grows by what chains, once, and a torn one grows again (S-7)."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.station.conftest import Booths

from amanat.records.identifiers import ElectionHash
from amanat.records.journal import SignedEntry, entry_hash, make
from amanat.station.config import Address
from amanat.station.lan import SIGNATURE
from amanat.station.news import Copies

EH = ElectionHash(bytes(32))
DEVICE = 7


def journal(length: int, *, mark: str = "") -> list[SignedEntry]:
    """A chain of entries; another ``mark`` is another story from the first entry on."""
    entries: list[SignedEntry] = []
    for seq in range(length):
        prev = entry_hash(EH, entries[-1].entry) if entries else bytes(32)
        entries.append(
            make(
                eh=EH, seed=bytes(32), device=DEVICE, seq=seq, prev=prev, kind="incident", body=["note", mark],
                wall_ms=seq, monotonic_ms=seq, boot_id=bytes(16), private=None,
            )
        )  # fmt: skip
    return entries


def open_copy(folder: Path) -> Copies:
    return Copies(folder / "7.journal", eh=EH, device=DEVICE)


def test_a_copy_takes_what_chains_once(tmp_path: Path) -> None:
    """The answer was lost and the same entries come again, alone, with more, late, with a gap, of another story."""
    theirs = journal(6)
    copy_ = open_copy(tmp_path)
    for part in (theirs[:3], theirs[:3], theirs[1:3], theirs[4:], journal(6, mark="other")[3:], theirs[3:5]):
        copy_.add(part)
    assert copy_.entries == theirs[:5]
    assert copy_.head is not None
    assert (copy_.head.seq, copy_.head.hash) == (4, entry_hash(EH, theirs[4].entry))
    copy_.close()
    again = open_copy(tmp_path)
    assert again.entries == theirs[:5]
    again.close()


def test_a_torn_copy_is_a_shorter_one_and_grows_again(tmp_path: Path) -> None:
    """Copies are not synced: a cut leaves any beginning of the file.  Wanted: a beginning of the journal at every
    length, and the rest is taken when it comes again."""
    theirs = journal(4)
    copy_ = open_copy(tmp_path)
    copy_.add(theirs)
    copy_.close()
    path = tmp_path / "7.journal"
    whole, lengths = path.read_bytes(), set()
    for size in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:size])
        torn = open_copy(tmp_path)
        lengths.add(len(torn.entries))
        assert torn.entries == theirs[: len(torn.entries)]
        torn.add(theirs[len(torn.entries) :])
        assert torn.entries == theirs
        torn.close()
        again = open_copy(tmp_path)
        assert again.entries == theirs
        again.close()
    assert lengths >= {0, 1, 2, 3}


async def test_an_answer_to_another_question_is_none(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Booth 2 answers the desk's question, and the cable brings that answer again to the next one.  Wanted: it is no
    answer, since the colleague signed it for another question."""
    desk, booth = booths.start("S2", 1), booths.start("S2", 2)
    there = next(one for one in desk.lan.colleagues if one.device == booth.identity.device)
    answers: list[tuple[Mapping[str, str], bytes]] = []

    async def post(
        address: Address, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, str], bytes]:
        answers.append(({SIGNATURE: booth.lan.sign_answer(path, headers, b"{}")}, b"{}"))
        return answers[0]

    monkeypatch.setattr(desk.lan._cable, "post", post)
    assert await desk.lan.ask(there, "/lan/head", b"") == b"{}"
    with pytest.raises(ValueError, match="did not sign"):
        await desk.lan.ask(there, "/lan/head", b"")
