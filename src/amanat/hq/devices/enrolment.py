"""Requests become certificates, and certificates stand on the bulletin before opening.  Clauses K-8, L-1.

A request is `<station id>-<terminal>/request.cbor` = CBOR([public key, seal text]).  Device numbers follow the
manifest: terminal by terminal of the electronic stations, from 0; terminal 1 checks in and takes ballots, the others
take ballots.  Where the station asks for second approvals, numbers for two observers' pads come after them (C-9).
Then comes the station's spare, which checks in and takes ballots; spares have the last device numbers of all (J-8).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import amanat_crypto
from amanat.errors import BadInput
from amanat.hq.bulletin import log
from amanat.hq.devices.models import Device
from amanat.hq.elections.acts import log_action
from amanat.hq.home import Home
from amanat.hq.writing import insert, rows_of, writing
from amanat.records import cbor
from amanat.records.cbor import Malformed, as_bytes, as_list, as_text
from amanat.records.device import ROLE_APPROVE, ROLE_BALLOT, ROLE_CHECK_IN, Certificate, certificate_id
from amanat.records.manifest import ELECTRONIC, Manifest, Station
from amanat.sync.hq_side import STORED_END, Known

COLUMNS: Final = (
    "device", "station", "roles", "key", "certificate", "certificate_id", "signature", "board_signatures",
)  # fmt: skip
PADS_MAX: Final = 2  # one in use and a spare, or two observers
SPARES_MAX: Final = 1  # a terminal in its box, which can check in and take ballots (J-8)
Boards = Callable[[str, Sequence[bytes]], Sequence[Sequence[bytes]]]
"""(domain, digests) -> for each digest the authorities' signatures, in the manifest's order."""


def numbers(manifest: Manifest) -> dict[tuple[str, int], tuple[int, int]]:
    """(station id, terminal from 1) -> (device, station index)."""
    places = [
        (station.id, terminal, index)
        for index, station in enumerate(manifest.stations)
        if station.mode == ELECTRONIC
        for terminal in range(1, _last_at_work(station) + 1)
    ]
    spares = [
        (station.id, _last_at_work(station) + spare, index)
        for index, station in enumerate(manifest.stations)
        if station.mode == ELECTRONIC
        for spare in range(1, SPARES_MAX + 1)
    ]
    return {(id_, terminal): (device, index) for device, (id_, terminal, index) in enumerate(places + spares)}


def _last_at_work(station: Station) -> int:
    return station.ballot_terminals + PADS_MAX * station.approvals


def enrol(here: Home, requests: Path, *, now_ms: int, boards: Boards | None = None) -> int:
    """Certifies every request below a folder that has no certificate yet; returns how many.

    After the first ballot or sheet is on the bulletin a certificate needs both boards' signatures: `boards`.

    Raises:
        BadInput: a request that is none, of no place in the manifest, with an unsound key, or late without boards.
    """
    known = {device for (device,) in rows_of("SELECT device FROM devices_device")}
    new = [c for c in _requested(here.manifest, requests) if c.device not in known]
    if not new:
        return 0
    late = log.has_begun()
    if late and boards is None:
        raise BadInput("hq-late-device", file=str(requests))
    encoded = [certificate.encode() for certificate in new]
    ids = [certificate_id(here.eh, data) for data in encoded]
    signed = [cbor.encode(list(s)) for s in boards("device", ids)] if late and boards else [None] * len(ids)
    with writing():
        rows = [
            (c.device, c.station, c.roles, c.key, data, id_, here.sign("device", id_), board)
            for c, data, id_, board in zip(new, encoded, ids, signed, strict=True)
        ]
        insert("devices_device", COLUMNS, rows)
        log.add([log.DEVICE + id_ for id_ in ids], now_ms=now_ms)
        log_action("devices-enrolled", ",".join(str(c.device) for c in new), at_ms=now_ms)
    log.flush(here, now_ms=now_ms)
    return len(new)


def _requested(manifest: Manifest, folder: Path) -> Iterator[Certificate]:
    places = numbers(manifest)
    for path in sorted(folder.glob("*/request.cbor")):
        station, _, terminal = path.parent.name.rpartition("-")
        place = places.get((station, int(terminal))) if terminal.isdigit() else None
        if place is None:
            raise BadInput("hq-request-place", file=str(path))
        try:
            key, seal = as_list(cbor.decode(path.read_bytes()), "request", size=2)
            public = as_bytes(key, "device key", size=32)
            amanat_crypto.require_signing_key(public)
            roles = _roles(manifest.stations[place[1]], int(terminal))
            yield Certificate(place[0], place[1], roles, public, as_text(seal, "seal"))
        except (Malformed, amanat_crypto.CryptoFault) as cause:
            raise BadInput("hq-request", file=str(path)) from cause


def _roles(station: Station, terminal: int) -> int:
    if station.ballot_terminals < terminal <= _last_at_work(station):
        return ROLE_APPROVE
    return ROLE_BALLOT if 1 < terminal <= station.ballot_terminals else ROLE_CHECK_IN | ROLE_BALLOT


def devices_seq() -> bytes:
    """devices.seq: [certificate, signature, board signatures or null], sorted by ID("device")."""
    rows = rows_of("SELECT certificate, signature, board_signatures FROM devices_device ORDER BY certificate_id")
    return cbor.encode_seq([bytes(c), bytes(s), cbor.decode(bytes(b)) if b else None] for c, s, b in rows)


class Certificates:
    """Enrolled devices by number; one that is not known is looked for in the database, by itself."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}
        self._take(Device.objects.all())

    def __call__(self, device: int) -> Known | None:
        """The device, or None."""
        if device not in self._known and device < STORED_END:
            self._take(Device.objects.filter(device=device))
        return self._known.get(device)

    def _take(self, rows: Iterable[Device]) -> None:
        for row in rows:
            self._known[row.device] = Known(Certificate.decode(bytes(row.certificate)), bytes(row.certificate_id))
