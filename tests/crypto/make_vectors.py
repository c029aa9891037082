"""Makes the vectors of proofs anew: `python -m tests.crypto.make_vectors`.

Inputs are fixed; proofs hold fresh nonces, so their bytes differ from run to run, and each file keeps the proof as it
was made. Every file is run through both implementations before it is written. Vectors of RFCs are kept by hand.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import amanat_crypto as core

from . import edwards, second, second_shuffle
from .edwards import IDENTITY, ORDER
from .runners import VECTORS, arguments, le, outputs_of, run_core, run_second
from .second import Item, Refused

CORE_SOURCE = "made by amanat_crypto from fixed inputs"
CHEAT_SOURCE = "made by the second implementation's cheating mixer"
LIAR_SOURCE = "made by the second implementation's lying holder"
CONFIRMED = ["amanat_crypto (Rust, curve25519-dalek)", "second implementation: pure Python equations"]
Case = dict[str, Any]


def fixed(name: str) -> bytes:
    """A scalar that anyone can make again."""
    return core.scalar_from_hash(b"amanat vector " + name.encode())


def fixed_hash(name: str) -> bytes:
    return hashlib.sha256(b"amanat vector " + name.encode()).digest()


def plus(data: bytes, at: int, number: int) -> bytes:
    """The flat array with a number added to its 32-byte item `at`, as integers."""
    item = int.from_bytes(data[32 * at : 32 * at + 32], "little") + number
    return data[: 32 * at] + le(item) + data[32 * at + 32 :]


def moved(data: bytes, at: int) -> bytes:
    """The flat array of points with G added to its item `at`."""
    return data[: 32 * at] + core.points_add(data[32 * at : 32 * at + 32], core.G) + data[32 * at + 32 :]


def put(data: bytes, at: int, item: bytes) -> bytes:
    return data[: 32 * at] + item + data[32 * at + 32 :]


def written(key: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if key == "context" and isinstance(value, list):
        return [written_item(item) for item in value]
    return value


def written_item(item: Any) -> Any:
    if isinstance(item, bytes):
        return {"hex": item.hex()}
    return [written_item(inner) for inner in item] if isinstance(item, list) else item


def write(path: str, operation: str, cases: list[Case], *, source: str = CORE_SOURCE) -> None:
    """Checks every case in both implementations, fills in outputs and the check, and writes the file."""
    name = path.rpartition("/")[2]
    made = []
    for case in cases:
        entry = {key: written(key, value) for key, value in case.items()}
        if name.startswith("accept-"):
            outputs = run_core(operation, entry)
            assert outputs == run_second(operation, entry), path
            entry |= {"answer": {key: written(key, value) for key, value in outputs.items()}} if outputs else {}
            assert outputs_of(entry) == outputs
        else:
            entry["check"] = refusal(run_core, operation, entry)
            refusal(run_second, operation, entry)
        assert arguments(entry) == case, path
        made.append(entry)
    target = VECTORS / "crypto" / f"{path}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    vector = {"operation": operation, "source": source, "confirmed_by": CONFIRMED, "cases": made}
    target.write_text(json.dumps(vector, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def refusal(run: Callable[[str, Case], object], operation: str, case: Case) -> str:
    try:
        run(operation, case)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"{operation} accepts what it must refuse")


EH, OH = fixed_hash("election"), fixed_hash("order")
SECRET = fixed("key")
KEY = core.base_mul(SECRET)


def basics() -> None:
    limbs = [0, 1, 2**246 - 1, 2**245, int.from_bytes(fixed("limb"), "little") >> 7]
    write("embedding/accept-limbs", "embed", [{"limb": limb} for limb in limbs], source="protocol, embedding")
    points = [{"point": core.embed([limb])} for limb in limbs]
    write("embedding/accept-points", "unembed", points, source="protocol, embedding")
    later = [le(2 * (256 * 7 + counter)) for counter in range(256)]
    later = [point for point in later if second.is_point(point)][1:]
    write("embedding/reject-counter-not-smallest", "unembed", [{"point": point} for point in later[:8]])
    write("embedding/reject-identity", "unembed", [{"point": bytes(32)}])

    data = [("shuffle", bytes(8)), ("shuffle", le(1)[:8]), ("credential", EH + b"0000000001"), ("choice", b"")]
    cases = [{"domain": domain, "data": text} for domain, text in data]
    write("hash-to-group/accept-domains", "hash_to_group", cases)
    write("group/accept-base-multiples", "base_mul", [{"scalar": fixed(f"scalar {i}")} for i in range(4)])
    write("group/reject-scalar-at-order", "require_scalars", [{"scalars": le(ORDER)}, {"scalars": le(2**256 - 1)}])
    write("group/reject-torn-item", "require_points", [{"points": core.G[:31], "identity_allowed": True}])
    write("group/reject-identity", "require_points", [{"points": core.G + bytes(32), "identity_allowed": False}])
    case = {"base": core.G, "key": KEY, "message": core.embed([5]), "randomness": fixed("r")}
    write("group/accept-elgamal", "elgamal", [case])


def sealed() -> None:
    context = fixed_hash("permit")
    made = core.seal(eh=EH, key=KEY, context=context, contest=3, limbs=[11, 12], secret=fixed("device"))
    cut = [(made.ciphertexts[at : at + 64], made.proofs[at : at + 64]) for at in (0, 64)]
    parts = [{"limb": i, "ciphertext": ciphertext, "proof": proof} for i, (ciphertext, proof) in enumerate(cut)]
    good: Case = {"eh": EH, "key": KEY, "context": context, "contest": 3, **parts[1]}
    ciphertext, proof = good["ciphertext"], good["proof"]
    write("sealed/accept-two-limbs", "verify_sealed", [good | part for part in parts])
    other = core.base_mul(fixed("other"))
    wrong: dict[str, Case] = {
        "other-election": {"eh": OH},
        "other-key": {"key": other},
        "other-context": {"context": OH},
        "other-contest": {"contest": 4},
        "other-limb": {"limb": 0},
        "other-a": {"ciphertext": moved(ciphertext, 0)},
        "other-b": {"ciphertext": moved(ciphertext, 1)},
        "other-commitment": {"proof": moved(proof, 0)},
        "response-plus-one": {"proof": plus(proof, 1, 1)},
        "response-plus-order": {"proof": plus(proof, 1, ORDER)},
        "a-not-canonical": {"ciphertext": put(ciphertext, 0, le(edwards.P + 4))},
        "b-not-a-point": {"ciphertext": put(ciphertext, 1, le(1))},
        "a-identity": {"ciphertext": put(ciphertext, 0, bytes(32))},
        "commitment-identity": {"proof": bytes(32) + le(0)},
        "of-another-text": {"proof": parts[0]["proof"]},
    }
    for name, change in wrong.items():
        write(f"sealed/reject-{name}", "verify_sealed", [good | change])
    # R = identity with A = identity would satisfy s·G = R + c·A with s = 0 for anybody.
    nothing = {"ciphertext": bytes(64), "proof": bytes(64)}
    write("sealed/reject-all-zero", "verify_sealed", [good | nothing])


def linear() -> None:
    messages = core.embed([1, 2, 3, 4, 5])
    randomness = b"".join(fixed(f"row {i}") for i in range(5))
    ciphertexts = core.elgamal(base=core.G, key=KEY, messages=messages, randomness=randomness)
    secrets = fixed("z") + fixed("w")
    context: list[Item] = [OH, [1, 3, 5], 3, 0]
    rows = core.tag_rows(ciphertexts)
    outputs, proof = core.linear_share(domain="tag", eh=EH, context=context, secrets=secrets, rows=rows)
    publics = core.base_mul(secrets)
    tag: Case = {"domain": "tag", "eh": EH, "context": context, "publics": publics, "rows": rows}
    tag |= {"outputs": outputs, "proof": proof}
    write("linear/accept-tag", "verify_linear", [tag])
    heads = core.cipher_heads(ciphertexts)
    decrypt_context: list[Item] = [OH, 0, "s1-1", [1, 3, 5], 1]
    shares, share_proof = core.linear_share(
        domain="decrypt", eh=EH, context=decrypt_context, secrets=SECRET, rows=heads
    )
    decrypt = {"domain": "decrypt", "eh": EH, "context": decrypt_context, "publics": KEY, "rows": heads}
    write("linear/accept-decrypt", "verify_linear", [decrypt | {"outputs": shares, "proof": share_proof}])
    one, one_proof = core.linear_share(domain="tag", eh=EH, context=context, secrets=secrets, rows=rows[:64])
    write("linear/accept-one-row", "verify_linear", [tag | {"rows": rows[:64], "outputs": one, "proof": one_proof}])

    hashes = [hashlib.sha512(rows).digest(), hashlib.sha512(outputs).digest()]
    seed = second.h512("tag", EH, *context, second.items_of(publics), *hashes)
    ratio = second.expand(seed, 0) * pow(second.expand(seed, 1), -1, ORDER) % ORDER
    cancel = core.points_negate(core.base_mul(le(ratio)))
    adaptive = put(moved(outputs, 0), 1, core.points_add(outputs[32:64], cancel))
    wrong: dict[str, Case] = {
        "outputs-that-cancel-under-old-weights": {"outputs": adaptive},
        "output-changed": {"outputs": moved(outputs, 4)},
        "outputs-exchanged": {"outputs": outputs[32:64] + outputs[:32] + outputs[64:]},
        "row-changed": {"rows": moved(rows, 3)},
        "other-set": {"context": [OH, [1, 2, 3], 3, 0]},
        "other-trustee": {"context": [OH, [1, 3, 5], 1, 0]},
        "other-chunk": {"context": [OH, [1, 3, 5], 3, 1]},
        "other-order": {"context": [EH, [1, 3, 5], 3, 0]},
        "other-domain": {"domain": "decrypt"},
        "other-election": {"eh": OH},
        "other-public": {"publics": moved(publics, 1)},
        "public-identity": {"publics": put(publics, 0, bytes(32))},
        "first-commitment-changed": {"proof": moved(proof, 0)},
        "last-commitment-changed": {"proof": moved(proof, 2)},
        "response-changed": {"proof": plus(proof, 3, 1)},
        "response-plus-order": {"proof": plus(proof, 4, ORDER)},
        "output-not-a-point": {"outputs": put(outputs, 2, le(1))},
        "proof-too-short": {"proof": proof[:-32]},
        "proof-too-long": {"proof": proof + bytes(32)},
        "one-output-less": {"outputs": outputs[:-32]},
        "no-rows": {"rows": b"", "outputs": b""},
    }
    for name, change in wrong.items():
        write(f"linear/reject-{name}", "verify_linear", [tag | change])
    outputs, proof = second.linear_share(
        domain="tag", eh=EH, context=context, secrets=fixed("other") * 2, rows=rows, claim=publics
    )
    case = tag | {"outputs": outputs, "proof": proof}
    write("linear/reject-another-secret", "verify_linear", [case], source=LIAR_SOURCE)
    shifts = {
        "output-false-from-the-start": {2: second.G},
        "outputs-shifted-by-opposites": {0: second.G, 1: edwards.neg(second.G)},
    }
    for name, lie in shifts.items():
        outputs, proof = second.linear_share(domain="tag", eh=EH, context=context, secrets=secrets, rows=rows, lie=lie)
        case = tag | {"outputs": outputs, "proof": proof}
        write(f"linear/reject-{name}", "verify_linear", [case], source=LIAR_SOURCE)


def shuffles() -> None:
    for width, many in ((1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (2, 5)):
        case = shuffled(width, many)
        write(f"shuffle/accept-width-{width}-of-{many}", "verify_shuffle", [case])
    by_second = inputs_case(2, 3)
    outputs, proof = second_shuffle.shuffle(**by_second)
    case = by_second | {"outputs": outputs, "proof": proof}
    write("shuffle/accept-from-second-mixer", "verify_shuffle", [case], source="made by the second implementation")
    cheats()
    damaged()


def inputs_case(width: int, many: int) -> Case:
    count = width * many
    randomness = b"".join(fixed(f"text {i}") for i in range(count))
    inputs = core.elgamal(base=core.G, key=KEY, messages=core.embed(list(range(count))), randomness=randomness)
    return {"eh": EH, "context": [OH, 0, "s1-1", 2], "width": width, "key": KEY, "inputs": inputs}


def shuffled(width: int, many: int) -> Case:
    case = inputs_case(width, many)
    outputs, proof = core.shuffle(**case)
    return case | {"outputs": outputs, "proof": proof}


def cheats() -> None:
    """A mixer with a whole prover at hand, lying in its outputs alone."""
    g, minus_g = second.G, edwards.neg(second.G)
    forged: dict[str, Case] = {
        "one-text-replaced": {"shift": [[g, IDENTITY]]},
        "shift-between-columns": {"shift": [[g, minus_g]]},
        "shift-between-tuples": {"shift": [[g, g], [minus_g, minus_g]]},
        "one-repeated-one-dropped": {"take": [0, 0, 2]},
    }
    case = inputs_case(2, 3)
    for name, lie in forged.items():
        outputs, proof = second_shuffle.shuffle(**case, **lie)
        wrong = case | {"outputs": outputs, "proof": proof}
        write(f"shuffle/reject-{name}", "verify_shuffle", [wrong], source=CHEAT_SOURCE)


def damaged() -> None:
    good = shuffled(2, 3)
    outputs, proof, inputs = good["outputs"], good["proof"], good["inputs"]
    c, chain, t, s = 0, 3, 6, 16
    wrong: dict[str, Case] = {
        "outputs-exchanged": {"outputs": outputs[128:256] + outputs[:128] + outputs[256:]},
        "columns-exchanged": {"outputs": outputs[64:128] + outputs[:64] + outputs[128:]},
        "inputs-exchanged": {"inputs": inputs[128:256] + inputs[:128] + inputs[256:]},
        "other-mixer": {"context": [OH, 0, "s1-1", 1]},
        "other-unit": {"context": [OH, 0, "s1-2", 2]},
        "other-contest": {"context": [OH, 1, "s1-1", 2]},
        "other-order": {"context": [EH, 0, "s1-1", 2]},
        "other-election": {"eh": OH},
        "other-key": {"key": core.base_mul(fixed("other"))},
        "other-width": {"width": 1},
        "of-nothing": {"inputs": b"", "outputs": b"", "proof": proof[: 32 * 12]},
        "one-tuple-less": {"outputs": outputs[:-128]},
        "proof-too-short": {"proof": proof[:-32]},
        "proof-too-long": {"proof": proof + bytes(32)},
        "commitment-changed": {"proof": moved(proof, c)},
        "chain-changed": {"proof": moved(proof, chain + 2)},
        "output-identity": {"outputs": put(outputs, 0, bytes(32))},
        "output-not-canonical": {"outputs": put(outputs, 0, le(edwards.P + 4))},
        "commitment-not-a-point": {"proof": put(proof, t, le(1))},
        "response-plus-order": {"proof": plus(proof, s, ORDER)},
    }
    # Each response belongs to one equation, and a change of it alone is seen by that one.
    for at, name in enumerate(("s1", "s2", "s3", "s4", "s4-of-column-2", "s-hat", "s-hat-2", "s-hat-3", "s-prime")):
        wrong[f"{name}-plus-one"] = {"proof": plus(proof, s + at, 1)}
    for name, change in wrong.items():
        write(f"shuffle/reject-{name}", "verify_shuffle", [good | change])


def key_generation() -> None:
    coefficients = b"".join(fixed(f"coefficient {k}") for k in range(3))
    commitments = core.commitments(coefficients)
    proof = core.pop_prove(ch=OH, key_name="K", j=2, coefficients=coefficients)
    good: Case = {"ch": OH, "key_name": "K", "j": 2, "commitments": commitments, "proof": proof}
    write("key-generation/accept-possession", "pop_verify", [good])
    wrong: dict[str, Case] = {
        "other-ceremony": {"ch": EH},
        "other-key": {"key_name": "Z"},
        "other-trustee": {"j": 3},
        "other-tail": {"commitments": moved(commitments, 2)},
        "other-head": {"commitments": moved(commitments, 0)},
        "one-commitment-less": {"commitments": commitments[:-32]},
        "head-identity": {"commitments": put(commitments, 0, bytes(32))},
        "response-changed": {"proof": plus(proof, 1, 1)},
        "response-plus-order": {"proof": plus(proof, 1, ORDER)},
    }
    for name, change in wrong.items():
        write(f"key-generation/reject-possession-{name}", "pop_verify", [good | change])
    shares: list[Case] = [
        {"commitments": commitments, "i": i, "share": core.polynomial_at(coefficients, i)} for i in (1, 2, 5)
    ]
    write("key-generation/accept-shares", "share_verify", shares)
    write("key-generation/reject-share-of-another", "share_verify", [shares[0] | {"i": 2}])
    wrong_share = shares[0] | {"share": plus(shares[0]["share"], 0, 1)}
    write("key-generation/reject-share-plus-one", "share_verify", [wrong_share])
    sets = [(1, [1, 2, 3]), (4, [1, 4, 5]), (5, [2, 3, 5]), (7, [7])]
    write("key-generation/accept-lagrange", "lagrange", [{"j": j, "members": members} for j, members in sets])


def signatures() -> None:
    seed, digest = fixed_hash("seed"), fixed_hash("digest")
    key = core.public_key(seed)
    signature = core.sign(seed=seed, domain="cast", eh=EH, digest=digest)
    good: Case = {"domain": "cast", "eh": EH, "key": key, "digest": digest, "signature": signature}
    write("ed25519/accept-signature", "verify_signature", [good])
    write("ed25519/accept-public-keys", "public_key", [{"seed": seed}, {"seed": bytes(32)}])
    write("ed25519/accept-sound-keys", "require_signing_key", [{"key": key}, {"key": core.public_key(bytes(32))}])

    def forged(r: bytes, k: bytes, secret: int) -> bytes:
        """s of R = nothing and this key: good where small orders are not looked at."""
        c = edwards.challenge(r, k, edwards.message("cast", EH, digest))
        return r + le(c * secret % ORDER)

    secret, identity = edwards.secret_scalar(seed) % ORDER, le(1)
    eighth = torsion_point()
    mixed = edwards.add(edwards.mul(secret, edwards.B), eighth)
    shifted = edwards.compress(edwards.add(edwards.mul(5, edwards.B), eighth))
    c = edwards.challenge(shifted, key, edwards.message("cast", EH, digest))
    wrong: dict[str, Case] = {
        "r-of-small-order": {"signature": forged(identity, key, secret)},
        "r-not-canonical": {"signature": forged(le(edwards.P + 1), key, secret)},
        "key-of-small-order": {"key": identity, "signature": edwards.compress(edwards.mul(5, edwards.B)) + le(5)},
        "only-with-cofactor": {"signature": shifted + le((5 + c * secret) % ORDER)},
        "s-plus-order": {"signature": plus(signature, 1, ORDER)},
        "s-changed": {"signature": plus(signature, 1, 1)},
        "other-domain": {"domain": "tested"},
        "other-election": {"eh": OH},
        "other-digest": {"digest": EH},
        "other-key": {"key": core.public_key(bytes(32))},
    }
    for name, change in wrong.items():
        write(f"ed25519/reject-{name}", "verify_signature", [good | change])
    keys = {
        "identity": identity,
        "order-8": edwards.compress(eighth),
        "mixed-order": edwards.compress(mixed),
        "y-not-canonical": le(edwards.P + 3),
        "not-a-point": le(2),
        "minus-zero": bytes([1]) + bytes(30) + bytes([0x80]),
    }
    for name, bad in keys.items():
        write(f"ed25519/reject-key-{name}", "require_signing_key", [{"key": bad}])


def torsion_point() -> edwards.Point:
    """A point of order 8: [order] of a point outside the subgroup."""
    for y in range(2, 100):
        point = edwards.decompress(le(y))
        torsion = edwards.mul(ORDER, point) if point else edwards.IDENTITY
        if not edwards.equal(edwards.mul(4, torsion), edwards.IDENTITY):
            return torsion
    raise AssertionError("a small y gives a point outside the subgroup")


if __name__ == "__main__":
    for make in (basics, sealed, linear, shuffles, key_generation, signatures):
        make()
