"""The manifest (clauses M-1 to M-4) as typed values, and check V2."""

import datetime
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amanat_verifier.cbor import Value, decode
from amanat_verifier.group import is_sound
from amanat_verifier.hashes import is_ed25519_key, sha256
from amanat_verifier.notes import Key, read_key
from amanat_verifier.ranks import bound, limbs
from amanat_verifier.record import Record, names, once
from amanat_verifier.shapes import Fault, many, only, optional, parse, raw, row, text, uint

FILE = "manifest.cbor"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a contest's id is a folder's name
WHOLE_CHOICES_MAX = 3  # more need unit_by = county (M-4)

CONTEST = row(text, uint, uint, only(0, 1), uint, only(0, 1), many(row(text, text, text)))
STATION = row(text, text, text, uint, only(0, 1), only(0, 1))
TRUSTEE = row(uint, text, text, raw(32), raw(32))
KEYS = row(uint, uint, many(TRUSTEE), many(raw(32)), many(raw(32)), many(raw(32)))
MANIFEST = row(
    only(1), text, uint, text, raw(32), optional(raw(32)), many(CONTEST), many(STATION), KEYS, raw(32),
    row(raw(32), raw(32)), text, many(text), many(row(text, text, raw(32))), many(row(text, raw(32))),
    optional(raw(32)),
)  # fmt: skip


@dataclass(frozen=True)
class Contest:
    """One contest; `index` is its position."""

    index: int
    id: str
    seats: int
    choices_max: int
    mode: int
    unit_min: int
    unit_by: int
    candidates: tuple[tuple[str, str, str], ...]

    @cached_property
    def width(self) -> int:
        """Ciphertexts in a ballot."""
        return limbs(len(self.candidates), self.choices_max)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The candidates' codes in published order."""
        return tuple(code for code, _, _ in self.candidates)


@dataclass(frozen=True)
class Station:
    """One polling station."""

    id: str
    county: str
    district: str
    terminals: int
    approvals: int
    paper: int


@dataclass(frozen=True)
class Mixer:
    """One mixer of the manifest."""

    name: str
    owner: str
    key: bytes


@dataclass(frozen=True)
class Manifest:
    """The manifest; `eh` is its SHA-256.  Keys are the commitments [C_0…] of K, Z and W."""

    eh: bytes
    election: str
    round: int
    rules_hash: bytes
    final_list: bytes | None
    contests: tuple[Contest, ...]
    stations: tuple[Station, ...]
    threshold: int
    trustees: tuple[tuple[int, str, str, bytes, bytes], ...]
    keys: dict[str, tuple[bytes, ...]]
    hq: bytes
    bulletin: Key
    witnesses: tuple[Key, ...]
    mixers: tuple[Mixer, ...]
    authorities: tuple[tuple[str, bytes], ...]


@once
def manifest(record: Record) -> Manifest:
    """Parses the manifest; its hash is compared in V2, so that other checks still run on a wrong one."""
    data = record.read(FILE)
    (_, election, number, day, rules, final, contests, stations, keys, _, hq, board, witnesses, mixers, boards, _) = (
        parse(data, MANIFEST, FILE)
    )
    count, threshold, trustees, of_k, of_z, of_w = keys
    if count != len(trustees) or [t[0] for t in trustees] != list(range(1, count + 1)):
        raise Fault(f"{FILE}: trustees are not numbered 1 to n")
    try:
        datetime.date.fromisoformat(day)
    except ValueError as cause:
        raise Fault(f"{FILE}: polling day is no date") from cause
    return Manifest(
        eh=sha256(data),
        election=election,
        round=number,
        rules_hash=rules,
        final_list=final,
        contests=tuple(Contest(i, *contest) for i, contest in enumerate(contests)),
        stations=tuple(Station(*station) for station in stations),
        threshold=threshold,
        trustees=trustees,
        keys={"K": of_k, "Z": of_z, "W": of_w},
        hq=hq[0],
        bulletin=read_key(board, f"{FILE}: bulletin key"),
        witnesses=tuple(read_key(witness, f"{FILE}: witness key") for witness in witnesses),
        mixers=tuple(Mixer(*mixer) for mixer in mixers),
        authorities=boards,
    )


