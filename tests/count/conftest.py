"""A county of three stations made from `amanat.records` alone: permits, sealed ballots, sheets, bulletin; no station,
no headquarters.  The trustees, mixers and boards are the real machines, each in its folder."""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import amanat_crypto as crypto
from amanat.count import ceremony, keys, order, pipeline
from amanat.count.checks.memory import Memory
from amanat.count.checks.session import Session, read_session
from amanat.count.exchange import Files, dump
from amanat.count.machine import Machine
from amanat.count.mixer import MixerMachine
from amanat.count.trustee import TrusteeMachine
from amanat.records import cbor, tiles
from amanat.records import election_record as paths
from amanat.records.ballot import Core, SealedBallot, ballot_id, seal
from amanat.records.device import Certificate, certificate_id
from amanat.records.identifiers import merkle_root, sign
from amanat.records.manifest import Authority, Candidate, Contest, Headquarters, Manifest, Mixer, Station, Trustees
from amanat.records.order import Decision, DecisionKind, Exclusion, Reason, decision_id, order_id
from amanat.records.permit import IssuedPermit, Permit, credential_point, issue, permit_hash
from amanat.records.sheet import CLOSING, Sheet, sheet_id
from amanat.rules.national_id import synthetic
from amanat.rules.rule_set import shipped

CHECK_IN, BALLOT, APPROVE = 1, 2, 4
BULLETIN = "bulletin.test"
ROLES = ("governor", "supervisory-board")
HQ_SEED, BULLETIN_SEED = b"h" * 32, b"b" * 32


def public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


@contextmanager
def at_work(machines: Sequence[Machine]) -> Iterator[None]:
    """These machines answer jobs, each in a thread of its own."""
    stop = threading.Event()
    threads = [threading.Thread(target=machine.run, args=(stop,)) for machine in machines]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)


def make_hall(root: Path) -> Path:
    """Five trustees (t = 3) after their ceremony, three mixers, two boards, each in its folder of `root`."""
    passphrase = root / "passphrase"
    passphrase.write_text("a long phrase", encoding="utf-8")
    for j in range(1, 6):
        keys.create(root / f"trustees/{j}", passphrase, hpke=True, role="trustee", index=j, name=f"T{j}", power=f"P{j}")
    for index in range(3):
        keys.create(
            root / f"mixers/{index}", passphrase, role="mixer", index=index, name=f"M{index}", owner=f"O{index}"
        )
    for index, role in enumerate(ROLES):
        keys.create(root / f"authorities/{role}", passphrase, role=role, index=index, name=role)
    with at_work([TrusteeMachine(root / f"trustees/{j}") for j in range(1, 6)]):
        ceremony.run(election="county", round=1, threshold=3, trustees=root / "trustees", out=root / "ceremony")
    for j in range(1, 6):
        for name in ("in", "out"):
            shutil.rmtree(root / f"trustees/{j}/{name}")
    return root


