"""A small election: two contests, three stations, five trustees by name only, real keys."""

import hashlib
from dataclasses import dataclass, field

import amanat_crypto
from amanat.records import ballot, journal, manifest
from amanat.records.cbor import Value
from amanat.records.device import ROLE_BALLOT, ROLE_CHECK_IN, Certificate
from amanat.records.identifiers import sign
from amanat.records.journal import DeviceState, SignedEntry
from amanat.records.permit import IssuedPermit, Permit, issue
from amanat.rules.national_id import NationalId

MARYAM = NationalId("0076229645")
PEYMAN = NationalId("7000000058")


def secret(name: str) -> bytes:
    """A fixed secret of 32 bytes, the same in every run."""
    return hashlib.sha256(name.encode("utf-8")).digest()


def scalar(name: str) -> bytes:
    """A fixed scalar."""
    return amanat_crypto.scalar_from_hash(name.encode("utf-8"))


def a_manifest() -> manifest.Manifest:
    """Majlis (5 names, 2 choices) and council (3 names, 1 choice); K, Z, W with known secrets."""
    trustees = tuple(
        manifest.Trustee(j, f"امین {j}", f"power {j % 3}", secret(f"t{j}"), secret(f"x{j}")) for j in range(1, 6)
    )
    keys = (tuple(amanat_crypto.base_mul(scalar(f"{key}{k}")) for k in range(3)) for key in "KZW")
    majlis = tuple(manifest.Candidate(f"100{i}", f"نامزد {i}", f"Candidate {i}") for i in range(5))
    council = tuple(manifest.Candidate(f"{i}", f"شورا {i}", f"Council {i}") for i in range(3))
    return manifest.Manifest(
        election_id="rehearsal",
        round=1,
        polling_day="2024-03-01",
        rule_set_digest=secret("rules"),
        final_list_digest=None,
        contests=(
            manifest.Contest("majlis", 1, 2, manifest.WHOLE, 50, manifest.BY_STATIONS, majlis),
            manifest.Contest("council", 1, 1, manifest.WHOLE, 50, manifest.BY_STATIONS, council),
        ),
        stations=tuple(manifest.Station(f"S00{i}", "دماوند", "مرکزی", 2, 0, manifest.ELECTRONIC) for i in range(3)),
        trustees=manifest.Trustees(5, 3, trustees, *keys),
        register_root=secret("register"),
        hq=manifest.Headquarters(amanat_crypto.public_key(secret("hq")), secret("hq x")),
        bulletin_vkey="amanat+00000000+AQ==",
        witness_vkeys=(),
        mixers=tuple(manifest.Mixer(f"mixer {i}", f"owner {i}", secret(f"m{i}")) for i in range(3)),
        authorities=(
            manifest.Authority("governor", secret("a0")),
            manifest.Authority("supervisory-board", secret("a1")),
        ),
    )


@dataclass
class Terminal:
    """A device that checks in and votes, with its journal in memory."""

    manifest: manifest.Manifest
    name: str = "terminal"
    device: int = 0
    roles: int = ROLE_CHECK_IN | ROLE_BALLOT
    entries: list[SignedEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.eh = self.manifest.election_hash
        self.seed = secret(self.name)
        key = amanat_crypto.public_key(self.seed)
        self.certificate = Certificate(self.device, 0, self.roles, key, "seal 1").encode()
        self.state = DeviceState(self.eh, self.certificate)

    def next(self, kind: str, body: list[Value], private: bytes | None = None) -> SignedEntry:
        """The next entry, signed, not yet applied."""
        return journal.make(
            eh=self.eh,
            seed=self.seed,
            device=self.device,
            seq=self.state.next_seq,
            prev=self.state.head,
            kind=kind,
            body=body,
            wall_ms=1_709_276_400_000 + self.state.next_seq,
            monotonic_ms=self.state.next_seq,
            boot_id=b"b" * 16,
            private=private,
        )

    def write(self, kind: str, *body: Value, private: bytes | None = None) -> SignedEntry:
        """Sign and apply an entry."""
        entry = self.next(kind, list(body), private)
        self.state.apply(entry)
        self.entries.append(entry)
        return entry

    def permit(self, person: NationalId, *, mask: int = 3, replaces: bytes | None = None) -> IssuedPermit:
        """Check somebody in."""
        serial = secret(f"{self.name} {self.state.next_seq}")[:16]
        issued = issue(
            manifest=self.manifest,
            eh=self.eh,
            national_id=person,
            seed=secret(f"seed {person} {self.state.next_seq}"),
            salt=secret(f"salt {person}"),
            serial=serial,
            station=0,
            check_in_device=self.device,
            ballot_device=self.device,
            mask=mask,
            register_version=1,
            document=0,
            signing_seed=self.seed,
            replaces=replaces,
        )
        self.write("permit", issued.permit, issued.signature, None, private=issued.private)
        return issued

    def prepare(self, issued: IssuedPermit, **choices: list[int]) -> ballot.SealedBallot:
        """Seal choices by contest id and journal that it is prepared."""
        by_index = {i: choices.get(c.id, []) for i, c in enumerate(self.manifest.contests)}
        mask = Permit.decode(issued.permit).mask
        sealed = ballot.seal(
            manifest=self.manifest,
            eh=self.eh,
            permit=issued.permit,
            permit_signature=issued.signature,
            choices={i: chosen for i, chosen in by_index.items() if mask >> i & 1},
            secret=self.seed,
        )
        self.write("ballot-prepared", sealed.id)
        return sealed

    def cast(self, sealed: ballot.SealedBallot) -> None:
        """Cast what was prepared."""
        self.write("ballot-cast", sealed.core, sign(self.seed, "cast", self.eh, sealed.id))
