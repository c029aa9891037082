"""News that fits a text message: what passes when nothing else does.  Clauses S-5, S-7.

Frame, 140 bytes at most = kind (1) ‖ eh[:4] (4) ‖ device (3) ‖ number (4) ‖ nonce (8) ‖ sealed body (0…56) ‖ signature
(64).  `device` is the station's in both directions.  The body is enciphered between that device and headquarters, since
an operator of telephones can try all national ids against a digest: ChaCha20, key = HKDF-SHA-256(X25519(device,
headquarters' HPKE key), info "amanat/v1/frame" ‖ eh ‖ 00 up or 01 down), nonce = the first 8 bytes of HMAC-SHA-256(key,
header ‖ body): two frames under one number give nothing away.  The signature, Sign(signer, "frame", ID("frame", all
before it)), is the device's or headquarters'.  A frame is news, never a delivered entry.

The device's X25519 key is its Ed25519 key on the other form of the curve (RFC 7748 §4.1), as libsodium converts them.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amanat.errors import PeerFault
from amanat.records import base32
from amanat.records.cbor import Malformed
from amanat.records.identifiers import ElectionHash, identifier, is_signed, sign
from amanat.sync.messages import DIGEST_BYTES, NewsItem

FRAME_MAX: Final = 140  # one binary text message
HEADER: Final = 12
NONCE: Final = 8
SIGNATURE: Final = 64
BODY_MAX: Final = FRAME_MAX - HEADER - NONCE - SIGNATURE
ITEM_BYTES: Final = DIGEST_BYTES + 3
CHECKED_IN_MAX: Final = BODY_MAX // DIGEST_BYTES
NEWS_MAX: Final = BODY_MAX // ITEM_BYTES
HEARD_MAX: Final = BODY_MAX // 4
NUMBER_END: Final = 1 << 32
DOWN: Final = 0x80  # the bit of kinds that headquarters sends
COUNTS: Final = ("permits", "refused", "prepared", "cast", "tested", "dropped")
PART: Final = 112  # symbols of base32 in one of the two text messages that carry a frame as text
PRIME: Final = (1 << 255) - 19


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """Persons checked in at the device's station, at most CHECKED_IN_MAX."""

    digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """The station is open, with this register version."""

    register_version: int


