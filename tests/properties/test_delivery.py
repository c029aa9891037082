"""Delivery in single stories: strangers, rotten entries, forks, backups (S-1 to S-5, J-7)."""

import pytest
from tests.properties.delivery import EH, HQ_SEED, KNOWN, SEEDS, Journal, Sender, private_part
from tests.properties.stores import Memory

from amanat.errors import PeerFault
from amanat.records import cbor
from amanat.records.identifiers import identifier, sign
from amanat.records.journal import SignedEntry
from amanat.sync import messages
from amanat.sync.hq_side import HqSide
from amanat.sync.messages import Envelope
from amanat.sync.station_side import Ahead, NewEpoch, Shown, Stuck


def test_a_push_of_a_stranger_changes_nothing() -> None:
    """A key that nobody certified, a device that signs for another, bytes that are none: refused, nothing is kept."""
    store = Memory()
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    sender = Sender(0, [Journal(0)])
    sender.journals[0].append("opened")
    envelope = messages.decode_envelope(sender.push(bytes(16)))
    strangers = [
        b"",
        Envelope(envelope.payload, 9, envelope.signature).encode(),
        Envelope(envelope.payload, 1, envelope.signature).encode(),
        Envelope(envelope.payload, None, envelope.signature).encode(),
        Envelope(envelope.payload, 0, bytes(64)).encode(),
        Envelope(envelope.payload, 1, sign(SEEDS[1], "sync", EH, identifier("sync", EH, envelope.payload))).encode(),
    ]
    for push in strangers:
        with pytest.raises(PeerFault):
            hq.receive(push, 7)
    assert store.entries == {}
    assert store.letters == {}


def test_an_answer_of_a_stranger_changes_nothing() -> None:
    """An answer that headquarters did not sign, or our own push sent back, is refused; the right one still counts."""
    store = Memory()
    sender = Sender(0, [Journal(0)])
    sender.journals[0].append("opened")
    push = sender.push(bytes(16))
    answer = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(push, 7)
    forged = HqSide(Memory(), EH, KNOWN.get, b"x" * 32, pace_ms=1).receive(push, 7)
    for data in (forged, push, b"", answer[:-1]):
        with pytest.raises(PeerFault):
            sender.side.receive(data, 7)
    assert sender.side.receive(answer, 7) != []
    assert sender.side.receive(answer, 7) == []


def test_a_signed_message_that_is_no_push_is_kept_as_a_dead_letter() -> None:
    """A newer station speaks a version that we do not know: refused, and what it said is not lost."""
    store = Memory()
    payload = cbor.encode([2, "push", "of the future"])
    data = Envelope(payload, 0, sign(SEEDS[0], "sync", EH, identifier("sync", EH, payload))).encode()
    with pytest.raises(PeerFault):
        HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(data, 7)
    assert list(store.letters) == [data]


def test_a_rolled_back_station_is_told() -> None:
    """Headquarters holds three entries; the station comes back with one: it must not sign (J-7)."""
    store = Memory()
    journal = Journal(0)
    for text in ("opened", "a", "b"):
        journal.append(text)
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    sender = Sender(0, [journal])
    sender.side.receive(hq.receive(sender.push(bytes(16)), 7), 7)
    old = Sender(0, [Journal(0, journal.entries[:1])])
    events = old.side.receive(hq.receive(old.push(b"2" * 16), 7), 7)
    assert Ahead(journal.head) in events  # type: ignore[arg-type]
    assert Shown((journal.entries[-1],)) in events


def test_a_missing_entry_stops_only_itself() -> None:
    """An entry in the middle is rotten and headquarters buries it; the station says so, and all later ones arrive."""
    store = Memory()
    journal = Journal(0)
    for number in range(6):
        journal.append(str(number))
    rotten = journal.entries[2]
    journal.entries[2] = SignedEntry(rotten.entry, bytes(64), None)
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    sender = Sender(0, [journal])
    events = sender.side.receive(hq.receive(sender.push(bytes(16)), 7), 7)
    assert Stuck(0, 1) in events
    journal.append("later")
    push = sender.push(b"2" * 16)
    assert len(messages.decode_push(messages.decode_envelope(push).payload).entries) == 1
    sender.side.receive(hq.receive(push, 7), 7)
    assert len(store.entries) == 6
    assert len(store.letters) == 1
    journal.entries[2] = rotten
    store.set_back(store.snapshot(), told=True)  # the same, under a new epoch
    for nonce in (b"3" * 16, b"4" * 16, b"5" * 16):
        events = sender.side.receive(hq.receive(sender.push(nonce), 7), 7)
    assert store.branches[0].tips == {journal.head.hash: 6}  # type: ignore[union-attr]
    assert not any(isinstance(event, Stuck | NewEpoch) for event in events)