def _twin(value: Value) -> Any:
    """The manifest's arrays as JSON holds them."""
    if isinstance(value, bytes):
        return value.hex()
    return [_twin(item) for item in value] if isinstance(value, list) else value


def dumps(value: Any) -> bytes:
    """JSON of the record: sorted keys, no spaces, UTF-8, one newline (E-2)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _check_contest(contest: Contest) -> None:
    at = f"{FILE}: contest {contest.id}"
    codes = contest.codes
    if not SAFE_NAME.fullmatch(contest.id):
        raise Fault(f"{FILE}: contest {contest.index}: its id is no name of a folder")
    if len(set(codes)) != len(codes) or not codes or not all(codes):
        raise Fault(f"{at}: candidates' codes are missing or repeated")
    if not (1 <= contest.choices_max <= len(codes) and contest.seats >= 1 and contest.unit_min >= 1):
        raise Fault(f"{at}: seats, choices or unit_min cannot be")
    if contest.mode != 0:
        raise Fault(f"{at}: split counting is not known to this verifier")
    if contest.choices_max > WHOLE_CHOICES_MAX and contest.unit_by != 1:
        raise Fault(f"{at}: whole ballots of more than {WHOLE_CHOICES_MAX} names need counties as units")
    assert bound(len(codes), contest.choices_max) > 1


def _check_keys(found: Manifest) -> None:
    n, t = len(found.trustees), found.threshold
    if not 1 <= t <= n <= 255:
        raise Fault(f"{FILE}: threshold {t} of {n} trustees cannot be")
    signers = [("headquarters", found.hq)]
    signers += [(f"trustee {j}", key) for j, _, _, key, _ in found.trustees]
    signers += [(f"mixer {i}", mixer.key) for i, mixer in enumerate(found.mixers)]
    signers += [(f"authority {role}", key) for role, key in found.authorities]
    signers += [(f"vkey {key.name}", key.public) for key in (found.bulletin, *found.witnesses)]
    for who, key in signers:
        if not is_ed25519_key(key):
            raise Fault(f"{FILE}: key of {who}: not canonical, or of small or mixed order")
    for who, keys in (
        ("trustees", [key for _, _, _, key, _ in found.trustees]),
        ("mixers", [m.key for m in found.mixers]),
    ):
        if len(set(keys)) != len(keys):
            raise Fault(f"{FILE}: two {who} with one key")
    for q, commitments in found.keys.items():
        if len(commitments) != t or not all(map(is_sound, commitments)):
            raise Fault(f"{FILE}: key {q}: {t} points other than the identity are expected")


def _check_lists(found: Manifest) -> None:
    ids = [contest.id for contest in found.contests]
    stations = [station.id for station in found.stations]
    if not ids or not stations or len(set(ids)) != len(ids) or len(set(stations)) != len(stations):
        raise Fault(f"{FILE}: contests or stations are missing or repeated")
    if any(station.paper for station in found.stations):
        raise Fault(f"{FILE}: stations on paper are not known to this verifier")
    if not found.authorities or len({key for _, key in found.authorities}) != len(found.authorities):
        raise Fault(f"{FILE}: authorities are missing or share a key")


def check_manifest(record: Record) -> int:
    """V2: canonical, its hash as given, manifest.json equal byte for byte, and its numbers possible."""
    found = manifest(record)
    if record.given is None:
        record.say("THE ELECTION HASH WAS TAKEN FROM THE RECORD ITSELF: compare it with the leaflet or the newspaper.")
    elif record.given != found.eh:
        raise Fault(f"{FILE}: its hash is {found.eh.hex()}, not {record.given.hex()} as given")
    if record.read("manifest.json") != dumps(_twin(decode(record.read(FILE)))):
        raise Fault("manifest.json: differs from manifest.cbor")
    _check_lists(found)
    for contest in found.contests:
        _check_contest(contest)
    _check_keys(found)
    if sha256(record.read("rules.toml")) != found.rules_hash:
        raise Fault("rules.toml: its hash is not the manifest's")
    if found.final_list is None and "final-list.json" in names(record):
        raise Fault("final-list.json: the manifest has no hash of it")
    if found.final_list is not None and sha256(record.read("final-list.json")) != found.final_list:
        raise Fault("final-list.json: its hash is not the manifest's")
    return len(found.contests) + len(found.stations)
