"""A station's journals on a stick: the same triples, sealed for headquarters, the same path in (clause S-6).

File = HPKE(headquarters' X25519 key, info = eh) of the envelope CBOR([payload, device, signature]) where payload is
the CBOR sequence of the triples and the signature Sign(device, "usb", ID("usb", payload)).
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from amanat.errors import BadInput
from amanat.records import cbor
from amanat.records.identifiers import identifier
from amanat.records.journal import Entry, SignedEntry
from amanat.station.medium_file import write_whole
from amanat.station.package import Identity
from amanat.sync.messages import Envelope, triple

SUFFIX = ".amanat-usb"


def to_carry(journals: Iterable[Sequence[SignedEntry]], *, lost: bool = False) -> Iterator[SignedEntry]:
    """The entries of a bundle.

    A journal that is kept here without its private parts (the gateway's, at a colleague) goes only where the gateway
    is ``lost``: headquarters keeps what it gets of an entry first.
    """
    for entries in journals:
        stripped = (e.private is None and Entry.decode(e.entry).private_hash is not None for e in entries)
        if lost or not any(stripped):
            yield from entries


def bundle(identity: Identity, entries: Iterable[SignedEntry]) -> bytes:
    """The sealed bytes of a bundle."""
    payload = cbor.encode_seq(triple(entry) for entry in entries)
    signature = identity.sign("usb", identifier("usb", identity.eh, payload))
    envelope = Envelope(payload, identity.device, signature).encode()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    key = X25519PublicKey.from_public_bytes(identity.manifest.hq_hpke_key)
    return suite.encrypt(envelope, key, info=identity.eh)


def write(path: Path, data: bytes) -> Path:
    """Put a bundle on a stick, whole or not at all, and wait until it is there; the path, with its suffix.

    Raises:
        BadInput: it cannot be written there.
    """
    try:
        target = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, data)
    except (OSError, ValueError) as cause:  # ValueError: no file has such a name
        raise BadInput("usb-not-written", file=str(path)) from cause
    return target
