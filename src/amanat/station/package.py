"""What headquarters gives every terminal of an election, and who this terminal is in it (K-8, M-1, M-7, R-1)."""

import json
import mmap
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import amanat_crypto
from amanat.errors import AmanatError, BadInput, Rejected
from amanat.records import cbor, exercise, package_sums, register_key
from amanat.records.cbor import as_bytes, as_list
from amanat.records.device import ROLE_BALLOT, Certificate, certificate_id
from amanat.records.identifiers import ElectionHash, sign
from amanat.records.manifest import Manifest, Station
from amanat.records.register import Register, require_of
from amanat.rules import rule_set

FILES = ("manifest.cbor", "devices.seq", "register.bin", "stations.json", "candidates.json", "contests.json")
WITHDRAWN = "withdrawn.json"  # optional


@dataclass(frozen=True)
class Package:
    """One election as every station holds it; ``certificates`` are signed by headquarters, by device."""

    manifest: Manifest
    certificates: Mapping[int, bytes]
    register: Register
    stations: Sequence[Mapping[str, Any]]
    candidates: Mapping[str, Any]
    contests: Sequence[Mapping[str, Any]]
    withdrawn: Sequence[Sequence[str]] = ()
    """[contest id, code] of candidates who went after the lists were printed."""
    register_keys: Mapping[int, bytes] = field(default_factory=dict)
    """sealed, by the device that may open its own (R-5); empty where the register has no key."""

    @cached_property
    def gone(self) -> frozenset[tuple[str, str]]:
        """(contest id, code) of candidates whom nobody can choose any more."""
        return frozenset((str(contest), str(code)) for contest, code in self.withdrawn)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The Persian titles of contests by id."""
        return {str(row["id"]): str(row["title_fa"]) for row in self.contests}

    @cached_property
    def numbers(self) -> Sequence[Mapping[str, int]]:
        """By contest index: the candidates' numbers by code."""
        return [dict(zip(contest.codes, range(len(contest.codes)), strict=True)) for contest in self.manifest.contests]

    @cached_property
    def devices(self) -> Mapping[int, Certificate]:
        """The certificates, read."""
        return {device: Certificate.decode(data) for device, data in self.certificates.items()}


@dataclass(frozen=True)
class Identity:
    """This terminal in this election: its certificate, its key's seed, its station's other terminals."""

    package: Package
    device: int
    seed: bytes
    random: Callable[[int], bytes] = os.urandom
    """So many bytes that nobody can guess: a port, see `station.ports`."""

    @property
    def manifest(self) -> Manifest:
        """The election."""
        return self.package.manifest

    @property
    def training(self) -> bool:
        """Whether this is an exercise: an election of its own, with its own keys, whose id says so (M-1)."""
        return self.manifest.election_id.startswith(exercise.PREFIX)

    @property
    def eh(self) -> ElectionHash:
        """The election hash."""
        return self.package.manifest.election_hash

    @cached_property
    def certificate(self) -> Certificate:
        """Ours."""
        return self.package.devices[self.device]

    @property
    def station(self) -> int:
        """Our station's index."""
        return self.certificate.station

    @property
    def place(self) -> Station:
        """Our station in the manifest."""
        return self.manifest.stations[self.station]

    @property
    def place_name(self) -> str:
        """Our station's Persian name."""
        return str(self.package.stations[self.station]["name_fa"])

    @cached_property
    def colleagues(self) -> Sequence[Certificate]:
        """All devices of our station, ourselves included, in the order of their numbers."""
        found = [c for c in self.package.devices.values() if c.station == self.station]
        return sorted(found, key=lambda c: c.device)

    def is_spare(self, device: int) -> bool:
        """Whether this device of our station stands in a box until it takes over from another (J-8)."""
        ballots = [c.device for c in self.colleagues if c.has(ROLE_BALLOT)]
        return device in ballots[self.place.ballot_terminals :]

    def number(self, device: int) -> int:
        """What people call a device of our station: terminal 1, 2, …"""
        return [c.device for c in self.colleagues].index(device) + 1

    def sign(self, domain: str, digest: bytes) -> bytes:
        """Sign(this device, domain, digest)."""
        return sign(self.seed, domain, self.eh, digest)


