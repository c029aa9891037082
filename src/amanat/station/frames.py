"""A frame: a payload at its place on a medium, with length, checksum and position (clause J-2).

A medium holds a preamble of 64 bytes that names the owner, then frames, then zeros (the space is written beforehand).
A frame is its length (4 bytes), checksum (16), position (8) and payload; the checksum covers all of them under the
owner's hash as key.  So a torn, a misdirected, a rotten and another device's frame are all seen as *no frame*.
"""

import struct
from hashlib import blake2b

from amanat.errors import Rejected

OWNER_BYTES = 32
FRAME_BYTES_MAX = 1 << 20  # a payload; the largest entry is a ballot of a few kilobytes

_MAGIC = b"amanat/v1/media\n"
_FRAME = struct.Struct(">I16sQ")
HEADER_BYTES = _FRAME.size
FIRST = len(_MAGIC) + OWNER_BYTES + 16  # where the first frame begins


def _checksum(owner: bytes, position: int, payload: bytes) -> bytes:
    head = struct.pack(">IQ", len(payload), position)
    return blake2b(head + payload, digest_size=16, key=owner).digest()


def frame(owner: bytes, position: int, payload: bytes) -> bytes:
    """The bytes of one frame at ``position``."""
    return _FRAME.pack(len(payload), _checksum(owner, position, payload), position) + payload


def frame_at(owner: bytes, data: bytes, position: int, *, base: int = 0) -> bytes | None:
    """The payload of the sound frame at ``position`` of a medium whose bytes from ``base`` on are ``data``, or None."""
    if len(data) < position - base + _FRAME.size:
        return None
    length, checksum, stated = _FRAME.unpack_from(data, position - base)
    start = position - base + _FRAME.size
    if stated != position or not 0 < length <= FRAME_BYTES_MAX or len(data) < start + length:
        return None
    payload = data[start : start + length]
    return payload if _checksum(owner, position, payload) == checksum else None


def preamble(owner: bytes) -> bytes:
    """The first 64 bytes of every medium of this owner."""
    return _MAGIC + owner + blake2b(_MAGIC + owner, digest_size=16).digest()


def require_own(owner: bytes, data: bytes, name: str) -> None:
    """Refuse the sound journal of another device: it would be overwritten."""
    head, other = data[:FIRST], data[len(_MAGIC) : len(_MAGIC) + OWNER_BYTES]
    if len(other) == OWNER_BYTES and other != owner and head == preamble(other):
        raise Rejected("journal-of-another", medium=name)


def payloads(owner: bytes, data: bytes) -> list[bytes]:
    """All payloads of one medium, in order, up to the first place with no sound frame.

    Raises:
        Rejected: sound frames follow that place: what was acknowledged is rotten there.
    """
    found, end = [], FIRST
    while (payload := frame_at(owner, data, end)) is not None:
        found.append(payload)
        end += HEADER_BYTES + len(payload)
    if sound_frame_after(owner, data, end):
        raise Rejected("journal-rotten", position=end)
    return found


def content_end(data: bytes, start: int) -> int:
    """Where the zeros that end a medium begin, looking from ``start`` on."""
    if data[start:] == bytes(max(0, len(data) - start)):  # as nearly always: one comparison of memory
        return min(start, len(data))
    return len(data.rstrip(b"\0"))


def sound_frame_after(owner: bytes, data: bytes, end: int) -> bool:
    """Whether a sound frame stands beyond ``end``: then the gap is rot, not a torn tail."""
    last = content_end(data, end)
    return any(frame_at(owner, data, at) is not None for at in range(end + 1, last - HEADER_BYTES))
