"""What happened in a simulated day, in order: audited, drawn and shrunk, and hashed to the digest of the seed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Fact = int | str


class Event(NamedTuple):
    """One line of the log; ``at_ms`` is virtual."""

    at_ms: int
    number: int
    kind: str
    where: str
    facts: dict[str, Fact]

    def line(self) -> str:
        """As it is hashed and printed."""
        words = " ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.at_ms} {self.kind} {self.where} {words}".rstrip()


class Note(Protocol):
    """Writes one line of the log."""

    def __call__(self, kind: str, where: str, **facts: Fact) -> None:
        """``where`` is a station, device or way by its name."""


@dataclass
class Log:
    """The events so far: counted, hashed and told to ``listeners``; kept only if ``keeps``."""

    now_ms: Callable[[], int]
    keeps: bool = False
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256()
        self.number = 0

    def note(self, kind: str, where: str, **facts: Fact) -> None:
        """See `Note`."""
        event = Event(self.now_ms(), self.number, kind, where, facts)
        self.number += 1
        self._hash.update(event.line().encode() + b"\n")
        if kind == "fault":
            which = str(facts["which"])
            self.faults[which] = self.faults.get(which, 0) + 1
        if self.keeps:
            self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def digest(self) -> str:
        """SHA-256 of all lines so far, in hex."""
        return self._hash.hexdigest()