def read_package(folder: Path) -> Package:
    """The package in a folder; what several terminals of one process share is read once.

    Raises:
        BadInput: a file is missing or is not what it should be.
        Rejected: a file is not the signed one (M-7), a certificate's signature or the register's root does not hold.
    """
    package_sums.require_at_start(folder)
    try:
        data = {name: (folder / name).read_bytes() for name in FILES if name != "register.bin"}
        stat = (folder / "register.bin").stat()
    except OSError as cause:
        raise BadInput("package-incomplete", file=str(cause.filename)) from cause
    manifest = _manifest(data["manifest.cbor"])
    file = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    register = _register(folder / "register.bin", file)
    _require_register(register, manifest, folder)
    withdrawn = folder / WITHDRAWN
    late = withdrawn.read_bytes() if withdrawn.exists() else b"[]"
    texts = (data["stations.json"], data["candidates.json"], data["contests.json"], late)
    sealed = folder / register_key.FILE
    return _package(
        data["manifest.cbor"], data["devices.seq"], register, sealed.read_bytes() if sealed.exists() else b"", texts
    )


def open_register(identity: Identity) -> None:
    """Decipher the register, by the key sealed for this device; another terminal of this process finds it open.

    Raises:
        Rejected: the package has no key for this device.  BadInput, Malformed: the register was changed.
    """
    register, sealed = identity.package.register, identity.package.register_keys.get(identity.device)
    if register.is_open:
        return
    if sealed is None:
        raise Rejected("register-key-sealed")
    eh, root = identity.eh, register.root
    register.open(register_key.unseal(sealed, eh=eh, root=root, device=identity.device, seed=identity.seed))


def require_names(register: Register, folder: Path) -> None:
    """Read the whole of the names once, when a package is loaded.  Raises Rejected where one is not as it was made."""
    try:
        register.require_names()
    except AmanatError as cause:
        raise Rejected("register-not-of-this-election", file=str(folder / "register.bin")) from cause


def _require_register(register: Register, manifest: Manifest, folder: Path) -> None:
    """It is of this election, round and day, no older than the rule set allows, and the one that the manifest names."""
    rules, file = folder / "rules.toml", str(folder / "register.bin")
    most_days = rule_set.REGISTER_DAYS
    if rules.exists():
        most_days = rule_set.load(rules.read_text(encoding="utf-8"), file=str(rules)).register_days
    of = {"election_id": manifest.election_id, "round": manifest.round, "day": manifest.polling_day}
    require_of(register.header, **of, most_days=most_days, file=file)  # type: ignore[arg-type]
    if register.root != manifest.register_root:
        raise Rejected("register-not-of-this-election", file=file)


@lru_cache(maxsize=4)
def _manifest(data: bytes) -> Manifest:
    return Manifest.decode(data)


@lru_cache(maxsize=4)
def _register(path: Path, file: tuple[int, ...]) -> Register:
    """A register in mapped memory; ``file`` makes a replaced file another one."""
    try:
        with path.open("rb") as source:
            return Register(mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ))
    except (AmanatError, ValueError) as cause:  # an empty file cannot be mapped
        raise Rejected("register-not-of-this-election", file=str(path)) from cause


@lru_cache(maxsize=4)
def _package(manifest: bytes, devices: bytes, register: Register, sealed: bytes, texts: tuple[bytes, ...]) -> Package:
    of = _manifest(manifest)
    stations, candidates, contests, withdrawn = map(json.loads, texts)
    keys = register_key.read_sealed(sealed)
    return Package(of, _certificates(of, devices), register, stations, candidates, contests, withdrawn, keys)


def _certificates(manifest: Manifest, devices: bytes) -> dict[int, bytes]:
    """The certificates of devices.seq, all signed by headquarters; Rejected if one is not."""
    rows = [as_list(item, "device", size=3) for item in cbor.decode_seq(devices)]
    certificates = [as_bytes(row[0], "certificate") for row in rows]
    signatures = b"".join(as_bytes(row[1], "signature", size=64) for row in rows)
    digests = b"".join(certificate_id(manifest.election_hash, c) for c in certificates)
    if amanat_crypto.verify_signatures(
        domain="device",
        eh=manifest.election_hash,
        keys=manifest.hq_key * len(rows),
        digests=digests,
        signatures=signatures,
    ):
        raise Rejected("certificate-not-signed")
    return {Certificate.decode(c).device: c for c in certificates}
