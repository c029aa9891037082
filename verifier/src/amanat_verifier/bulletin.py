"""The bulletin (chapter 8): tiles and entries, RFC 6962 trees, and check V5."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from amanat_verifier.hashes import sha256
from amanat_verifier.manifest import manifest
from amanat_verifier.notes import Checkpoint, read_checkpoint
from amanat_verifier.record import Record, names_below, once
from amanat_verifier.shapes import Fault

CHECKPOINT = "bulletin/checkpoint"
TILE = 256  # hashes in a full tile, entries in a full bundle
ENTRY = 33
DEVICE, BALLOT, SHEET, DECISION, ORDER, SUMS = 1, 2, 3, 4, 5, 6


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 section 2.1."""
    return sha256(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1."""
    return sha256(b"\1" + left + right)


def root_of(leaves: list[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes, by joining neighbours; an odd last one moves up unchanged."""
    if not leaves:
        return sha256(b"")
    level = leaves
    while len(level) > 1:
        joined = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = joined + level[2 * len(joined) :]
    return level[0]


def root_over(items: list[bytes]) -> bytes:
    """The tree over items themselves: permit_root and box_root of a sheet, the items sorted."""
    return root_of([leaf_hash(item) for item in items])


def _tile_name(index: int) -> str:
    """tlog-tiles: groups of three digits, all but the last with an x."""
    name = f"{index % 1000:03d}"
    while index := index // 1000:
        name = f"x{index % 1000:03d}/{name}"
    return name


def _cut(folder: str, pieces: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for index in range(0, len(pieces), TILE):
        part = pieces[index : index + TILE]
        suffix = "" if len(part) == TILE else f".p/{len(part)}"
        yield f"{folder}/{_tile_name(index // TILE)}{suffix}", b"".join(part)


@dataclass(frozen=True)
class Bulletin:
    """All entries, their leaf hashes, and the signed checkpoint."""

    entries: list[bytes]
    leaves: list[bytes]
    checkpoint: Checkpoint
    places: dict[bytes, int]

    def kind(self, kind: int, start: int = 0, end: int | None = None) -> list[bytes]:
        """The 32 bytes of each entry of that kind at start ≤ position < end."""
        return [entry[1:] for entry in self.entries[start:end] if entry[0] == kind]

    def place(self, kind: int, value: bytes) -> int | None:
        """The first position of an entry."""
        return self.places.get(bytes([kind]) + value)

    def root(self, size: int) -> bytes:
        """The root when the log had `size` entries."""
        return root_of(self.leaves[:size])

    def files(self) -> dict[str, bytes]:
        """Every tile and entry bundle at this size."""
        files = dict(_cut("tile/entries", [len(entry).to_bytes(2, "big") + entry for entry in self.entries]))
        level, hashes = 0, self.leaves
        while hashes:
            files.update(_cut(f"tile/{level}", hashes))
            whole = len(hashes) // TILE * TILE
            hashes = [root_of(hashes[i : i + TILE]) for i in range(0, whole, TILE)]
            level += 1
        return files


@once
def checkpoint(record: Record) -> Checkpoint:
    """The checkpoint, its signatures checked."""
    found = manifest(record)
    return read_checkpoint(record.read(CHECKPOINT), found.bulletin, found.witnesses, CHECKPOINT)


@once
def bulletin(record: Record) -> Bulletin:
    """The entries up to the checkpoint's size; their root is compared in V5."""
    signed = checkpoint(record)
    entries: list[bytes] = []
    while len(entries) < signed.size:
        count = min(TILE, signed.size - len(entries))
        path = f"bulletin/tile/entries/{_tile_name(len(entries) // TILE)}" + ("" if count == TILE else f".p/{count}")
        data = record.read(path)
        if len(data) != count * (ENTRY + 2):
            raise Fault(f"{path}: {count} entries of {ENTRY} bytes are expected")
        for at in range(0, len(data), ENTRY + 2):
            entry = data[at + 2 : at + 2 + ENTRY]
            if data[at : at + 2] != ENTRY.to_bytes(2, "big") or entry[0] not in range(DEVICE, SUMS + 1):
                raise Fault(f"{path}: entry {len(entries)}: length or kind")
            entries.append(entry)
    places: dict[bytes, int] = {}
    for place, entry in enumerate(entries):
        places.setdefault(entry, place)
    return Bulletin(entries, [leaf_hash(entry) for entry in entries], signed, places)


def check_bulletin(record: Record) -> int:
    """V5: the tree rebuilt from the entries, none twice, has the signed root; every tile as rebuilt; witnesses."""
    found = bulletin(record)
    if found.root(len(found.entries)) != found.checkpoint.root:
        shown = base64.b64encode(found.checkpoint.root).decode()
        raise Fault(f"{CHECKPOINT}: root {shown} is not that of the entries")
    if len(found.places) != len(found.entries):
        twice = next(i for i, entry in enumerate(found.entries) if found.places[entry] != i)
        raise Fault(f"bulletin: entry {twice} stands there already")
    whole = found.files()
    for name in sorted(set(whole) ^ set(names_below(record, "bulletin/")) - {"checkpoint"}):
        raise Fault(f"bulletin/{name}: missing or extra")
    for name, data in whole.items():
        if record.read(f"bulletin/{name}") != data:
            raise Fault(f"bulletin/{name}: not what the entries give")
    _check_witnesses(record, found.checkpoint)
    return len(found.entries)


def _check_witnesses(record: Record, signed: Checkpoint) -> None:
    named = manifest(record).witnesses
    if not named:
        record.say("No witness is named in the manifest: nobody else vouches that all saw one bulletin.")
    elif 2 * len(signed.signers & set(named)) <= len(named):
        raise Fault(f"{CHECKPOINT}: fewer than a majority of the {len(named)} witnesses signed")