@dataclass(frozen=True, slots=True)
class Turnout:
    """Permits issued and ballots in the box so far: provisional."""

    permits: int
    cast: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The counts of the device's closing sheet, in the order of COUNTS, and the first 16 bytes of the sheet's id."""

    counts: tuple[int, ...]
    sheet: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Check-ins at other stations, from headquarters, at most NEWS_MAX."""

    items: tuple[NewsItem, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """Headquarters has the frames of these numbers, at most HEARD_MAX: they need not be sent again."""

    numbers: tuple[int, ...]


Body = CheckedIn | Opened | Turnout | Closed | Elsewhere | Heard
KINDS: Final[dict[type[Body], int]] = {
    CheckedIn: 1, Opened: 2, Turnout: 3, Closed: 4, Elsewhere: DOWN | 1, Heard: DOWN | 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: the station's device, its number in this direction, and what it says."""

    device: int
    number: int
    body: Body


class Channel:
    """The frames of one device in one election.  Each end has its own secret: a device's seed, or headquarters' two."""

    def __init__(self, eh: ElectionHash, device: int, shared: bytes) -> None:
        self._eh = eh
        self._device = device
        self._keys = [_key(eh, shared, direction) for direction in (b"\0", b"\1")]

    @classmethod
    def of_station(cls, eh: ElectionHash, device: int, *, seed: bytes, hq_hpke_key: bytes) -> "Channel":
        """The station's end."""
        return cls(eh, device, _x25519_of(seed).exchange(X25519PublicKey.from_public_bytes(hq_hpke_key)))

    @classmethod
    def of_headquarters(cls, eh: ElectionHash, device: int, *, device_key: bytes, hpke_secret: bytes) -> "Channel":
        """Headquarters' end; ``device_key`` is the Ed25519 key of the device's certificate."""
        public = X25519PublicKey.from_public_bytes(montgomery(device_key))
        return cls(eh, device, X25519PrivateKey.from_private_bytes(hpke_secret).exchange(public))

    def encode(self, number: int, body: Body, *, seed: bytes) -> bytes:
        """A frame signed by a seed: the device's, or headquarters' for what goes down."""
        kind = KINDS[type(body)]
        header = bytes([kind]) + self._eh[:4] + self._device.to_bytes(3, "big") + number.to_bytes(4, "big")
        plain = _plain(body)
        key = self._keys[kind >= DOWN]
        nonce = _nonce(key, header, plain)
        unsigned = header + nonce + _ciphered(key, nonce, plain)
        return unsigned + sign(seed, "frame", self._eh, identifier("frame", self._eh, unsigned))

    def decode(self, data: bytes, *, signer: bytes) -> Frame:
        """A frame that this key signed.

        Raises:
            PeerFault: ``frame`` it is none of this device and election, or not whole; ``frame-signature``.
        """
        if device_of(data, self._eh) != self._device:
            raise PeerFault("frame")
        unsigned, signature = data[:-SIGNATURE], data[-SIGNATURE:]
        if not is_signed(signer, "frame", self._eh, identifier("frame", self._eh, unsigned), signature):
            raise PeerFault("frame-signature")
        header, nonce = unsigned[:HEADER], unsigned[HEADER : HEADER + NONCE]
        key = self._keys[header[0] >= DOWN]
        plain = _ciphered(key, nonce, unsigned[HEADER + NONCE :])
        if nonce != _nonce(key, header, plain):
            raise PeerFault("frame")
        return Frame(self._device, int.from_bytes(header[8:12], "big"), _body(header[0], plain))


def device_of(data: bytes, eh: ElectionHash) -> int:
    """Whose frame this says it is; PeerFault("frame") for no frame of this election."""
    if not HEADER + NONCE + SIGNATURE <= len(data) <= FRAME_MAX or data[1:5] != eh[:4]:
        raise PeerFault("frame")
    return int.from_bytes(data[5:8], "big")


def is_from_headquarters(data: bytes) -> bool:
    """Which way a frame goes."""
    return bool(data[0] & DOWN)


def to_text(frame: bytes) -> list[str]:
    """The frame as one or two text messages of at most 160 plain letters, for modems that take text alone."""
    letters = base32.encode(frame)
    tag = base32.encode(hashlib.sha256(frame).digest()[:4])
    parts = [letters[at : at + PART] for at in range(0, len(letters), PART)]
    return [f"AF1 {number}{len(parts)} {tag} {part}" for number, part in enumerate(parts, 1)]


def from_text(messages: Sequence[str]) -> list[bytes]:
    """The frames of which all parts are there, in any order, with repetitions and other messages among them."""
    parts: dict[str, dict[str, str]] = {}
    for message in messages:
        match message.upper().split():
            case ["AF1", place, tag, letters] if len(place) == 2:
                parts.setdefault(tag, {})[place] = letters
    frames = []
    for tag, found in parts.items():
        count = int(place[1]) if re.fullmatch("[12]{2}", place := next(iter(found))) else 0
        wanted = [f"{number}{count}" for number in range(1, count + 1)]
        try:
            frame = base32.decode("".join(found.get(place, "-") for place in wanted))
        except Malformed:
            continue
        if wanted and base32.encode(hashlib.sha256(frame).digest()[:4]) == tag:
            frames.append(frame)
    return frames


def montgomery(key: bytes) -> bytes:
    """The X25519 key of an Ed25519 key: u = (1 + y) / (1 − y)."""
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    return ((1 + y) * pow(1 - y, -1, PRIME) % PRIME).to_bytes(32, "little")


def _x25519_of(seed: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])


def _key(eh: ElectionHash, shared: bytes, direction: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"amanat/v1/frame" + eh + direction).derive(shared)


def _nonce(key: bytes, header: bytes, plain: bytes) -> bytes:
    return hmac.digest(key, header + plain, "sha256")[:NONCE]


def _ciphered(key: bytes, nonce: bytes, data: bytes) -> bytes:
    return Cipher(algorithms.ChaCha20(key, bytes(16 - NONCE) + nonce), mode=None).encryptor().update(data)


def _plain(body: Body) -> bytes:
    match body:
        case CheckedIn(digests):
            plain = b"".join(digests)
        case Opened(version):
            plain = version.to_bytes(4, "big")
        case Turnout(permits, cast):
            plain = permits.to_bytes(3, "big") + cast.to_bytes(3, "big")
        case Closed(counts, sheet):
            plain = b"".join(count.to_bytes(3, "big") for count in counts) + sheet
        case Elsewhere(items):
            plain = b"".join(item.digest + item.station.to_bytes(3, "big") for item in items)
        case Heard(numbers):
            plain = b"".join(number.to_bytes(4, "big") for number in numbers)
    if len(plain) > BODY_MAX:
        raise ValueError("more than a frame holds")
    return plain


def _body(kind: int, plain: bytes) -> Body:
    size = len(plain)
    if kind == KINDS[CheckedIn] and size and size % DIGEST_BYTES == 0:
        return CheckedIn(tuple(_split(plain, DIGEST_BYTES)))
    if kind == KINDS[Opened] and size == 4:
        return Opened(int.from_bytes(plain, "big"))
    if kind == KINDS[Turnout] and size == 6:
        return Turnout(*(int.from_bytes(part, "big") for part in _split(plain, 3)))
    if kind == KINDS[Closed] and size == 3 * len(COUNTS) + 16:
        counts = tuple(int.from_bytes(part, "big") for part in _split(plain[:-16], 3))
        return Closed(counts, plain[-16:])
    if kind == KINDS[Elsewhere] and size and size % ITEM_BYTES == 0:
        rows = _split(plain, ITEM_BYTES)
        return Elsewhere(tuple(NewsItem(row[:DIGEST_BYTES], int.from_bytes(row[DIGEST_BYTES:], "big")) for row in rows))
    if kind == KINDS[Heard] and size and size % 4 == 0:
        return Heard(tuple(int.from_bytes(part, "big") for part in _split(plain, 4)))
    raise PeerFault("frame")


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
