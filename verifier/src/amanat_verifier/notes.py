"""Signed notes (C2SP signed-note, tlog-checkpoint): the checkpoint of the bulletin (L-2, L-4)."""

import base64
import binascii
from dataclasses import dataclass

from amanat_verifier.hashes import is_signed, sha256
from amanat_verifier.shapes import Fault

ED25519 = 1  # the kind of key; timestamped cosignatures are not in the protocol


@dataclass(frozen=True)
class Key:
    """A vkey of plain Ed25519; `number` is its key id."""

    name: str
    number: bytes
    public: bytes


def read_key(vkey: str, at: str) -> Key:
    """name+hex number+base64(kind ‖ key); the number must be the name's and key's own."""
    name, _, rest = vkey.partition("+")
    number, _, body = rest.partition("+")
    try:
        blob = base64.b64decode(body, validate=True)
        given = bytes.fromhex(number)
    except (ValueError, binascii.Error) as cause:
        raise Fault(f"{at}: not a vkey") from cause
    if len(blob) != 33 or blob[0] != ED25519 or not name or " " in name:
        raise Fault(f"{at}: not a vkey of Ed25519")
    if given != sha256(name.encode() + b"\n" + blob)[:4]:
        raise Fault(f"{at}: the number is not that of the name and key")
    if vkey != f"{name}+{given.hex()}+{base64.b64encode(blob).decode()}":
        raise Fault(f"{at}: not in its only spelling")
    return Key(name, given, blob[1:])


@dataclass(frozen=True)
class Checkpoint:
    """What the log's key signed, and the vkeys that signed it."""

    size: int
    root: bytes
    signers: frozenset[Key]


def read_checkpoint(data: bytes, log: Key, witnesses: tuple[Key, ...], at: str) -> Checkpoint:
    """Strict: three lines, a blank one, then only signatures of known keys, each once and each true."""
    try:
        head, _, tail = data.decode().partition("\n\n")
        origin, size, root = head.split("\n")
        root_bytes = base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error) as cause:
        raise Fault(f"{at}: not a checkpoint") from cause
    if origin != log.name or not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise Fault(f"{at}: origin or size")
    if len(root_bytes) != 32 or base64.b64encode(root_bytes).decode() != root or not tail.endswith("\n"):
        raise Fault(f"{at}: root or end")
    signers: set[Key] = set()
    for line in tail[:-1].split("\n"):
        signers.add(_signer(line, f"{head}\n".encode(), (log, *witnesses), at))
    if log not in signers or len(signers) != tail.count("\n"):
        raise Fault(f"{at}: the log's own signature is missing, or one is repeated")
    return Checkpoint(int(size), root_bytes, frozenset(signers))


def _signer(line: str, note: bytes, known: tuple[Key, ...], at: str) -> Key:
    for key in known:
        start = f"— {key.name} "
        if not line.startswith(start):
            continue
        try:
            blob = base64.b64decode(line[len(start) :], validate=True)
        except binascii.Error as cause:
            raise Fault(f"{at}: signature line of {key.name}") from cause
        if base64.b64encode(blob).decode() != line[len(start) :] or blob[:4] != key.number:
            continue
        if not is_signed(key.public, note, blob[4:]):
            raise Fault(f"{at}: signature of {key.name} does not hold")
        return key
    raise Fault(f"{at}: a signature of nobody whom the manifest names")
