"""The election manifest, whose SHA-256 is the election hash.  Clauses M-1, M-2.

Indices of contests, candidates, stations, mixers and authorities are positions from 0; trustees are numbered from 1.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from amanat.records.cbor import Encodable, refuse
from amanat.records.identifiers import ElectionHash
from amanat.records.shape import Bit, Bytes32, Record

WHOLE: Final = 0
SPLIT: Final = 1
BY_STATIONS: Final = 0
BY_COUNTY: Final = 1
ELECTRONIC: Final = 0
PAPER: Final = 1
HQ_OWNER: Final = "hq"
"""A mixer whose owner has this name is headquarters' own."""


@dataclass(frozen=True, slots=True)
class Candidate(Record):
    """A name on the list; its number on ballots is its position."""

    code: str
    name_fa: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Contest(Record):
    """One office: `max_choices` names at most on a ballot; mode whole or split; units for decryption (T-7)."""

    id: str
    seats: int
    max_choices: int
    mode: Bit
    unit_min: int
    unit_by: Bit
    candidates: tuple[Candidate, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The candidates' codes in published order."""
        return tuple(candidate.code for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class Station(Record):
    """A polling station; `approvals` is 1 where a second signature is needed for each permit (C-9)."""

    id: str
    county: str
    district: str
    ballot_terminals: int
    approvals: Bit
    mode: Bit


@dataclass(frozen=True, slots=True)
class Trustee(Record):
    """A trustee, numbered from 1, appointed by a power of state."""

    j: int
    name: str
    power: str
    signing_key: Bytes32
    hpke_key: Bytes32


@dataclass(frozen=True, slots=True)
class Trustees(Record):
    """n trustees, threshold t; K, Z, W: the t summed commitments of each key, the first being the key (K-6)."""

    n: int
    threshold: int
    people: tuple[Trustee, ...]
    K: tuple[Bytes32, ...]
    Z: tuple[Bytes32, ...]
    W: tuple[Bytes32, ...]

    def require_sound(self) -> None:
        """n people numbered from 1, t commitments a key, 1 ≤ t ≤ n."""
        if [person.j for person in self.people] != list(range(1, self.n + 1)) or not 1 <= self.threshold <= self.n:
            refuse("trustees")
        if {len(self.K), len(self.Z), len(self.W)} != {self.threshold}:
            refuse("commitments")


@dataclass(frozen=True, slots=True)
class Headquarters(Record):
    """Headquarters' Ed25519 key, and the X25519 key that seals private parts on USB."""

    key: Bytes32
    hpke_key: Bytes32


@dataclass(frozen=True, slots=True)
class Mixer(Record):
    """A mixer and whose it is."""

    name: str
    owner: str
    key: Bytes32


@dataclass(frozen=True, slots=True)
class Authority(Record):
    """A board or official who signs orders, decisions and lots."""

    role: str
    key: Bytes32


@dataclass(frozen=True)
class Manifest(Record):
    """What the election is; `polling_day` is Gregorian ISO text, vkeys are signed-note texts."""

    VERSION: ClassVar[int] = 1

    election_id: str
    round: int
    polling_day: str
    rule_set_digest: Bytes32
    final_list_digest: Bytes32 | None
    contests: tuple[Contest, ...]
    stations: tuple[Station, ...]
    trustees: Trustees
    register_root: Bytes32
    hq: Headquarters
    bulletin_vkey: str
    witness_vkeys: tuple[str, ...]
    mixers: tuple[Mixer, ...]
    authorities: tuple[Authority, ...]
    software_digest: Bytes32 | None = None

    def to_json(self) -> str:
        """The text of manifest.json: the same arrays, byte strings as lower-case hex."""
        return json_line(_hex(self.fields()))

    @cached_property
    def election_hash(self) -> ElectionHash:
        """eh = SHA-256 of manifest.cbor."""
        return ElectionHash(hashlib.sha256(self.encode()).digest())

    @property
    def hq_key(self) -> bytes:
        """Headquarters' Ed25519 key."""
        return self.hq.key

    @property
    def hq_hpke_key(self) -> bytes:
        """Headquarters' X25519 key."""
        return self.hq.hpke_key

    @property
    def vote_key(self) -> bytes:
        """K, which opens votes and nothing else."""
        return self.trustees.K[0]

    @property
    def tag_key(self) -> bytes:
        """Z, the generator of credentials' ciphertexts."""
        return self.trustees.Z[0]

    @property
    def tag_blind_key(self) -> bytes:
        """W, under which credentials are enciphered."""
        return self.trustees.W[0]

    def contest_indices(self, mask: int) -> list[int]:
        """The contests of a permit's bit mask, ascending; Malformed for a bit without a contest or no bit at all."""
        if not 0 < mask < 1 << len(self.contests):
            refuse("contest mask")
        return [index for index in range(len(self.contests)) if mask >> index & 1]


def json_line(value: object) -> str:
    """A JSON file of the record: sorted keys, no spaces, one newline."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _hex(value: Encodable) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return [_hex(item) for item in value] if isinstance(value, list) else value
