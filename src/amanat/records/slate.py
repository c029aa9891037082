"""A slate: a list of names that a voter prepared at home, as one QR.  Clause B-11.

It is nobody's ballot: it carries no permit and no key, proves nothing, and a terminal only fills a tray with it.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from amanat.records import ballot, base32, cbor
from amanat.records.cbor import as_bytes, as_list, as_uint
from amanat.records.manifest import Manifest

HEAD: Final = "AL1"
VERSION: Final = 1
CHECKSUM_BYTES: Final = 4
_DOMAIN: Final = b"amanat/v1/slate"


def _checksum(body: list[cbor.Encodable]) -> bytes:
    return hashlib.sha256(_DOMAIN + cbor.encode(body)).digest()[:CHECKSUM_BYTES]


def write(manifest: Manifest, contest: int, choices: Sequence[int]) -> str:
    """The QR's text for distinct candidate numbers of a contest, at most its max_choices."""
    rank = ballot.rank(choices, len(manifest.contests[contest].candidates))
    number = rank.to_bytes(max(1, (rank.bit_length() + 7) // 8), "big")
    body: list[cbor.Encodable] = [VERSION, manifest.election_hash[:8], contest, number]
    return HEAD + base32.encode(cbor.encode([*body, _checksum(body)]))


def read(manifest: Manifest, text: str) -> tuple[int, tuple[int, ...]] | None:
    """(contest, candidate numbers ascending); None for a slate of another election.

    Raises:
        Malformed: no slate, its checksum or the contest or rank is none of this election's.
    """
    items = as_list(base32.decode_slip(HEAD, text), "slate", size=5)
    if items[0] != VERSION or as_bytes(items[4], "checksum") != _checksum(list(items[:4])):
        cbor.refuse("slate")
    number = as_bytes(items[3], "rank")
    if as_bytes(items[1], "election", size=8) != manifest.election_hash[:8]:
        return None
    index = as_uint(items[2], "contest", below=len(manifest.contests))
    if not number or (len(number) > 1 and number[0] == 0):
        cbor.refuse("rank")
    contest = manifest.contests[index]
    choices = ballot.unrank(int.from_bytes(number, "big"), len(contest.candidates), contest.max_choices)
    return (index, choices) if choices is not None else cbor.refuse("rank")
