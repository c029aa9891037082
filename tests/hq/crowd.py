"""Many stations of one terminal each, with journals of their own, for tests and benches of intake at once."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hq.conftest import Terminal, build

import amanat_crypto
from amanat.hq.home import Home
from amanat.records.device import Certificate
from amanat.records.journal import DeviceState, SignedEntry
from amanat.rules.national_id import synthetic
from amanat.sync.station_side import StationSide, head_of

HEADER = "id,name_fa,county,district,ballot_terminals,mobile\n"


def seeds_of(count: int) -> dict[str, bytes]:
    """A secret for the terminal of each station."""
    return {f"S{n:05}-1": n.to_bytes(32, "big") for n in range(1, count + 1)}


def stations_csv(count: int) -> str:
    """So many stations of one terminal."""
    return HEADER + "".join(f"S{n:05},شعبهٔ {n},دماوند,مرکزی,1,no\n" for n in range(1, count + 1))


def build_crowd(root: Path, count: int, *, database: str = "") -> None:
    """A headquarters in `root`/hq with so many stations."""
    build(root, database=database, stations=stations_csv(count), seeds=seeds_of(count))


class Desk(Terminal):
    """The one terminal of station `number`, from 0."""

    def __init__(self, here: Home, number: int) -> None:
        name = f"S{number + 1:05}-1"
        seed = seeds_of(number + 1)[name]
        super().__init__(here, number, number, name=name, seed=seed)
        self.here = here
        self.certificate = Certificate(number, number, 3, amanat_crypto.public_key(seed), name)
        self.state = DeviceState(here.eh, self.certificate.encode())
        self.open()

    def serve(self, voters: int, *, each: int) -> None:
        """So many people vote; `each` keeps them apart from those of other stations."""
        for n in range(voters):
            self.vote(synthetic(self.device * each + n), n % 3)


@dataclass
class Gateway:
    """Both sides of a link, without the wire: what to send next, and what an answer says."""

    here: Home
    entries: Sequence[SignedEntry]
    device: int
    seed: bytes

    def __post_init__(self) -> None:
        self.side = StationSide(self.here.eh, self.device, self.seed, self.here.manifest.hq_key)

    def push(self) -> bytes:
        """The next message."""
        heads = [head_of(self.here.eh, self.entries[-1])]
        return self.side.next_push(heads, lambda _, seq: self.entries[seq + 1 :], nonce=os.urandom(16))

    def take(self, answer: bytes) -> None:
        """Reads an answer."""
        self.side.receive(answer, 1)

    @property
    def left(self) -> int:
        """Entries that headquarters has not been heard to hold."""
        return self.side.undelivered([head_of(self.here.eh, self.entries[-1])])
