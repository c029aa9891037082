"""The bulletin's tree and files (L-1, L-2, L-5)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import Rejected
from amanat.records import tiles

SEED = bytes(range(32))
VKEY = tiles.vkey("bulletin.example", Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw())


def entries(count: int) -> list[bytes]:
    return [b"\x02" + hashlib.sha256(str(i).encode()).digest() for i in range(count)]


def mth(items: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(items) <= 1:
        return tiles.leaf_hash(items[0]) if items else hashlib.sha256().digest()
    k = 1
    while k * 2 < len(items):
        k *= 2
    return tiles.node_hash(mth(items[:k]), mth(items[k:]))


@given(st.integers(0, 600), st.data())
def test_the_tree_is_rfc_6962s_and_every_entry_is_provably_in_it(count: int, data: st.DataObject) -> None:
    tree = tiles.Tree(entries(count))
    size = data.draw(st.integers(0, count))
    assert tree.root(size) == mth(tree.entries[:size])
    if size:
        index = data.draw(st.integers(0, size - 1))
        path = tree.inclusion(index, size)
        assert tiles.root_from_path(tree.entries[index], index=index, size=size, path=path) == tree.root(size)
        assert tiles.root_from_path(b"another", index=index, size=size, path=path) != tree.root(size)


def test_a_path_of_the_wrong_length_is_refused() -> None:
    tree = tiles.Tree(entries(5))
    for path in (tree.inclusion(1)[:-1], [*tree.inclusion(1), bytes(32)]):
        with pytest.raises(Rejected):
            tiles.root_from_path(tree.entries[1], index=1, size=5, path=path)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 700])
def test_the_files_give_the_entries_back_and_grow_as_the_tree_grows(count: int) -> None:
    whole = dict(tiles.Tree(entries(count)).files())
    assert tiles.read_entries(lambda path: whole[path], count) == entries(count)
    tree = tiles.Tree(entries(count // 3))
    grown = dict(tree.files())
    old = tree.size
    tree.extend(entries(count)[old:])
    grown.update(tree.files(old_size=old))
    assert whole.items() <= grown.items()


def test_tile_numbers_are_paths_of_three_digits() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(None, 5, 17) == "tile/entries/005.p/17"
    tree = tiles.Tree(entries(65537))
    assert {p for p, _ in tree.files() if not p.startswith(("tile/0", "tile/entries"))} == {
        "tile/1/000",
        "tile/2/000.p/1",
    }


def test_a_cut_bundle_is_refused() -> None:
    files = {path: content[:-1] for path, content in tiles.Tree(entries(3)).files()}
    with pytest.raises(Rejected, match="entries/000"):
        tiles.read_entries(lambda path: files[path], 3)


def test_a_checkpoint_is_signed_and_a_witness_can_join() -> None:
    """L-2, L-4."""
    tree = tiles.Tree(entries(9))
    note = tiles.checkpoint(tree, name="bulletin.example", seed=SEED)
    assert tiles.read_checkpoint(note, [VKEY]) == tiles.Checkpoint(9, tree.root(), frozenset({"bulletin.example"}))
    text = note.decode().partition("\n\n")[0] + "\n"
    other = bytes(32)
    witness = tiles.vkey("witness", Ed25519PrivateKey.from_private_bytes(other).public_key().public_bytes_raw())
    cosigned = note + tiles.signature_line(text, name="witness", seed=other).encode()
    assert tiles.read_checkpoint(cosigned, [VKEY, witness]).signers == {"bulletin.example", "witness"}


@pytest.mark.parametrize(
    "change", [(b"\n9\n", b"\n8\n"), (b"bulletin.example\n9", b"another\n9"), (b"\n\n", b"\n"), (b"\n9\n", b"\n09\n")]
)
def test_a_changed_checkpoint_is_refused(change: tuple[bytes, bytes]) -> None:
    note = tiles.checkpoint(tiles.Tree(entries(9)), name="bulletin.example", seed=SEED)
    with pytest.raises(Rejected):
        tiles.read_checkpoint(note.replace(*change), [VKEY])


@pytest.mark.parametrize("text", ["", "name", "name+00000000+" + VKEY.split("+")[2], VKEY[:-4]])
def test_a_wrong_vkey_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        tiles.parse_vkey(text)