def test_a_fork_that_comes_in_one_batch_has_two_tips() -> None:
    """Both stories and what they share arrive together: two tips, nothing waits."""
    store = Memory()
    journal = Journal(0)
    journal.append("opened")
    other = Journal(0, journal.entries)
    journal.append("one story")
    other.append("another story")
    batch: list[cbor.Value] = [messages.triple(e) for e in [*journal.entries, other.entries[1]]]
    taken = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).take(batch)
    assert (taken.stored, taken.forks) == (2, 1)
    assert store.branches[0].tips == {head.hash: 1 for head in (journal.head, other.head) if head}
    assert store.branches[0].loose == {}


def test_a_restored_headquarters_is_refilled_from_its_own_heads() -> None:
    """Three entries were acknowledged, the backup has one.  What the station sends next does not fit the backup,
    which is no refusal: it is told the new epoch, and sends what is missing (S-4)."""
    store = Memory()
    journal = Journal(0)
    journal.append("opened")
    sender = Sender(0, [journal])
    sender.side.receive(HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(sender.push(b"1" * 16), 7), 7)
    backup = store.snapshot()
    for number in range(2):
        journal.append(str(number))
    sender.side.receive(HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(sender.push(b"2" * 16), 7), 7)
    journal.append("after the fire")
    store.set_back(backup, told=True)
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    events = sender.side.receive(hq.receive(sender.push(b"3" * 16), 7), 7)
    assert NewEpoch(store.epoch()) in events
    assert not any(isinstance(event, Stuck) for event in events)
    sender.side.receive(hq.receive(sender.push(b"4" * 16), 7), 7)
    assert store.branches[0].tips == {journal.head.hash: 3}  # type: ignore[union-attr]


def test_a_fail_over_that_nobody_tells_is_refilled() -> None:
    """Headquarters stated one entry and is then an older copy that has none, under the same epoch.  The next entry does
    not fit, which is no refusal: the station sees that headquarters went back, and sends all (S-4)."""
    store, journal = Memory(), Journal(0)
    journal.append("opened")
    sender, empty = Sender(0, [journal]), store.snapshot()
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    sender.receive(hq.receive(sender.push(b"1" * 16), 7))
    store.set_back(empty, told=False)
    journal.append("after the fail-over")
    for nonce in (b"2" * 16, b"3" * 16):
        events = sender.receive(hq.receive(sender.push(nonce), 7))
    assert store.branches[0].tips == {journal.head.hash: 1}  # type: ignore[union-attr]
    assert not any(isinstance(event, Stuck) for event in events)


def test_news_of_a_restored_headquarters_are_heard() -> None:
    """The backup had no news, and what comes then takes the numbers of news that a gateway has heard of already: with
    the new epoch it listens from the beginning (S-5)."""
    store, near, far = Memory(), Journal(0), Journal(2)
    hq = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    gateways, empty = (Sender(0, [near]), Sender(2, [far])), store.snapshot()

    def exchange(sender: Sender, number: int) -> None:
        sender.receive(hq.receive(sender.push(number.to_bytes(16, "big")), 7))

    near.append("somebody", kind="permit", private=private_part(1))
    far.append("opened")
    for number in range(2):
        exchange(gateways[number], number)
    store.set_back(empty, told=True)
    far.append("somebody else", kind="permit", private=private_part(2))
    for number in (3, 2, 5, 4, 7, 6):
        exchange(gateways[number % 2], number)
    news = {item.digest for item in store.news(0)[1]}
    assert len(news) == 2
    assert all(gateway.told == news for gateway in gateways)