@pytest.fixture(scope="session")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pristine folders, copied by each test."""
    return make_hall(tmp_path_factory.mktemp("hall"))


@dataclass(frozen=True)
class Cast:
    """One cast ballot with what headquarters knows of it."""

    person: int
    issued: IssuedPermit
    sealed: SealedBallot
    signature: bytes

    @property
    def id(self) -> bytes:
        return bytes(self.sealed.id)

    @property
    def serial(self) -> bytes:
        return Permit.decode(self.issued.permit).serial


@dataclass
class County:
    """Three stations of one terminal each (devices 0, 1, 2, roles check-in and ballot; 3 approves in station 2)."""

    root: Path
    candidates: int = 4
    choices: int = 1
    unit_min: int = 10
    seats: int = 1
    rule_set: str = "majlis-1402"
    approvals: int = 0
    mode: int = 0
    paper: bool = False
    hidden: bool = False
    boxes: dict[int, list[Cast]] = field(default_factory=lambda: {0: [], 1: [], 2: [], 3: []})
    approved: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    tested: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    unlisted: set[bytes] = field(default_factory=set)
    apart: tuple[str, ...] = ()
    approver_end: Sequence[int | str | None] | None = None
    pad_station: int = 2
    pad_roles: int = APPROVE

    def __post_init__(self) -> None:
        codes = [Candidate(str(1001 + i), f"نامزد {i}", f"Candidate {i}") for i in range(self.candidates)]
        unit_by = int(self.choices > 3)
        contest = Contest("majlis", self.seats, self.choices, self.mode, self.unit_min, unit_by, tuple(codes))
        needed = (0, 0, self.approvals)
        stations = tuple(
            Station(f"S00{at + 1}", "AAB"[at], "D", 1, approvals, int(self.paper))
            for at, approvals in enumerate(needed)
        )
        self.manifest = Manifest(
            "county",
            1,
            "2024-03-01",
            hashlib.sha256(shipped(self.rule_set).encode()).digest(),
            None,
            (contest,),
            stations,
            Trustees.from_value(cbor.decode((self.root / "ceremony/trustees.cbor").read_bytes())),
            bytes(32),
            Headquarters(public(HQ_SEED), bytes(32)),
            tiles.vkey(BULLETIN, public(BULLETIN_SEED)),
            (),
            tuple(Mixer(f"M{i}", f"O{i}", self.key("mixers", str(i))) for i in range(3)),
            tuple(Authority(role, self.key("authorities", role)) for role in ROLES),
        )
        self.eh = self.manifest.election_hash
        self.seeds = [bytes([100 + device]) * 32 for device in range(4)]
        roles = (CHECK_IN | BALLOT, CHECK_IN | BALLOT, CHECK_IN | BALLOT, self.pad_roles)
        places = (0, 1, 2, self.pad_station)
        self.certificates = [
            Certificate(device, places[device], roles[device], public(self.seeds[device]), f"seal {device}").encode()
            for device in range(4)
        ]
        self.record, self.private = self.root / "record", self.root / "private"

    def key(self, group: str, name: str) -> bytes:
        return bytes.fromhex(keys.Keys(self.root / group / name).identity["signing_key"])

    def permit(self, person: int, station: int, *, replaces: bytes | None = None) -> IssuedPermit:
        return issue(
            manifest=self.manifest,
            eh=self.eh,
            national_id=synthetic(person),
            seed=os.urandom(32),
            salt=os.urandom(32),
            serial=os.urandom(16),
            station=station,
            check_in_device=station,
            ballot_device=station,
            mask=1,
            register_version=0,
            document=0,
            signing_seed=self.seeds[station],
            replaces=replaces,
        )

    def made(
        self,
        person: int,
        station: int,
        *choices: int,
        replaces: bytes | None = None,
        permit: IssuedPermit | None = None,
    ) -> Cast:
        """A sealed and signed ballot that is in no box yet."""
        issued = permit or self.permit(person, station, replaces=replaces)
        sealed = seal(
            manifest=self.manifest,
            eh=self.eh,
            permit=issued.permit,
            permit_signature=issued.signature,
            choices={0: choices},
            secret=self.seeds[station],
        )
        return Cast(person, issued, sealed, sign(self.seeds[station], "cast", self.eh, sealed.id))

    def vote(self, person: int, station: int, *choices: int, **options: Any) -> Cast:
        return self.put(station, self.made(person, station, *choices, **options))

    def with_core(self, cast: Cast, station: int, core: Core) -> Cast:
        """The same permit with another content, signed by the terminal."""
        id_ = ballot_id(self.eh, core.encode())
        sealed = SealedBallot(core.encode(), id_, ())
        return Cast(cast.person, cast.issued, sealed, sign(self.seeds[station], "cast", self.eh, id_))

    def copied_proof(self, person: int, station: int, other: Cast) -> Cast:
        """A ballot that holds another's ciphertext with its proof, which was made for that one's permit."""
        mine, theirs = self.made(person, station, 0), Core.decode(other.sealed.core)
        core = Core(mine.issued.permit, mine.issued.signature, theirs.ciphertexts, theirs.proofs)
        return self.with_core(mine, station, core)

    def twins(self, person: int, other: int, station: int) -> tuple[Cast, Cast]:
        """Two ballots of one terminal, on two permits, with one and the same ciphertext and two good proofs."""
        first = self.vote(person, station, 0)
        sealed = Core.decode(first.sealed.core)
        second = self.permit(other, station)
        r, key = first.sealed.randomness[0], self.manifest.vote_key
        v = crypto.random_scalar()
        point, ph = crypto.base_mul(v), permit_hash(self.eh, second.permit)
        ciphertext = sealed.ciphertexts[0]
        item: list[cbor.Encodable] = ["amanat/v1/pok", self.eh, ph, 0, 0, key, ciphertext[:32], ciphertext[32:], point]
        s = crypto.scalar_add(v, crypto.scalar_mul(crypto.scalar_from_hash(cbor.encode(item)), r))
        core = Core(second.permit, second.signature, sealed.ciphertexts, (point + s,))
        return first, self.put(station, self.with_core(replace(first, person=other, issued=second), station, core))

    def certificate_id(self, device: int) -> bytes:
        return certificate_id(self.eh, self.certificates[device])

    def decision_id(self, decision: Decision) -> bytes:
        return decision_id(self.eh, decision.encode())

    def permit_hash(self, cast: Cast) -> bytes:
        return bytes(permit_hash(self.eh, cast.issued.permit))

    def put(self, station: int, cast: Cast) -> Cast:
        self.boxes[station].append(cast)
        return cast

    def test(self, id_: bytes, device: int) -> None:
        """The device says that this ballot was tested on it (B-9)."""
        self.tested.append((id_, device, sign(self.seeds[device], "tested", self.eh, id_)))

    def approve(self, cast: Cast) -> tuple[bytes, int, bytes]:
        """The pad approves, which is on its closing sheet if it is done before `close`."""
        self.approved.append(self.approval(cast))
        return self.approved[-1]

    def approval(self, cast: Cast, device: int = 3) -> tuple[bytes, int, bytes]:
        """What is in approvals.seq, signed by a device."""
        ph = self.permit_hash(cast)
        return ph, device, sign(self.seeds[device], "approve", self.eh, ph)

    def exclude(self, person: int) -> Exclusion:
        """The boards find a person not eligible: an exclusion and its decision."""
        point = credential_point(self.eh, synthetic(person))
        trustees = self.manifest.trustees
        random = crypto.random_scalar()
        credential = crypto.elgamal(base=trustees.Z[0], key=trustees.W[0], messages=point, randomness=random)
        exclusion = Exclusion(credential, Reason.ANNULLED, None)
        self.exclusions.append(exclusion)
        self.decisions.append(Decision(DecisionKind.EXCLUSION, exclusion.digest, Reason.ANNULLED, bytes(32)))
        return exclusion

    @property
    def casts(self) -> list[Cast]:
        return sorted((cast for box in self.boxes.values() for cast in box), key=lambda cast: cast.id)

    def close(self) -> None:
        """Sheets, bulletin, and everything that headquarters exports."""
        shutil.copytree(self.root / "ceremony/keys", self.record / "keys")
        self.write("manifest.cbor", self.manifest.encode())
        self.write("manifest.json", self.manifest.to_json().encode())
        self.write(paths.RULES, shipped(self.rule_set).encode())
        self.write(paths.LOTS, b"")
        ids = [certificate_id(self.eh, certificate) for certificate in self.certificates]
        rows = sorted(zip(ids, self.certificates, strict=True))
        signed = [[cert, sign(HQ_SEED, "device", self.eh, id_), None] for id_, cert in rows]
        self.write(paths.DEVICES, cbor.encode_seq(signed))
        self.write(paths.ballots_path(1), cbor.encode_seq([cast.sealed.core, cast.signature] for cast in self.casts))
        boards = [keys.Keys(self.root / "authorities" / role).signing_seed for role in ROLES]
        decisions = sorted((decision_id(self.eh, d.encode()), d.encode()) for d in self.decisions)
        rulings = (cbor.encode([d, [sign(seed, "decision", self.eh, id_) for seed in boards]]) for id_, d in decisions)
        self.write(paths.decisions_path(1), b"".join(rulings))
        exclusions = sorted(self.exclusions, key=lambda exclusion: exclusion.credential)
        self.write(paths.exclusions_path(1), cbor.encode_seq(exclusion.fields() for exclusion in exclusions))
        self.write(paths.APPROVALS, cbor.encode_seq([*row] for row in sorted(self.approved)))
        self.write(paths.TESTED, cbor.encode_seq([*row] for row in sorted(self.tested)))
        self.private.mkdir()
        sheets = self.sheets()
        self.log = [b"\x01" + id_ for id_ in sorted(ids)]
        self.log += sorted([b"\x02" + cast.id for cast in self.casts])
        self.log += [b"\x03" + id_ for id_ in sheets] + [b"\x04" + id_ for id_, _ in decisions if not self.hidden]
        self.bulletin()
        people: dict[int, set[str]] = {}
        for cast in self.casts:
            people.setdefault(cast.person, set()).add(self.permit_hash(cast).hex())
        groups = [sorted(group) for group in people.values() if len(group) > 1]
        (self.private / "cases.json").write_bytes(dump({"groups": groups}))

    def sheets(self) -> list[bytes]:
        """Closing sheets of devices 0 to 2 and, if it approved and nothing else is said of its end, of the pad; the
        permits' list, and how each device ended."""
        issued: dict[int, set[bytes]] = {0: set(), 1: set(), 2: set()}
        for station, box in self.boxes.items():
            for cast in box:
                issued[station].add(self.permit_hash(cast))
        rows = sorted((ph, device) for device, hashes in issued.items() for ph in hashes - self.unlisted)
        self.write(paths.PERMITS, cbor.encode_seq([*row] for row in rows))
        signed: list[tuple[bytes, list[cbor.Encodable]]] = []
        ends: list[object] = []
        for device in range(3):
            ids = sorted(cast.id for cast in self.boxes[device])
            tested = sum(row[1] == device for row in self.tested)
            permits = sorted(issued[device] - self.unlisted)
            counts = (len(permits), 1, len(ids) + tested + 2, len(ids), tested, 2)
            roots = merkle_root(permits), merkle_root(ids)
            sheet = Sheet(CLOSING, device, 99, bytes(32), *counts, *roots).encode()
            id_ = sheet_id(self.eh, sheet)
            signed.append((id_, [sheet, sign(self.seeds[device], "sheet", self.eh, id_)]))
            ends.append([device, 0, id_.hex()])
        end = self.approver_end or (3, 3, None)
        if self.approved and self.approver_end is None:
            permits = sorted(ph for ph, device, _ in self.approved if device == 3)
            roots = merkle_root(permits), merkle_root([])
            sheet = Sheet(CLOSING, 3, 99, bytes(32), len(permits), 0, 0, 0, 0, 0, *roots).encode()
            id_ = sheet_id(self.eh, sheet)
            signed.append((id_, [sheet, sign(self.seeds[3], "sheet", self.eh, id_)]))
            end = (3, 0, id_.hex())
        signed.sort(key=lambda row: row[0])
        self.write(paths.SHEETS, cbor.encode_seq(row for _, row in signed))
        (self.private / "devices.json").write_text(json.dumps([*ends, end]), encoding="utf-8")
        return [id_ for id_, _ in signed]

    def bulletin(self) -> None:
        tree = tiles.Tree(self.log)
        for name, content in tree.files():
            self.write(f"bulletin/{name}", content)
        self.write("bulletin/checkpoint", tiles.checkpoint(tree, name=BULLETIN, seed=BULLETIN_SEED))

    def write(self, name: str, data: bytes) -> None:
        path = self.record / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def order(self) -> bytes:
        """Closes the day if that was not done, then draws up the order."""
        if not self.record.exists():
            self.close()
        return order.draw_up(
            record=self.record, private=self.private, authorities=self.root / "authorities", apart=self.apart
        )

    def session(self) -> Session:
        """V2 to V14 on a machine that remembers nothing."""
        return read_session(Files(self.record), Memory(self.root / "fresh"), 1)

    def trustee(self, j: int) -> TrusteeMachine:
        return TrusteeMachine(self.root / f"trustees/{j}")

    def mixer(self, index: int) -> MixerMachine:
        return MixerMachine(self.root / f"mixers/{index}")

    def fill(self, voters: int = 30) -> None:
        """Voters at the stations in turn: those of station 2 vote for candidate 1, the others for candidate 0."""
        for person in range(voters):
            self.vote(person, person % 3, int(person % 3 == 2))

    @property
    def result(self) -> Any:
        return json.loads((self.record / paths.RESULT).read_text(encoding="utf-8"))

    def count(self, *, trustees: Sequence[int] = (1, 2, 3), patience: float = 5.0) -> dict[str, float]:
        """Order, machines at work, the whole count."""
        self.order()
        with at_work([*map(self.trustee, trustees), *map(self.mixer, range(3))]):
            return self.run(patience=patience)

    def run(self, *, patience: float = 5.0) -> dict[str, float]:
        trustees, mixers = self.root / "trustees", self.root / "mixers"
        places = pipeline.Places(self.record, self.private, trustees, mixers)
        return pipeline.run(places, patience=patience)

    def publish(self) -> None:
        """Headquarters' part after the count: entries 05 and 06, sums, signature."""
        self.log.append(b"\x05" + order_id(self.eh, (self.record / paths.order_path(1)).read_bytes()))
        found = {str(p.relative_to(self.record)): p for p in self.record.rglob("*") if p.is_file()}
        sums = paths.sums_text({name: hashlib.sha256(p.read_bytes()).digest() for name, p in found.items()}).encode()
        self.write(paths.SUMS, sums)
        digest = hashlib.sha256(sums).digest()
        self.write(paths.SUMS_SIGNATURE, sign(HQ_SEED, "record", self.eh, digest))
        self.log.append(b"\x06" + digest)
        shutil.rmtree(self.record / "bulletin")
        self.bulletin()

    def set_aside(self) -> dict[bytes, tuple[int, bytes | None]]:
        rows = cbor.decode_seq((self.record / paths.set_aside_path(1)).read_bytes())
        return {row[0]: (row[1], row[2]) for row in rows}  # type: ignore[index,misc]


@pytest.fixture
def county(hall: Path, tmp_path: Path) -> Callable[..., County]:
    """Makes a county over fresh copies of the hall's folders."""

    def make(**options: object) -> County:
        root = tmp_path / "county"
        shutil.copytree(hall, root)
        return County(root, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def working() -> Callable[[Sequence[Machine]], Any]:
    return at_work
