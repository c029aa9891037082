"""What a reader is to the desk: it is asked once and answers once.  It never keeps, sends or journals what it read."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

CARD: Final = "card"
BIOMETRIC: Final = "biometric"
Result = Literal["read", "matched", "not-matched", "nothing", "failed"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer.  ``nothing``: no card, no finger, or no reference to compare with; ``failed``: the reader is out."""

    result: Result
    national_id: str = ""  # ten digits that a card named; nothing else leaves a reader


class Reader(Protocol):
    """A card reader or a biometric one; ``tries``: how often the same person may be compared."""

    kind: str
    tries: int

    def is_there(self) -> bool:
        """Whether something lies on it now; asked every second, so it must be quick."""

    async def read(self, national_id: str = "") -> Reading:
        """Read the card that lies there; or compare the finger with this person's reference.  Raises nothing."""
