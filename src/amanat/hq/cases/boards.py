"""The boards' signatures: through their key folders, as people would carry digests to them and signatures back.

A folder has identity.json (role, index, signing key), signing.sealed and machine.json ({"passphrase": path}).  Only the
boards have such folders; headquarters' own home never holds one.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import amanat_crypto
from amanat.errors import BadInput
from amanat.hq.elections.making import identities
from amanat.hq.home import Home, read_passphrase
from amanat.records import sealed_key
from amanat.records.identifiers import sign

Boards = Callable[[str, Sequence[bytes]], list[list[bytes]]]
"""(domain, digests) -> for each digest the signature of every authority, in the manifest's order."""


def boards_of(here: Home, folder: Path) -> Boards:
    """Signing by the authorities' folders below `folder`.  Raises BadInput when one is missing or is another's."""
    known = seeds_of(here, folder)
    missing = next((a.role for a in here.manifest.authorities if a.role not in known), None)
    if missing is not None:
        raise BadInput("hq-source-differs", file=str(folder), field=f"authority {missing}")
    seeds = [known[authority.role] for authority in here.manifest.authorities]

    def sign_all(domain: str, digests: Sequence[bytes]) -> list[list[bytes]]:
        return [[sign(seed, domain, here.eh, digest) for seed in seeds] for digest in digests]

    return sign_all


def seeds_of(here: Home, folder: Path) -> dict[str, bytes]:
    """The seeds of those authorities of the manifest whose folders are below `folder`, by role.

    Raises:
        BadInput: a folder of that role has another key.
    """
    keys = {authority.role: authority.key for authority in here.manifest.authorities}
    found = {str(identity.get("role")): identity for identity in identities(folder)}
    for role, identity in found.items():
        if role in keys and identity["signing_key"] != keys[role]:
            raise BadInput("hq-source-differs", file=str(folder), field=f"authority {role}")
    return {role: _seed(identity["folder"]) for role, identity in found.items() if role in keys}


def _seed(folder: Path) -> bytes:
    path = folder / "signing.sealed"
    try:
        words = json.loads((folder / "machine.json").read_text(encoding="utf-8"))["passphrase"]
        sealed = path.read_bytes()
    except (OSError, ValueError, KeyError) as cause:
        raise BadInput("hq-identity", file=str(folder)) from cause
    return sealed_key.unseal(sealed, passphrase=read_passphrase(folder / words), file=str(path))


def require_signed(here: Home, domain: str, digest: bytes, signatures: Sequence[bytes]) -> None:
    """Raises BadInput unless every authority of the manifest signed, in its order."""
    authorities = here.manifest.authorities
    good = len(signatures) == len(authorities) and all(len(signature) == 64 for signature in signatures)
    if not good or amanat_crypto.verify_signatures(
        domain=domain,
        eh=here.eh,
        keys=b"".join(authority.key for authority in authorities),
        digests=digest * len(authorities),
        signatures=b"".join(signatures),
    ):
        raise BadInput("hq-board-signatures", digest=digest.hex())
