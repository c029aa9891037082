"""Person tags (T-3) and what follows from them: who is set aside (T-5), and the units (T-7).  V15, V16, V17."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import amanat_crypto as crypto
from amanat.count import shares, units
from amanat.count.checks.election import require
from amanat.count.checks.memory import Memory
from amanat.count.checks.session import Session
from amanat.count.exchange import Files
from amanat.count.set_aside import Aside, Tagged, set_aside
from amanat.errors import Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.manifest import BY_COUNTY

CHUNK_ROWS = 65_536
PAIR_BYTES = 64


def chunks(session: Session) -> list[bytes]:
    """The rows' credentials in chunks of exactly 65,536, the last of fewer; none if there are no rows."""
    _, credentials = session.rows
    step = CHUNK_ROWS * PAIR_BYTES
    return [credentials[at : at + step] for at in range(0, len(credentials), step)]


def context(session: Session, J: Sequence[int], j: int, chunk: int) -> list[crypto.Item]:
    """What a tag proof is bound to."""
    return [session.ordered.hash, list(J), j, chunk]


def tag(session: Session, *, z: bytes, w: bytes, J: Sequence[int], j: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Trustee j's (chunk, shares, proof) with the trustee's shares of z and w."""
    secrets = shares.weighted([z, w], J=J, j=j)
    for chunk, credentials in enumerate(chunks(session)):
        output, proof = crypto.linear_share(
            domain="tag",
            eh=session.election.eh,
            context=context(session, J, j, chunk),
            secrets=secrets,
            rows=crypto.tag_rows(credentials),
        )
        yield chunk, output, proof


def read_tags(files: Files, session: Session, J: Sequence[int]) -> list[bytes]:
    """V15: every chunk's shares of exactly J, their proofs, and the sums: a tag a row.  Raises Rejected."""
    trustees = session.election.manifest.trustees
    if not chunks(session):
        return []  # E-9: with no rows there is no file, and so no J
    shares.require_set(J, n=trustees.n, threshold=trustees.threshold)
    keys = [session.election.commitments[q] for q in ("Z", "W")]
    named = {j: shares.publics(keys, J=J, j=j) for j in J}
    tags = b""
    for chunk, credentials in enumerate(chunks(session)):
        given = [
            crypto.SharedRows(
                context(session, J, j, chunk),
                named[j],
                files.read(paths.tags_path(session.number, j, chunk)),
                files.read(paths.tags_proof_path(session.number, j, chunk)),
            )
            for j in J
        ]
        rows = crypto.tag_rows(credentials)
        shares.require_shares(
            "tag", session.election.eh, rows, given, where=f"dedup/{session.number}/{{}}/{chunk}", J=J
        )
        tags += crypto.points_sum([share.outputs for share in given])
    return [tags[at : at + 32] for at in range(0, len(tags), 32)]


def tag_trustees(files: Files, session: int) -> list[int]:
    """J: the directories of `dedup/<s>`.  Raises Rejected for another name."""
    found = {name.split("/")[2] for name in files.below(f"dedup/{session}") if name.count("/") > 2}
    if not all(name.isdecimal() and str(int(name)) == name for name in found):
        raise Rejected("check-failed", check="V15", where=f"dedup/{session}")
    return sorted(map(int, found))


@dataclass(frozen=True)
class Sorted:
    """A session after the tags: who is set aside and why, by position, and what that leaves to mix."""

    session: Session
    aside: dict[int, Aside]
    row_tags: list[bytes]

    @cached_property
    def units(self) -> dict[int, dict[str, list[int]]]:
        """T-7: contest → unit name → positions."""
        apart = self.session.ordered.order.apart
        number = self.session.number
        return {
            contest: dict(units.assign(place, units.Cast(cast), session=number, apart=apart))
            for contest, place, cast in places_and_casts(self.session, self.aside)
        }

    def tuples(self, contest: int, unit: str) -> bytes:
        """V18: the unit's ciphertexts in the order of id."""
        of_contest = self.session.ballots.ciphertexts[contest]
        return b"".join(of_contest[at] for at in self.units[contest][unit])

    def ids(self, contest: int, unit: str) -> list[bytes]:
        """The unit's ballots."""
        return [self.session.ballots.ids[at] for at in self.units[contest][unit]]

    @cached_property
    def encoded(self) -> bytes:
        """The bytes of `set-aside.seq`."""
        ids = self.session.ballots.ids
        return cbor.encode_seq([ids[at], int(reason), ref] for at, (reason, ref) in sorted(self.aside.items()))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over oh and `set-aside.seq`: which ballots are mixed."""
        return hashlib.sha256(self.session.ordered.hash + self.encoded).digest()


def places_and_casts(
    session: Session, aside: dict[int, Aside]
) -> Iterator[tuple[int, units.Place, dict[int, list[int]]]]:
    """(contest, its rule, countable positions by station), by contest."""
    for contest, of_contest in session.ballots.ciphertexts.items():
        rule = session.election.manifest.contests[contest]
        stations = session.election.manifest.stations
        groups = [s.county if rule.unit_by == BY_COUNTY else s.id for s in stations]
        cast: dict[int, list[int]] = {}
        for at in of_contest:
            if at not in aside:
                cast.setdefault(session.ballots.permit(at).station, []).append(at)
        yield contest, units.Place(rule.unit_min, groups), cast


def sort(session: Session, row_tags: list[bytes]) -> Sorted:
    """T-5 and the *late* of T-7 from the rows' tags."""
    hashes, _ = session.rows
    by_permit = dict(zip(hashes, row_tags[: len(hashes)], strict=True))
    exclusions: dict[bytes, Aside] = {}
    for item, row_tag in zip(session.ordered.exclusions, row_tags[len(hashes) :], strict=True):
        exclusions.setdefault(row_tag, (item.reason, item.item_digest))
    ballots = session.ballots
    tagged = Tagged(ballots.ids, [by_permit.get(ph or b"") for ph in ballots.permit_hashes], ballots.claim)
    aside = set_aside(tagged, annulled=session.annulled, exclusions=exclusions, earlier={})
    rows = list(places_and_casts(session, aside))
    places = {contest: place for contest, place, _ in rows}
    casts = {contest: cast for contest, _, cast in rows}
    aside |= units.late(places, casts, session=session.number, apart=session.ordered.order.apart)
    return Sorted(session, aside, row_tags)


def tagged(files: Files, memory: Memory, session: Session) -> Sorted:
    """V15, and what the tags give.  Raises Rejected."""
    J = tag_trustees(files, session.number)
    names = [
        name(session.number, j, chunk)
        for j in J
        for chunk in range(len(chunks(session)))
        for name in (paths.tags_path, paths.tags_proof_path)
    ]
    require("V15", f"dedup/{session.number}", set(names) == set(_given(files, session.number)))
    key = memory.key("V15", files, names, session.ordered.hash)

    def read() -> Sorted:
        tags = memory.once(key, lambda: b"".join(read_tags(files, session, J)))
        return sort(session, [tags[at : at + 32] for at in range(0, len(tags), 32)])

    found: Sorted = memory.object("sorted", key, read)
    return found


def read_sorted(files: Files, memory: Memory, session: Session) -> Sorted:
    """V15, V16, V17: the tags hold, and `set-aside.seq` is what they give.  Raises Rejected."""
    found = tagged(files, memory, session)
    path = paths.set_aside_path(session.number)
    require("V16", path, files.read(path) == found.encoded)
    return found


def _given(files: Files, session: int) -> list[str]:
    return [name for name in files.below(f"dedup/{session}") if name != paths.set_aside_path(session)]
