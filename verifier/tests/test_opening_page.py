"""The vector of the browser's page: made here, read there (`node --test verifier/browser`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maker import Key, Maker, Vote
from prover import seal

from amanat_verifier.cbor import decode, encode
from amanat_verifier.codes import ballot_code, base32, unbase32
from amanat_verifier.hashes import identify, sha256

VECTOR = Path(__file__).parents[1] / "browser/vector.json"
CHOICES = [["majlis", ["1001"]], ["council", ["2002", "2003", "2259"]]]


def opening(m: Maker, *, claimed: list[list[str]], key: Key | None = None) -> tuple[bytes, str]:
    """A test of the first vote's permit, claiming to hold these codes."""
    vote = m.people[0]
    parts = [seal(m.eh, m.ph(vote), i, m.K, m.points(i, marks, 0)) for i, marks in enumerate(vote.marks) if marks]
    core = encode([1, vote.permit_bytes, vote.permit_signature, [p[0] for p in parts], [p[1] for p in parts]])
    own = identify(m.eh, "ballot", core)
    signature = (key or m.device_keys[1]).sign(m.eh, "tested", own)
    opened = [b"".join(p[2]) for p in parts]
    return own, "AS1" + base32(encode([3, own, signature, core, claimed, opened]))


def make_vector(root: Path) -> dict[str, Any]:
    maker = Maker([Vote("0000000001", 0, ([0], [1, 2, 258])), Vote("0000000002"), Vote("0000000003")])
    maker.make(root)
    codes = [codes for _, codes in CHOICES]
    own, honest = opening(maker, claimed=codes)
    _, cheated = opening(maker, claimed=[["1002"], codes[1]])
    _, unsigned = opening(maker, claimed=codes, key=Key())
    return {
        "manifest": maker.files["manifest.cbor"].hex(), "devices": maker.files["devices/devices.seq"].hex(),
        "choices": CHOICES, "code": ballot_code(own), "honest": honest, "cheated": cheated, "unsigned": unsigned,
    }  # fmt: skip


def test_the_vector_is_what_the_prover_makes(tmp_path: Path) -> None:
    """Same fields and forms; the random parts differ.  Its ids are bound to its own manifest."""
    stored, fresh = json.loads(VECTOR.read_text()), make_vector(tmp_path)
    assert stored.keys() == fresh.keys()
    assert stored["choices"] == fresh["choices"]
    eh = sha256(bytes.fromhex(stored["manifest"]))
    kind, own, _, core, claimed, _ = decode(unbase32(stored["honest"][3:]))  # type: ignore[misc]
    assert (kind, claimed) == (3, [codes for _, codes in CHOICES])
    assert identify(eh, "ballot", core) == own
    assert ballot_code(own) == stored["code"]
