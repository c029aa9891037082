"""USB bundles: the same triples, enciphered to headquarters, by hand.  Clauses S-6, K-9.

File = HPKE (base mode, X25519, HKDF-SHA-256, ChaCha20-Poly1305, headquarters' key, info = eh) of CBOR([payload, device,
signature]); payload is a CBOR sequence of [entry, signature, private], signed Sign(device, "usb", ID("usb", payload)).
"""

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from amanat.errors import BadInput
from amanat.hq.devices.enrolment import Certificates
from amanat.hq.home import Home
from amanat.records import cbor
from amanat.records.cbor import Malformed, Value
from amanat.records.identifiers import identifier, is_signed
from amanat.sync.hq_side import HqSide, Taken
from amanat.sync.messages import ENTRIES_MAX

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def take_bundle(here: Home, side: HqSide, certificates: Certificates, path: Path) -> Taken:
    """Takes a bundle as the link would have; the same bundle again changes nothing.

    Raises:
        BadInput: the file is no bundle of a device of this election; nothing was changed.
    """
    triples = open_bundle(here, certificates, path)
    total = Taken()
    for at in range(0, len(triples), ENTRIES_MAX):
        taken = side.take(triples[at : at + ENTRIES_MAX])
        total.stored += taken.stored
        total.repeats += taken.repeats
        total.forks += taken.forks
        total.dead += taken.dead
        total.devices |= taken.devices
    return total


def open_bundle(here: Home, certificates: Certificates, path: Path) -> list[Value]:
    """The triples of a bundle.  Raises BadInput."""
    key = X25519PrivateKey.from_private_bytes(here.secret("hpke"))
    try:
        envelope = cbor.decode(SUITE.decrypt(path.read_bytes(), key, info=here.eh))
        match envelope:
            case [bytes(payload), int(device), bytes(signature)] if len(signature) == 64:
                triples = cbor.decode_seq(payload)
            case _:
                raise BadInput("hq-usb-unreadable", file=str(path))
    except (OSError, InvalidTag, ValueError, Malformed) as cause:
        raise BadInput("hq-usb-unreadable", file=str(path)) from cause
    known = certificates(device)
    digest = identifier("usb", here.eh, payload)
    if known is None or not is_signed(known.certificate.key, "usb", here.eh, digest, signature):
        raise BadInput("hq-usb-signature", file=str(path))
    return triples
