"""The judgement at the end of a simulated day: what people were told is held against what counts, person by person."""

import pytest

from amanat.records import permit
from amanat.records.ballot import Core, ballot_id
from amanat.records.journal import Entry, SignedEntry, make
from amanat.rehearsal.simulation.election import the_election
from amanat.rehearsal.simulation.events import Log
from amanat.rehearsal.simulation.hq_store import MemoryStore
from amanat.rehearsal.simulation.judge import judge
from amanat.rehearsal.simulation.ledger import Ledger
from amanat.sync.hq_side import Arrived, Chain, Fate

MARYAM, REZA = the_election().people[2:4]


class Hall:
    """Headquarters and the voters' ledger, filled by hand."""

    def __init__(self) -> None:
        self.election = the_election()
        self.store = MemoryStore()
        self.ledger = Ledger(Log(lambda: 0).note)
        self.seq = {0: 0, 1: 0}

    def vote(self, person: str, device: int = 0, *, arrives: bool = True, told: bool = True, names: bool = True) -> str:
        """A permit and a ballot at a station's only terminal; the ballot's id."""
        election, draw = self.election, bytes([device, len(self.ledger.where)]) * 16
        issued = permit.issue(
            manifest=election.package.manifest, eh=election.eh, national_id=person, seed=draw, salt=draw,  # type: ignore[arg-type]
            serial=draw[:16], station=device, check_in_device=device, ballot_device=device, mask=1,
            register_version=1, document=0, signing_seed=election.seeds[device],
        )  # fmt: skip
        core = Core(issued.permit, issued.signature, (bytes(64),), (bytes(64),)).encode()
        ballot = ballot_id(election.eh, core).hex()
        if arrives:
            self._arrive(device, "permit", [issued.permit, issued.signature, None], issued.private if names else None)
            self._arrive(device, "ballot-cast", [core, bytes(64)], None)
        self.ledger.tell(person, f"S{device}", device, "permit", id=draw[:16].hex())  # type: ignore[arg-type]
        if told:
            self.ledger.of(person).pressed.append(ballot)  # type: ignore[arg-type]
            self.ledger.tell(person, f"S{device}", device, "cast", id=ballot)  # type: ignore[arg-type]
        return ballot

    def _arrive(self, device: int, kind: str, body: list[object], private: bytes | None) -> None:
        seq = self.seq[device]
        self.seq[device] += 1
        signed = make(
            eh=self.election.eh, seed=self.election.seeds[device], device=device, seq=seq, prev=bytes(32), kind=kind,
            body=body, wall_ms=0, monotonic_ms=0, boot_id=bytes(16), private=private,  # type: ignore[arg-type]
        )  # fmt: skip
        hash = bytes([device, seq]) * 16
        one = Arrived(Entry.decode(signed.entry), hash, SignedEntry(*signed.fields()), device, Fate.STORED, None)  # type: ignore[arg-type]
        with self.store.atomic([device]):
            self.store.keep([one], {device: Chain({hash: seq})})


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_two_voters_count_once_each(hall: Hall) -> None:
    """Maryam and Reza were told that they voted, and both ballots came."""
    hall.vote(MARYAM)
    hall.vote(REZA, 1)
    found = judge(hall.store, hall.election.eh, hall.ledger, hall.ledger.holders())
    assert (found.held, found.counted, found.set_aside) == (2, 2, 0)
    assert (found.lost, found.twice, found.ghosts) == ((), (), ())


@pytest.mark.parametrize("names", [True, False])
def test_who_voted_at_two_stations_counts_once_and_has_lost_nothing(hall: Hall, names: bool) -> None:
    """Both of Maryam's ballots are held and the lottery keeps one, also where a private part never came."""
    hall.vote(MARYAM)
    hall.vote(MARYAM, 1, names=names)
    found = judge(hall.store, hall.election.eh, hall.ledger, hall.ledger.holders())
    assert (found.held, found.counted, found.set_aside) == (2, 1, 1)
    assert (found.lost, found.twice, found.ghosts) == ((), (), ())


def test_a_ballot_that_never_came_is_lost(hall: Hall) -> None:
    """Reza was told *cast*, and headquarters has nothing of him."""
    hall.vote(MARYAM)
    ballot = hall.vote(REZA, 1, arrives=False)
    assert judge(hall.store, hall.election.eh, hall.ledger, hall.ledger.holders()).lost == ((REZA, ballot),)


def test_two_counted_ballots_of_one_person_are_counted_twice(hall: Hall) -> None:
    """The permits name two people, as a broken tag would; both ballots are in Maryam's hands."""
    hall.vote(MARYAM)
    ballot = hall.vote(REZA, 1, told=False)
    hall.ledger.of(MARYAM).pressed.append(ballot)
    assert judge(hall.store, hall.election.eh, hall.ledger, hall.ledger.holders()).twice == (MARYAM,)


def test_a_ballot_that_nobody_cast_is_seen(hall: Hall) -> None:
    """It counts, and no voter pressed the key for it."""
    ballot = hall.vote(REZA, told=False)
    assert judge(hall.store, hall.election.eh, hall.ledger, hall.ledger.holders()).ghosts == (ballot,)
