"""V5, the rest of V4, and V9: the bulletin's tree, what was in it when, and that it names exactly these ballots."""

from collections.abc import Iterable, Sequence

from amanat.count.checks.election import Election, require
from amanat.count.exchange import Files
from amanat.records import tiles

DEVICE, BALLOT, SHEET, DECISION = 1, 2, 3, 4
BULLETIN = "bulletin"


def read_bulletin(files: Files, election: Election) -> tiles.Tree:
    """V5: the tree rebuilt from the entries, every tile, the checkpoint, the witnesses.  Raises Rejected."""
    manifest = election.manifest
    note = files.read(f"{BULLETIN}/checkpoint")
    checkpoint = tiles.read_checkpoint(note, [manifest.bulletin_vkey, *manifest.witness_vkeys])
    names = {tiles.parse_vkey(text)[0] for text in manifest.witness_vkeys}
    cosigned = len(checkpoint.signers & names)
    require("V5", f"{BULLETIN}/checkpoint", not names or 2 * cosigned > len(names))
    tree = tiles.Tree(tiles.read_entries(lambda path: files.read(f"{BULLETIN}/{path}"), checkpoint.size))
    require("V5", f"{BULLETIN}/checkpoint", tree.root() == checkpoint.root)
    for path, content in tree.files():
        require("V5", f"{BULLETIN}/{path}", files.read(f"{BULLETIN}/{path}") == content)
    for entry in tree.entries:
        require("V5", f"{BULLETIN}/tile/entries", len(entry) == 33 and 1 <= entry[0] <= 6)
    require("V5", f"{BULLETIN}/tile/entries: one twice", len(set(tree.entries)) == tree.size)
    _require_devices_first(tree.entries, election)
    return tree


def _require_devices_first(entries: Sequence[bytes], election: Election) -> None:
    """V4: every certificate is there, and before the first ballot or sheet unless the authorities signed it too."""
    opened = next((at for at, entry in enumerate(entries) if entry[0] in (BALLOT, SHEET)), len(entries))
    before = {entry[1:] for entry in entries[:opened] if entry[0] == DEVICE}
    after = {entry[1:] for entry in entries[opened:] if entry[0] == DEVICE}
    for device, certificate in election.certificates.items():
        known = certificate in before or (device in election.late_devices and certificate in after)
        require("V4", f"{BULLETIN}: {certificate.hex()}", known)
    strangers = (before | after) - set(election.certificates.values())
    require("V4", f"{BULLETIN}: {min(strangers, default=b'').hex()}", not strangers)


def require_ballots(tree: tiles.Tree, ids: Sequence[bytes], *, first: int, size: int, root: bytes) -> None:
    """V9: the entries 02 between the orders are these ids, each once; `size` and `root` are the order's."""
    require("V9", BULLETIN, first <= size <= tree.size and tree.root(size) == root)
    logged = sorted(entry[1:] for entry in tree.entries[first:size] if entry[0] == BALLOT)
    if logged != list(ids):
        odd = min(set(logged) ^ set(ids), default=b"")
        require("V9", f"{BULLETIN}: {odd.hex()}", holds=False)


def require_logged(check: str, tree: tiles.Tree, kind: int, ids: Iterable[bytes], *, size: int) -> None:
    """Every one of these was in the bulletin before the order.  Raises Rejected naming the first that was not."""
    logged = {entry[1:] for entry in tree.entries[:size] if entry[0] == kind}
    for id_ in ids:
        require(check, f"{BULLETIN}: {id_.hex()}", id_ in logged)
