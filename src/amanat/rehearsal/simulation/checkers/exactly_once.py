"""Whoever was told *cast* has that ballot in a journal, and no permit casts twice at one terminal (B-7, S-3)."""

from collections.abc import Iterable

from amanat.records.ballot import Core, ballot_id
from amanat.records.cbor import as_bytes
from amanat.records.permit import Permit
from amanat.rehearsal.simulation.checkers.sight import Checker, Sight, Told, Wrote
from amanat.rehearsal.simulation.events import Event


class ExactlyOnce(Checker):
    """From screens and slips on one side, from entries on the other."""

    def __init__(self, sight: Sight, eh: bytes) -> None:
        super().__init__(sight)
        self._eh = eh
        self._owed = Told(sight)
        self._cast: set[str] = set()
        self._serials: dict[tuple[int, bytes], str] = {}
        self._told: dict[str, str] = {}

    def hear(self, event: Event) -> Iterable[str]:
        """A voter was told that a ballot is cast."""
        if event.kind == "told" and event.facts["what"] == "cast":
            yield from self._was_told(event, str(event.facts["id"]), str(event.facts["person"]))
        yield from self._owed.missing(event, self._cast.__contains__)

    def _was_told(self, event: Event, ballot: str, person: str) -> Iterable[str]:
        self._owed.owe(event, ballot, f"{person} was told that {ballot} is cast, and no journal has it")
        if self._told.setdefault(ballot, person) != person:
            yield f"{person} was given the ballot {ballot} of {self._told[ballot]}"

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """A ballot is in a box."""
        if wrote.entry.kind != "ballot-cast":
            return
        core = as_bytes(wrote.entry.body[0], "ballot")
        ballot, serial = ballot_id(self._eh, core).hex(), Permit.decode(Core.decode(core).permit).serial
        self._cast.add(ballot)
        before = self._serials.setdefault((wrote.device, serial), ballot)
        if before != ballot and not self.sight.was_rolled_back(wrote.device):
            yield f"D{wrote.device} cast {before} and {ballot} with one permit"
