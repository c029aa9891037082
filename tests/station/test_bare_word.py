"""Headquarters' word that it holds more of a journal stops no station; an entry that the device signed does (J-7, P-6).

Whoever runs headquarters could otherwise close every station of a county with one signed answer.
"""

from collections.abc import Sequence

import pytest
from tests.station.conftest import MARYAM, REZA, vote
from tests.station.test_link import County, county

from amanat.records import journal
from amanat.records.cbor import Value
from amanat.records.identifiers import ElectionHash, identifier, sign
from amanat.records.journal import Entry, SignedEntry
from amanat.sync.messages import Answer, Envelope, Head, decode_envelope, decode_push, encode_answer

__all__ = ["county"]


class Hostile:
    """A headquarters that keeps nothing and signs that it holds the thirtieth entry of the pusher's journal."""

    def __init__(self, hq_seed: bytes, eh: ElectionHash, proof: Sequence[SignedEntry]) -> None:
        self.answers = 0
        self._seed, self._eh, self._proof = hq_seed, eh, proof

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """What it answers to every push; ``proof`` is all that it can show."""
        push = decode_push(decode_envelope(data).payload)
        heads = [Head(push.device, 30, b"x" * 32)]
        payload = encode_answer(Answer(push.nonce, b"a hostile epoch.", heads, 0, [], [], 1000, now_ms, self._proof))
        digest = identifier("sync-answer", self._eh, payload)
        self.answers += 1
        return Envelope(payload, None, sign(self._seed, "sync-answer", self._eh, digest)).encode()


def made(eh: ElectionHash, seed: bytes, device: int, seq: int, prev: bytes) -> SignedEntry:
    """An entry that somebody else wrote."""
    words: list[Value] = ["supervisor", "somebody else wrote this"]
    return journal.make(
        eh=eh,
        seed=seed,
        device=device,
        seq=seq,
        prev=prev,
        kind="incident",
        body=words,
        wall_ms=1,
        monotonic_ms=1,
        boot_id=bytes(16),
    )


@pytest.mark.parametrize("proof", ["nothing", "no entry", "a forged entry", "another device's entry"])
async def test_a_hostile_headquarters_stops_nobody(county: County, proof: str) -> None:
    """Headquarters says that it holds more of the gateway's journal than the gateway, and shows nothing for it,
    rubbish, an entry that somebody else signed, or one of another device.  Wanted: Maryam and Reza vote all the same,
    and nothing is lost when an honest headquarters takes over."""
    terminal = await county.begin("S1")
    await county.until(lambda: county.hq.holds(terminal))
    election, device = county.hq.election, terminal.identity.device
    shown = {
        "nothing": [],
        "no entry": [SignedEntry(b"rubbish", bytes(64), None)],
        "a forged entry": [made(election.eh, b"z" * 32, device, 30, bytes(32))],
        "another device's entry": [made(election.eh, b"z" * 32, device + 1, 30, bytes(32))],
    }
    hostile = Hostile(election.hq_seed, election.eh, shown[proof])
    honest, county.hq.side = county.hq.side, hostile  # type: ignore[assignment]
    for person in (MARYAM, REZA):
        await vote(terminal, terminal, person)
        terminal.wrote()
        terminal.poke_link()
        before = hostile.answers
        await county.until(lambda before=before: hostile.answers > before + 1)  # type: ignore[misc]
    assert terminal.journal.stopped is None
    county.hq.side = honest
    terminal.poke_link()
    await county.until(lambda: county.hq.holds(terminal))


async def test_what_the_device_signed_stops_it(county: County) -> None:
    """A clone of the gateway's media delivered one entry more, under the same key.  Wanted: the gateway hears of the
    other branch with its own signature on it, and signs nothing more."""
    terminal = await county.begin("S1")
    await county.until(lambda: county.hq.holds(terminal))
    last = Entry.decode(terminal.journal.entries[-1].entry)
    of = terminal.identity.seed, last.device, last.seq + 1, terminal.journal.state.head
    clone = made(county.hq.election.eh, *of)
    county.hq.side.take([[clone.entry, clone.signature, None]])
    terminal.poke_link()
    await county.until(lambda: terminal.journal.stopped is not None)
    assert terminal.status()["stopped"] == "journal-rolled-back"
