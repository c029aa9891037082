"""A spare takes a dead device's place: it carries its journal on, under its own key (clause J-8).

`take_over` reads one medium of the dead device, believes what chains and is signed, and keeps it in the spare's home.
The running spare says so in its own journal (`hand-over`), delivers what the dead device wrote, knows who was checked
in and which permits are open, and replaces those that named the dead booth (C-7).
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amanat_crypto
from amanat.errors import BadInput, Rejected
from amanat.records import cbor, permit
from amanat.records.ballot import ballot_id
from amanat.records.cbor import Malformed
from amanat.records.identifiers import BallotId, is_signed
from amanat.records.journal import DeviceState, Entry, SignedEntry, entry_hash, genesis
from amanat.records.permit import Permit
from amanat.station import config, frames
from amanat.station.clock import Clock
from amanat.station.enrolment import PACKAGE
from amanat.station.journal import Journal
from amanat.station.lan import FAULTS, RETRY_SECONDS, Lan
from amanat.station.medium_file import write_whole
from amanat.station.news import Copies
from amanat.station.package import Identity, Package, read_package
from amanat.station.refusal import Refused
from amanat.station.upkeep import JOURNAL, open_media
from amanat.sync.messages import FROM_START, bounded

FOLDER = "carried"
COLLEAGUES = "colleagues"
PATH = "/lan/carried"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken up: the dead device, its number in the station, its entries."""

    device: int
    entries: int


def take_over(home: Path, medium: Path) -> Taken:
    """Take up the journal on a medium of a dead device of our station; the same again adds what is new.

    Raises:
        BadInput: the medium cannot be read, holds no journal of another device of our station, or the spare runs.
        Rejected: what is on it does not chain, is not signed, or contradicts the copy that we hold.
    """
    settings = config.read(home)
    for one in open_media(home, settings):  # the spare's own: it must not run meanwhile
        one.close()
    package = read_package(home / PACKAGE)
    path = medium / JOURNAL if medium.is_dir() else medium
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise BadInput("take-over-medium", file=str(path)) from cause
    return take_up(home, package, settings.device, data, file=str(path))


def take_up(home: Path, package: Package, spare: int, data: bytes, *, file: str) -> Taken:
    """`take_over` from the bytes of a medium; ``file`` is what people call it."""
    device = _owner(package, spare, data)
    if device is None:
        raise BadInput("take-over-medium", file=file)
    entries = _sound(package, device, data)
    place = home / COLLEAGUES / f"{device}.journal"
    place.parent.mkdir(exist_ok=True)
    copies = Copies(place, eh=package.manifest.election_hash, device=device)
    held = list(copies.entries)
    copies.close()
    if any(ours.entry != theirs.entry for ours, theirs in zip(held, entries, strict=False)):
        raise Rejected("take-over-contradicts", file=file)
    whole = entries + held[len(entries) :]  # ours may be without private parts, or longer
    rows = [cbor.encode([signed.entry, signed.signature, signed.private]) for signed in whole]
    write_whole(place, b"".join(len(row).to_bytes(4, "big") + row for row in rows))
    (home / FOLDER).mkdir(exist_ok=True)
    write_whole(home / FOLDER / str(device), b"")
    return Taken(device, len(whole))


def _owner(package: Package, spare: int, data: bytes) -> int | None:
    """The device of the spare's station whose journal this is."""
    station = package.devices[spare].station
    for device, certificate in package.certificates.items():
        owner = genesis(package.manifest.election_hash, certificate)
        is_ours = device != spare and package.devices[device].station == station
        if is_ours and data[: frames.FIRST] == frames.preamble(owner):
            return device
    return None


def _sound(package: Package, device: int, data: bytes) -> list[SignedEntry]:
    eh, certificate = package.manifest.election_hash, package.certificates[device]
    state = DeviceState(eh, certificate)
    entries = [SignedEntry.decode(payload) for payload in frames.payloads(genesis(eh, certificate), data)]
    for signed in entries:
        state.apply(signed)
    bad = amanat_crypto.verify_signatures(
        domain="journal",
        eh=eh,
        keys=package.devices[device].key * len(entries),
        digests=b"".join(entry_hash(eh, signed.entry) for signed in entries),
        signatures=b"".join(signed.signature for signed in entries),
    )
    if bad:
        raise Rejected("journal-signature", seq=bad[0])
    return entries


@dataclass(frozen=True, slots=True)
class CarriedCast:
    """A ballot that the dead device cast: its id and that device's signature on slip 2."""

    device: int
    id: BallotId
    signature: bytes


