"""Devices and their certificates (K-8): check V4."""

from dataclasses import dataclass

from amanat_verifier.bulletin import BALLOT, DEVICE, SHEET, bulletin
from amanat_verifier.hashes import has_signed, identify, is_ed25519_key
from amanat_verifier.manifest import Manifest, manifest
from amanat_verifier.record import Record, once
from amanat_verifier.shapes import Fault, blob, many, only, optional, parse, raw, require_ascending, row, text, uint

FILE = "devices/devices.seq"
CERTIFICATE = row(only(1), uint, uint, uint, raw(32), text)
CHECK_IN, TERMINAL, APPROVER = 1, 2, 4  # roles
ROLES = (CHECK_IN, TERMINAL, CHECK_IN | TERMINAL, APPROVER)  # who approves does nothing else (K-8)


@dataclass(frozen=True)
class Device:
    """One enrolled device; `id` is ID("device", certificate)."""

    number: int
    station: int
    roles: int
    key: bytes
    id: bytes
    signature: bytes
    boards: tuple[bytes, ...] | None


@once
def devices(record: Record) -> dict[int, Device]:
    """Devices by their number."""
    eh = manifest(record).eh
    found: dict[int, Device] = {}
    rows = record.rows(FILE, row(blob, raw(64), optional(many(raw(64)))))
    for i, (certificate, signature, boards) in enumerate(rows, 1):
        _, number, station, roles, key, _ = parse(certificate, CERTIFICATE, f"{FILE}: item {i}")
        if number in found:
            raise Fault(f"{FILE}: item {i}: device {number} twice")
        found[number] = Device(number, station, roles, key, identify(eh, "device", certificate), signature, boards)
    return found


def is_pad(record: Record, number: int) -> bool:
    """Whether the device approves permits and does nothing else (C-9)."""
    device = devices(record).get(number)
    return device is not None and device.roles == APPROVER


def signed_by_all(found: Manifest, domain: str, what: bytes, signatures: tuple[bytes, ...]) -> bool:
    """Whether every authority of the manifest signed, in its order."""
    return len(signatures) == len(found.authorities) and all(
        has_signed(key, found.eh, domain, what, signature)
        for (_, key), signature in zip(found.authorities, signatures, strict=True)
    )


def check_devices(record: Record) -> int:
    """V4: each certificate signed, its key sound, logged before opening or signed by all authorities."""
    found = manifest(record)
    log = bulletin(record)
    enrolled = list(devices(record).values())
    opening = next((i for i, entry in enumerate(log.entries) if entry[0] in (BALLOT, SHEET)), len(log.entries))
    require_ascending([device.id for device in enrolled], FILE)
    for i, device in enumerate(enrolled, 1):
        at = f"{FILE}: item {i} (device {device.number})"
        if device.station >= len(found.stations) or device.roles not in ROLES:
            raise Fault(f"{at}: station or roles that do not exist")
        if not is_ed25519_key(device.key):
            raise Fault(f"{at}: its key is not canonical, or of small or mixed order")
        if not has_signed(found.hq, found.eh, "device", device.id, device.signature):
            raise Fault(f"{at}: headquarters' signature does not hold")
        if device.boards is not None and not signed_by_all(found, "device", device.id, device.boards):
            raise Fault(f"{at}: an authority's signature does not hold")
        place = log.place(DEVICE, device.id)
        if place is None or (place > opening and device.boards is None):
            raise Fault(f"{at}: not in the bulletin before opening, and not signed by all authorities")
    if not enrolled or len({device.key for device in enrolled}) != len(enrolled):
        raise Fault(f"{FILE}: no device, or two devices with one key")
    unknown = set(log.kind(DEVICE)) - {device.id for device in enrolled}
    if unknown:
        raise Fault(f"{FILE}: the device of bulletin entry {min(unknown).hex()} is missing")
    return len(enrolled)
