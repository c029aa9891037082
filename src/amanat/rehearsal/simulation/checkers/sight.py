"""What checkers hear and see: events of the log, entries as journals take them up, and questions to the world."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from amanat.records.journal import Entry
from amanat.rehearsal.simulation.events import Event


class Wrote(NamedTuple):
    """A journal took this entry up as durable, at its start or as it was written; each entry is told once."""

    at_ms: int
    device: int
    entry: Entry
    hash: bytes
    payload: bytes  # as it stands in a frame on the media
    private: bytes | None = None


class Sight(Protocol):
    """Questions that a checker may ask at any moment; every answer is of now."""

    def is_durable(self, device: int, payload: bytes) -> bool:
        """Whether the medium of this device that keeps its promise holds it, were the power to go now."""

    def journal(self, device: int) -> list[bytes]:
        """The hashes of all entries that the device's program has taken up since it started; empty while it is off."""

    def is_running(self, device: int) -> bool:
        """Whether a program of this device has started and runs."""

    def was_written(self, device: int, seq: int, hash: bytes) -> bool:
        """Whether this device ever took up this entry."""

    def health(self, device: int, letter: str) -> str:
        """What the running program calls this medium: good, slow or dead."""

    def is_contradicted(self, device: int) -> bool:
        """Whether the last answer that this device took up names an entry of its own journal that it does not hold."""

    def was_rolled_back(self, device: int) -> bool:
        """Whether somebody ever put an old image of it back."""

    def holds(self, device: int, seq: int, hash: bytes) -> bool:
        """Whether headquarters holds this entry, and all before it on its branch."""

    def branches(self, device: int) -> int:
        """How many branches of this device's journal headquarters holds."""

    def news_read(self, device: int, person: str) -> bool:
        """Whether headquarters' answers to this desk, as far as it says that it took them up, name this person."""

    def has_news(self, device: int, seq: int, person: str) -> bool:
        """Whether headquarters' news name this person, or it never got the private part of this entry of the device."""

    def buried(self) -> Iterable[tuple[int, int]]:
        """(device, seq) of the entries that a journal wrote and headquarters laid among the unreadable, since last
        asked."""

    def is_eligible(self, person: str) -> bool:
        """By the register."""

    def is_gone(self, device: int) -> bool:
        """Whether its media were taken away beyond the fault model."""


class Told:
    """What people hold in hand, until a journal shows that it stands there: at once, or when a device that went off in
    that very step has started again."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._waiting: list[tuple[int, str, str]] = []

    def owe(self, event: Event, id_: str, sentence: str) -> None:
        """Somebody was told this."""
        self._waiting.append((int(event.facts["device"]), id_, sentence))

    def missing(self, event: Event, is_there: Callable[[str], bool]) -> Iterable[str]:
        """Sentences about what is not there, asked at every event."""
        waiting, self._waiting = self._waiting, []
        for device, id_, sentence in waiting:
            if is_there(id_) or self._sight.is_gone(device):
                continue
            if self._sight.is_running(device) or event.kind == "quiet":
                yield sentence
            else:
                self._waiting.append((device, id_, sentence))


class Checker:
    """One property.  Both methods give a sentence for each violation."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight

    def hear(self, event: Event) -> Iterable[str]:
        """An event was noted."""
        return ()

    def wrote(self, wrote: Wrote) -> Iterable[str]:
        """A journal took an entry up."""
        return ()


def device_of(event: Event) -> int:
    """The device that an event names, by its fact or its place (``D7``, ``D7/A``); -1: none."""
    if "device" in event.facts:
        return int(event.facts["device"])
    name = event.where.split("/")[0].split("-")[0]
    return int(name[1:]) if name[:1] == "D" and name[1:].isdigit() else -1