class Carried:
    """The journals that this terminal carries on, folded; empty on nearly every terminal."""

    def __init__(self, home: Path, identity: Identity, copies: Mapping[int, Copies]) -> None:
        self.states: dict[int, DeviceState] = {}
        self._copies = copies
        folder = home / FOLDER
        for path in sorted(folder.glob("*[0-9]")):  # not a draft that a cut left behind
            device = int(path.name)
            self.states[device] = state = DeviceState(identity.eh, identity.package.certificates[device])
            for signed in copies[device].entries:
                state.apply(signed)

    def require_whole(self, journal: Journal) -> None:
        """Rejected where a copy is shorter than what we said that we carry: it is the truth about who has voted.

        The copies' files are given back before it is raised.
        """
        for device, (seq, _) in journal.state.carries.items():
            if device not in self.states or self.states[device].next_seq - 1 < seq:
                for copies in self._copies.values():
                    copies.close()
                raise Rejected("carried-damaged", device=device)

    def hand_over(self, journal: Journal) -> None:
        """Say in our journal, once, whose journal we carry on, and from where."""
        for device, state in self.states.items():
            if device not in journal.state.carries and state.next_seq:
                journal.write("hand-over", [device, state.next_seq - 1, state.head])

    def entries(self) -> Sequence[SignedEntry]:
        """All entries that are carried."""
        return [signed for device in self.states for signed in self._copies[device].entries]

    async def run(self, lan: Lan, clock: Clock) -> None:
        """Give what is carried to the gateway, and tell the colleagues who stands for whom; again and again."""
        while self.states:
            for device in self.states:
                with contextlib.suppress(*FAULTS):
                    await self._deliver(lan, device)
            await clock.sleep(RETRY_SECONDS)

    async def _deliver(self, lan: Lan, device: int) -> None:
        await lan.ask_all(PATH, cbor.encode_seq([device]))
        held = FROM_START - 1
        while (gateway := lan.gateway_colleague) is not None:
            missing = bounded(self._copies[device].after(held)) if held >= FROM_START else []
            screen = json.loads(await lan.ask(gateway, PATH, cbor.encode_seq([device, *missing])))
            if not isinstance(screen.get("held"), int) or screen["held"] <= held:
                return
            held = screen["held"]

    def require_not_cast(self, serial: bytes) -> None:
        """Refused where the dead device cast this permit."""
        if any(serial in state.cast for state in self.states.values()):
            raise Refused("permit-cast")

    def cast_of(self, slip: str) -> CarriedCast | None:
        """The ballot of a permit that named a dead booth, None for any other permit.

        Raises:
            Refused: it named a dead booth and was not cast there: the desk replaces it.
        """
        try:
            decoded = Permit.decode(permit.read_slip(slip.strip())[0])
        except Malformed:
            return None  # the booth says what is wrong with it
        state = self.states.get(decoded.ballot_device)
        if state is None:
            return None
        id_ = state.cast.get(decoded.serial)
        if id_ is None:
            raise Refused("permit-of-dead-booth")
        for signed in self._copies[decoded.ballot_device].entries:
            entry = Entry.decode(signed.entry)
            if entry.kind == "ballot-cast" and _id_of(state, entry) == id_:
                return CarriedCast(decoded.ballot_device, id_, cbor.as_bytes(entry.body[1], "signature", size=64))
        raise AssertionError("the fold knows a cast that no entry tells")


def take_carried(identity: Identity, lan: Lan, sender: int, body: bytes) -> dict[str, Any]:
    """A colleague carries a dead device's journal on: what it gives of it is kept as the dead device's own copy is.

    Raises:
        Refused: no spare, no device of our station, or an entry that it did not sign.
    """
    device, *values = cbor.decode_seq(body) or [None]
    others = {c.device: c for c in identity.colleagues if c.device not in (identity.device, sender)}
    dead = others.get(cbor.as_uint(device, "device"))
    if dead is None or not identity.is_spare(sender):
        raise Refused("not-a-colleague")
    for value in values:
        signed = SignedEntry.from_value(value)
        if not is_signed(dead.key, "journal", identity.eh, entry_hash(identity.eh, signed.entry), signed.signature):
            raise Refused("not-a-colleague")
    lan.follow(sender, dead.device)
    head = lan.take(dead.device, values)
    return {"ok": True, "held": head.seq if head else FROM_START}


def _id_of(state: DeviceState, entry: Entry) -> bytes:
    return ballot_id(state.eh, cbor.as_bytes(entry.body[0], "ballot"))
