"""What every voter of a simulated day was told: written by the voters' side alone, from screens and slips."""

from dataclasses import dataclass, field
from typing import Literal

from amanat.rehearsal.simulation.events import Note
from amanat.rules.national_id import NationalId

What = Literal["permit", "refused", "cast", "tested", "dropped", "unknown", "left"]


@dataclass(slots=True)
class Account:
    """What one person can tell."""

    cast: list[str] = field(default_factory=list)
    """ballots of which a screen and a slip said that they are cast, in hex, each once."""
    pressed: list[str] = field(default_factory=list)
    """ballots for which the key was pressed, whatever came of it."""
    tested: list[str] = field(default_factory=list)
    permits: list[str] = field(default_factory=list)


@dataclass
class Ledger:
    """All accounts, by person; ``note`` writes each line to the log of the day."""

    note: Note
    people: dict[NationalId, Account] = field(default_factory=dict)
    where: dict[str, int] = field(default_factory=dict)
    """The device that told each cast ballot."""

    @property
    def votes(self) -> int:
        """Ballots of which somebody was told that they are cast."""
        return len(self.where)

    def holders(self) -> dict[str, NationalId]:
        """The person of each permit that came out as a slip, by its serial."""
        return {serial: person for person, account in self.people.items() for serial in account.permits}

    def of(self, person: NationalId) -> Account:
        """This person's account."""
        return self.people.setdefault(person, Account())

    def tell(
        self, person: NationalId, station: str, device: int, what: What, *, id: str = "", reason: str = ""
    ) -> None:
        """Somebody was told this; a ballot that is told again is no second one."""
        account = self.of(person)
        if what == "cast" and id not in account.cast:
            account.cast.append(id)
            self.where.setdefault(id, device)
        elif what == "tested":
            account.tested.append(id)
        elif what == "permit":
            account.permits.append(id)
        self.note("told", station, person=person, station=station, device=device, what=what, id=id, reason=reason)
