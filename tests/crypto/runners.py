"""Runs one case of a vector file through the core and through the second implementation, with one answer form.

Both give the outputs of the operation or raise `Refused`; the core's words are the name of the check that fails.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import amanat_crypto as core

from . import edwards, second, second_shuffle
from .second import Refused, require

VECTORS = Path(__file__).parents[2] / "vectors"
TEXTS = {"domain", "key_name", "check", "name"}
Case = Mapping[str, Any]
Outputs = dict[str, Any]


def read(path: Path) -> Case:
    """A vector file; its strings are hex but for texts, and `{"hex": …}` in a context."""
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def arguments(case: Case) -> Outputs:
    return {key: value_of(key, value) for key, value in case.items() if key not in ("answer", "check", "name")}


def value_of(key: str, value: Any) -> Any:
    if key == "context" and isinstance(value, list):
        return [context_item(item) for item in value]
    if isinstance(value, str) and key not in TEXTS:
        return bytes.fromhex(value)
    return value


def context_item(item: Any) -> Any:
    if isinstance(item, dict):
        return bytes.fromhex(item["hex"])
    return [context_item(inner) for inner in item] if isinstance(item, list) else item


def good(refused: list[int]) -> None:
    require(refused == [], "row")


def le(number: int) -> bytes:
    return number.to_bytes(32, "little")


def core_unembed(point: bytes) -> Outputs:
    (limb,) = core.unembed(point)
    require(limb is not None, "limb")
    return {"limb": limb}


def core_verify_sealed(
    *, context: bytes, contest: int, limb: int, ciphertext: bytes, proof: bytes, **rest: Any
) -> None:
    columns = {"contexts": context, "ciphertexts": ciphertext, "proofs": proof}
    good(core.verify_sealed(contests=[contest], limbs=[limb], **columns, **rest))


def core_share_verify(*, commitments: bytes, i: int, share: bytes) -> None:
    require(core.base_mul(share) == core.commitments_at(commitments, i), "share")


def core_verify_signature(*, key: bytes, digest: bytes, signature: bytes, **rest: Any) -> None:
    good(core.verify_signatures(keys=key, digests=digest, signatures=signature, **rest))


def second_elgamal(*, base: bytes, key: bytes, message: bytes, randomness: bytes) -> Outputs:
    r = second.scalar_of(randomness)
    a, k = (edwards.mul(r, second.decode(point, identity_allowed=False)) for point in (base, key))
    return {"ciphertext": second.encode(a) + second.encode(edwards.add(second.decode(message), k))}


CORE: Mapping[str, Callable[..., Any]] = {
    "require_points": core.require_points,
    "require_scalars": core.require_scalars,
    "base_mul": lambda scalar: {"point": core.base_mul(scalar)},
    "hash_to_group": lambda domain, data: {"point": core.hash_to_group(domain, data)},
    "embed": lambda limb: {"point": core.embed([limb])},
    "unembed": core_unembed,
    "elgamal": lambda message, **rest: {"ciphertext": core.elgamal(messages=message, **rest)},
    "verify_sealed": core_verify_sealed,
    "lagrange": lambda j, members: {"scalar": core.lagrange(j, members)},
    "pop_verify": core.pop_verify,
    "share_verify": core_share_verify,
    "verify_linear": core.verify_linear,
    "verify_shuffle": core.verify_shuffle,
    "public_key": lambda seed: {"key": core.public_key(seed)},
    "require_signing_key": core.require_signing_key,
    "verify_signature": core_verify_signature,
}

SECOND: Mapping[str, Callable[..., Any]] = {
    "require_points": lambda points, identity_allowed: void(
        second.points_of(points, identity_allowed=identity_allowed)
    ),
    "require_scalars": lambda scalars: void([second.scalar_of(item) for item in second.items_of(scalars)]),
    "base_mul": lambda scalar: {"point": second.encode(edwards.mul(second.scalar_of(scalar), second.G))},
    "hash_to_group": lambda domain, data: {"point": second.encode(second.hash_to_group(domain, data))},
    "embed": lambda limb: {"point": second.embed(limb)},
    "unembed": lambda point: {"limb": second.unembed(point)},
    "elgamal": second_elgamal,
    "verify_sealed": second.verify_sealed,
    "lagrange": lambda j, members: {"scalar": le(second.lagrange(j, members))},
    "pop_verify": second.pop_verify,
    "share_verify": second.share_verify,
    "verify_linear": second.verify_linear,
    "verify_shuffle": second_shuffle.verify_shuffle,
    "public_key": lambda seed: {"key": edwards.compress(edwards.mul(edwards.secret_scalar(seed), edwards.B))},
    "require_signing_key": lambda key: require(edwards.sound_key(key), "key"),
    "verify_signature": lambda **case: require(edwards.verify(**case), "signature"),
}


def void(_: object) -> None:
    return None


def run_core(operation: str, case: Case) -> Outputs:
    try:
        return CORE[operation](**arguments(case)) or {}
    except core.BadEncoding:
        raise Refused("encoding") from None
    except core.ProofRejected as rejected:
        raise Refused(rejected.check) from None


def run_second(operation: str, case: Case) -> Outputs:
    return SECOND[operation](**arguments(case)) or {}


def outputs_of(case: Case) -> Outputs:
    return {key: value_of(key, value) for key, value in case.get("answer", {}).items()}
