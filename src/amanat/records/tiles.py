"""The bulletin's tree and its static files (L-1, L-2): RFC 6962 hashes, C2SP tlog-tiles, signed notes.

Pure: entries in, hashes and file contents out.  It knows nothing of what an entry means, when it joined, or where its
files are kept.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from amanat.errors import Rejected

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
ED25519: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00 ‖ entry), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01 ‖ left ‖ right), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def number_path(number: int) -> str:
    """A tile's number as a path: 1234067 is `x001/x234/067`."""
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.append(f"x{number % 1000:03d}")
    return "/".join(reversed(parts))


def tile_path(level: int | None, number: int, width: int = WIDTH) -> str:
    """Path below `bulletin/` of a hash tile, or of an entry bundle (level None); width < 256 is a partial one."""
    kind = "entries" if level is None else str(level)
    return f"tile/{kind}/{number_path(number)}" + (f".p/{width}" if width < WIDTH else "")


class Tree:
    """A growing Merkle tree over entries, kept as the hashes of its complete subtrees, level by level."""

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self.entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]
        self.extend(entries)

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.entries)

    def extend(self, entries: Iterable[bytes]) -> None:
        """Appends entries in the order given."""
        for entry in entries:
            self.entries.append(entry)
            self._levels[0].append(leaf_hash(entry))
            level = 0
            while len(self._levels[level]) % 2 == 0:
                if level + 1 == len(self._levels):
                    self._levels.append([])
                self._levels[level + 1].append(node_hash(*self._levels[level][-2:]))
                level += 1

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` entries (all, if None); the empty tree's is SHA-256 of nothing."""
        count = self.size if size is None else size
        assert 0 <= count <= self.size
        return self._subtree(0, count) if count else hashlib.sha256().digest()

    def _subtree(self, low: int, high: int) -> bytes:
        """MTH of entries low … high−1; `low` is a multiple of the least power of two that is not below the length."""
        length = high - low
        level = length.bit_length() - 1
        if length == 1 << level:
            return self._levels[level][low >> level]
        middle = low + (1 << level)
        return node_hash(self._subtree(low, middle), self._subtree(middle, high))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of entry `index` in the tree of `size` entries, lowest first (RFC 6962 §2.1.1)."""
        low, high = 0, self.size if size is None else size
        assert 0 <= index < high <= self.size
        path: list[bytes] = []
        while high - low > 1:
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            if index < middle:
                path.append(self._subtree(middle, high))
                high = middle
            else:
                path.append(self._subtree(low, middle))
                low = middle
        return path[::-1]

    def files(self, *, old_size: int = 0) -> Iterator[tuple[str, bytes]]:
        """(path below `bulletin/`, content) of every tile and bundle that differs from the tree of `old_size`."""
        for number, width in _spans(old_size, self.size):
            part = self.entries[number * WIDTH : number * WIDTH + width]
            yield tile_path(None, number, width), b"".join(struct.pack(">H", len(e)) + e for e in part)
        for level in range(0, len(self._levels), HEIGHT):
            hashes = self._levels[level]
            for number, width in _spans(old_size >> level, len(hashes)):
                content = b"".join(hashes[number * WIDTH : number * WIDTH + width])
                yield tile_path(level // HEIGHT, number, width), content


def _spans(old: int, new: int) -> Iterator[tuple[int, int]]:
    """(tile number, width) of the tiles of `new` items that `old` items had not."""
    if old < new:
        for number in range(old // WIDTH, -(-new // WIDTH)):
            yield number, min(WIDTH, new - number * WIDTH)


def root_from_path(entry: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 §2.1.3.2).  Raises Rejected when its length cannot be right."""
    node, last, result = index, size - 1, leaf_hash(entry)
    for sibling in path:
        if last == 0:
            raise Rejected("inclusion-proof-wrong", index=index, size=size)
        if node % 2 or node == last:
            result = node_hash(sibling, result)
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        node, last = node >> 1, last >> 1
    if last or not 0 <= index < size:
        raise Rejected("inclusion-proof-wrong", index=index, size=size)
    return result


def read_entries(read: Callable[[str], bytes], size: int) -> list[bytes]:
    """The entries of a tree of `size` from its bundles; `read` takes a path below `bulletin/`.  Raises Rejected."""
    entries: list[bytes] = []
    for number, width in _spans(0, size):
        path = tile_path(None, number, width)
        data, at, bundle = read(path), 0, []
        while at + 2 <= len(data):
            end = at + 2 + struct.unpack_from(">H", data, at)[0]
            bundle.append(data[at + 2 : end])
            at = end
        if at != len(data) or len(bundle) != width:
            raise Rejected("bulletin-bundle-wrong", file=path)
        entries += bundle
    return entries


def key_id(name: str, key: bytes) -> bytes:
    """The four bytes that name a key in a signature line (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key).digest()[:4]


def vkey(name: str, key: bytes) -> str:
    """The text of a verifier key: name+hex key id+base64(01 ‖ key)."""
    return f"{name}+{key_id(name, key).hex()}+{base64.b64encode(ED25519 + key).decode()}"


def parse_vkey(text: str) -> tuple[str, bytes]:
    """Name and Ed25519 key of a vkey.  Raises Rejected."""
    try:
        name, _, encoded = text.split("+", 2)
        key = base64.b64decode(encoded, validate=True)[1:]
    except (ValueError, binascii.Error) as cause:
        raise Rejected("bulletin-vkey-wrong", vkey=text) from cause
    if len(key) != 32 or vkey(name, key) != text:
        raise Rejected("bulletin-vkey-wrong", vkey=text)
    return name, key


@dataclass(frozen=True)
class Checkpoint:
    """What a signed checkpoint says, and the names whose signatures on it hold."""

    size: int
    root: bytes
    signers: frozenset[str]


def checkpoint(tree: Tree, *, name: str, seed: bytes) -> bytes:
    """The signed note of the tree's size and root; `name` is the vkey's, `seed` its Ed25519 seed (32 bytes)."""
    text = f"{name}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"
    return (text + "\n" + signature_line(text, name=name, seed=seed)).encode()


def signature_line(text: str, *, name: str, seed: bytes) -> str:
    """A signature line over a note's text (which ends with a newline); a witness appends its own to a checkpoint."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = key_id(name, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"— {name} {base64.b64encode(signature).decode()}\n"


def read_checkpoint(data: bytes, vkeys: Sequence[str]) -> Checkpoint:
    """Reads a checkpoint; the first vkey is the bulletin's and must have signed.  Raises Rejected."""
    keys = dict(parse_vkey(text) for text in vkeys)
    origin = parse_vkey(vkeys[0])[0]
    try:
        text, _, tail = data.decode().partition("\n\n")
        name, size, root = text.split("\n")
        signers = frozenset(s for line in tail.splitlines() if (s := _signer(text + "\n", line, keys)))
        result = Checkpoint(int(size), base64.b64decode(root, validate=True), signers)
    except ValueError as cause:
        raise Rejected("bulletin-checkpoint-wrong") from cause
    if name != origin or origin not in signers or size != str(result.size) or len(result.root) != 32:
        raise Rejected("bulletin-checkpoint-wrong")
    return result


def _signer(text: str, line: str, keys: dict[str, bytes]) -> str | None:
    """The name on a signature line if we know its key; raises ValueError when a known key's signature is wrong."""
    dash, name, encoded = line.split(" ")
    data = base64.b64decode(encoded, validate=True)
    if dash != "—" or name not in keys or data[:4] != key_id(name, keys[name]):
        return None
    try:
        Ed25519PublicKey.from_public_bytes(keys[name]).verify(data[4:], text.encode())
    except InvalidSignature as cause:
        raise ValueError(name) from cause
    return name
