"""Delivery: two stations and headquarters, joined by a wire that loses, repeats and reorders (S-1 to S-5, J-7).

The same machine drives a store in memory and Django's.  Wanted at the end, whatever happened: every sound entry is held
once, both branches of a fork are held, what cannot be read is a dead letter, and a restored headquarters is refilled.
"""

import copy
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import amanat_crypto
from amanat.errors import PeerFault
from amanat.records import cbor
from amanat.records.device import Certificate, certificate_id
from amanat.records.identifiers import ElectionHash, identifier, sign
from amanat.records.journal import SignedEntry, make
from amanat.sync import messages
from amanat.sync.hq_side import Arrived, Chain, DeadLetter, HqSide, Known, Place
from amanat.sync.messages import NEWS_MAX, Envelope, Head, NewsItem, SignedDelta
from amanat.sync.station_side import Ahead, NewEpoch, Shown, StationSide, Stuck, head_of

EH = ElectionHash(hashlib.sha256(b"a test election").digest())
HQ_SEED = b"h" * 32
RUBBISH = ["form", "shape", "signature", "stranger", "private", "genesis"]
MEMORY = Path("/dev/shm")
SEEDS = {device: bytes([device + 1]) * 32 for device in range(3)}
CERTIFICATES = {
    device: Certificate(device, device // 2, 3, amanat_crypto.public_key(seed), "seal")
    for device, seed in SEEDS.items()
}
KNOWN = {d: Known(c, certificate_id(EH, c.encode())) for d, c in CERTIFICATES.items()}


class DictStore:
    """A store in memory; a failed transaction leaves nothing."""

    def __init__(self) -> None:
        self.entries: dict[tuple[int, int, bytes], Arrived] = {}
        self.branches: dict[int, Chain] = {}
        self.letters: dict[bytes, DeadLetter] = {}
        self.items: list[NewsItem] = []
        self.number = 1

    @contextmanager
    def atomic(self, devices: Collection[int]) -> Iterator[None]:
        before = copy.deepcopy((self.entries, self.branches, self.letters, self.items))
        try:
            yield
        except BaseException:
            self.entries, self.branches, self.letters, self.items = before
            raise

    def held(self, places: Collection[Place]) -> Mapping[Place, Sequence[bytes]]:
        found: dict[Place, list[bytes]] = {}
        for device, seq, hash in self.entries:
            if (device, seq) in places:
                found.setdefault((device, seq), []).append(hash)
        return found

    def chains(self, devices: Collection[int]) -> dict[int, Chain]:
        return {d: copy.deepcopy(self.branches.get(d, Chain())) for d in devices}

    def keep(self, arrived: Sequence[Arrived], chains: Mapping[int, Chain]) -> None:
        for one in arrived:
            key = (one.entry.device, one.entry.seq, one.hash)
            assert key not in self.entries
            self.entries[key] = one
            self.items += [one.news] if one.news else []
        self.branches.update(chains)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            self.letters.setdefault(letter.raw, letter)

    def heard(self, gateway: int, heads: Sequence[Head], now_ms: int) -> None:
        pass

    def news(self, cursor: int) -> tuple[int, Sequence[NewsItem]]:
        items = self.items[cursor : cursor + NEWS_MAX]
        return min(cursor, len(self.items)) + len(items), items

    def deltas(self, version: int) -> Sequence[SignedDelta]:
        return []

    def epoch(self) -> bytes:
        return self.number.to_bytes(16, "big")

    def shown(self, heads: Collection[Head]) -> Sequence[SignedEntry]:
        found = [self.entries[head].signed for head in heads]
        return [SignedEntry(signed.entry, signed.signature, None) for signed in found]

    def all_hashes(self) -> list[bytes]:
        return [hash for _, _, hash in self.entries]

    def dead(self) -> set[bytes]:
        return set(self.letters)

    def snapshot(self) -> "DictStore":
        return copy.deepcopy(self)

    def restore(self, backup: "DictStore") -> "DictStore":
        old = copy.deepcopy(backup)
        old.number = self.number + 1
        return old


def entry(device: int, seq: int, prev: bytes, text: str) -> SignedEntry:
    """An entry whose meaning is nobody's business here."""
    return make(
        eh=EH, seed=SEEDS[device], device=device, seq=seq, prev=prev, kind="link", body=[text], wall_ms=seq,
        monotonic_ms=seq, boot_id=bytes(16),
    )  # fmt: skip


class Journal:
    """A device's journal as its media hold it."""

    def __init__(self, device: int, entries: Sequence[SignedEntry] = ()) -> None:
        self.device = device
        self.entries = list(entries)

    def append(self, text: str) -> None:
        prev = head_of(EH, self.entries[-1]).hash if self.entries else KNOWN[self.device].genesis
        self.entries.append(entry(self.device, len(self.entries), prev, text))

    @property
    def head(self) -> Head | None:
        return head_of(EH, self.entries[-1]) if self.entries else None

    def hashes(self) -> set[bytes]:
        return {head_of(EH, one).hash for one in self.entries}


class Sender:
    """A gateway: its journals and its end of the link."""

    def __init__(self, gateway: int, journals: Sequence[Journal]) -> None:
        self.side = StationSide(EH, gateway, SEEDS[gateway], amanat_crypto.public_key(HQ_SEED))
        self.journals = {journal.device: journal for journal in journals}

    def heads(self) -> list[Head]:
        return [journal.head for journal in self.journals.values() if journal.head]

    def push(self, nonce: bytes) -> bytes:
        return self.side.next_push(self.heads(), lambda d, seq: self.journals[d].entries[seq + 1 :], nonce=nonce)


class Delivery(RuleBasedStateMachine):
    """Everything that a wire, a clone, a backup and a bad triple can do."""

    def __init__(self, store: Any) -> None:
        super().__init__()
        self.store = store
        self.backup = store.snapshot()
        self.to_hq: list[tuple[int, bytes]] = []
        self.to_station: list[tuple[int, bytes]] = []
        self.senders = {0: Sender(0, [Journal(0), Journal(1)]), 1: Sender(2, [Journal(2)])}
        self.clone: Sender | None = None
        self.nonces = 0
        self.texts = 0
        self.buried: set[bytes] = set()

    @property
    def everybody(self) -> dict[int, Sender]:
        return self.senders | ({2: self.clone} if self.clone else {})

    def hq(self) -> HqSide:
        return HqSide(self.store, EH, KNOWN.get, HQ_SEED, pace_ms=1000)

    @initialize()
    def begin(self) -> None:
        for sender in self.senders.values():
            for journal in sender.journals.values():
                journal.append("opened")

    @rule(device=st.sampled_from([0, 1, 2]), how_many=st.integers(1, 4))
    def write(self, device: int, how_many: int) -> None:
        for _ in range(how_many):
            self.texts += 1
            self.senders[device // 2].journals[device].append(str(self.texts))

    @rule(who=st.integers(0, 2))
    def push(self, who: int) -> None:
        sender = self.everybody.get(who)
        if sender and sender.heads():
            self.nonces += 1
            self.to_hq.append((who, sender.push(self.nonces.to_bytes(16, "big"))))

    @rule(data=st.data(), keep=st.booleans())
    def reach_headquarters(self, data: st.DataObject, keep: bool) -> None:
        """Any message under way arrives, in any order; it may arrive again."""
        if self.to_hq:
            at = data.draw(st.integers(0, len(self.to_hq) - 1))
            who, push = self.to_hq[at] if keep else self.to_hq.pop(at)
            self.to_station.append((who, self.hq().receive(push, 7)))

    @rule(data=st.data(), keep=st.booleans())
    def reach_a_station(self, data: st.DataObject, keep: bool) -> None:
        if self.to_station:
            at = data.draw(st.integers(0, len(self.to_station) - 1))
            who, answer = self.to_station[at] if keep else self.to_station.pop(at)
            self.everybody[who].side.receive(answer, 7)

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        wire = self.to_hq if data.draw(st.booleans()) else self.to_station
        if wire:
            wire.pop(data.draw(st.integers(0, len(wire) - 1)))

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        """A gateway starts again and knows nothing of what headquarters said."""
        old = self.senders[who]
        self.senders[who] = Sender(old.side._device, list(old.journals.values()))
        self.senders[who].journals = old.journals

    @rule(data=st.data())
    def somebody_clones_device_two(self, data: st.DataObject) -> None:
        """A copy of its medium goes on by itself: two stories from one place on."""
        journal = self.senders[1].journals[2]
        if self.clone is None and journal.entries:
            cut = data.draw(st.integers(1, len(journal.entries)))
            copied = Journal(2, journal.entries[:cut])
            copied.append("the clone speaks")
            self.clone = Sender(2, [copied])

    @rule()
    def back_up(self) -> None:
        self.backup = self.store.snapshot()

    @rule()
    def restore(self) -> None:
        self.store = self.store.restore(self.backup)
        self.buried &= self.store.dead()

    @rule(rubbish=st.sampled_from(RUBBISH), n=st.integers(0, 3))
    def bad_triple(self, rubbish: str, n: int) -> None:
        """What no device of ours signed, between two good things, in a push that an enrolled device did sign."""
        raw: cbor.Value = [b"no entry", bytes(64), None]
        good = entry(0, 99 + n, bytes(32), "loose")
        if rubbish == "shape":
            raw = [n, "what"]
        elif rubbish == "signature":
            raw = [good.entry, bytes([n]) * 64, None]
        elif rubbish == "genesis":
            other = entry(0, 0, bytes([n]) * 32, "of another journal")
            raw = [other.entry, other.signature, None]
        elif rubbish == "private":
            raw = [good.entry, good.signature, b"another person"]
        elif rubbish == "stranger":
            body = cbor.decode(good.entry)
            assert isinstance(body, list)
            raw = [cbor.encode([1, 77, *body[2:]]), good.signature, None]
        taken = self.hq().take([raw])
        assert (taken.stored, taken.repeats, taken.forks, taken.dead) == (0, 0, 0, 1)
        self.buried.add(cbor.encode(raw))

    @invariant()
    def nothing_is_held_that_nobody_wrote(self) -> None:
        written = set().union(*(j.hashes() for s in self.everybody.values() for j in s.journals.values()))
        held = self.store.all_hashes()
        assert len(held) == len(set(held))
        assert set(held) <= written
        assert self.buried <= self.store.dead()

    def teardown(self) -> None:
        """The wire heals: in the end headquarters holds exactly what was written, in chains to every head."""
        for _ in range(8):
            for sender in self.everybody.values():
                if sender.heads():
                    self.nonces += 1
                    answer = self.hq().receive(sender.push(self.nonces.to_bytes(16, "big")), 7)
                    events = sender.side.receive(answer, 7)
                    assert not any(isinstance(event, Stuck) for event in events)
        written = set().union(*(j.hashes() for s in self.everybody.values() for j in s.journals.values()))
        assert sorted(self.store.all_hashes()) == sorted(written)
        heads = {head for sender in self.everybody.values() for head in sender.heads()}
        tips = {
            Head(device, seq, hash)
            for device, chain in self.store.chains([0, 1, 2]).items()
            for hash, seq in chain.tips.items()
        }
        inner = {head for head in heads - tips if head.device == 2}  # a clone that stopped where the original went on
        assert heads - inner <= tips
        assert all(not chain.loose for chain in self.store.chains([0, 1, 2]).values())


def test_every_entry_arrives_once_whatever_the_wire_does() -> None:
    """The story of this file's first lines, with the store in memory."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Delivery(DictStore()),
        settings=settings(max_examples=100, stateful_step_count=40, deadline=None),
    )


TABLES = ("intake_entry", "intake_tip", "intake_loose", "intake_news", "intake_deadletter", "intake_link")


def django_store(folder: Path) -> Callable[[], Any]:  # noqa: C901 - a store and its backup, side by side
    """Makes empty Django stores on one database in a folder; `snapshot` and `restore` are a backup of its tables."""
    from amanat.hq import settings as hq

    hq.configure(folder)
    from django.core.management import call_command
    from django.db import connection

    from amanat.hq.intake.store import DjangoStore
    from amanat.hq.writing import writing

    call_command("migrate", verbosity=0)

    class Clock:
        def now_ms(self) -> int:
            return 7

    def run(sql: str, *rows: Sequence[object]) -> list[Any]:
        with connection.cursor() as cursor:
            if rows:
                cursor.executemany(sql, rows)  # type: ignore[arg-type]
                return []
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    class Backed(DjangoStore):
        def all_hashes(self) -> list[bytes]:
            return [bytes(hash) for (hash,) in run("SELECT hash FROM intake_entry")]

        def dead(self) -> set[bytes]:
            return {bytes(raw) for (raw,) in run("SELECT raw FROM intake_deadletter")}

        def snapshot(self) -> dict[str, list[Any]]:
            return {table: run(f"SELECT * FROM {table}") for table in TABLES}

        @writing()
        def restore(self, backup: dict[str, list[Any]]) -> DjangoStore:
            for table, rows in backup.items():
                run(f"DELETE FROM {table}")
                if rows:
                    run(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows[0]))})", *rows)
            (number,) = run("SELECT epoch FROM elections_election")[0]
            run("UPDATE elections_election SET epoch = %s", [(int.from_bytes(number, "big") + 1).to_bytes(16, "big")])
            return self

    @writing()
    def empty() -> Backed:
        for table in TABLES:
            run(f"DELETE FROM {table}")
        run("DELETE FROM elections_election")
        run("INSERT INTO elections_election (eh, epoch) VALUES (%s, %s)", [bytes(EH), bytes(16)])
        return Backed(EH, Clock())

    return empty


def test_every_entry_arrives_once_in_djangos_store_too() -> None:
    """The same story with headquarters' own store on SQLite (on files in memory: thousands of commits)."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        make_store = django_store(Path(folder))
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            lambda: Delivery(make_store()), settings=settings(max_examples=20, stateful_step_count=30, deadline=None)
        )


def test_a_push_of_a_stranger_changes_nothing() -> None:
    """A key that nobody certified, a device that signs for another, bytes that are none: refused, nothing is kept."""
    store = DictStore()
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
    store = DictStore()
    sender = Sender(0, [Journal(0)])
    sender.journals[0].append("opened")
    push = sender.push(bytes(16))
    answer = HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(push, 7)
    forged = HqSide(DictStore(), EH, KNOWN.get, b"x" * 32, pace_ms=1).receive(push, 7)
    for data in (forged, push, b"", answer[:-1]):
        with pytest.raises(PeerFault):
            sender.side.receive(data, 7)
    assert sender.side.receive(answer, 7) != []
    assert sender.side.receive(answer, 7) == []


def test_a_signed_message_that_is_no_push_is_kept_as_a_dead_letter() -> None:
    """A newer station speaks a version that we do not know: refused, and what it said is not lost."""
    store = DictStore()
    payload = cbor.encode([2, "push", "of the future"])
    data = Envelope(payload, 0, sign(SEEDS[0], "sync", EH, identifier("sync", EH, payload))).encode()
    with pytest.raises(PeerFault):
        HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(data, 7)
    assert list(store.letters) == [data]


def test_a_rolled_back_station_is_told() -> None:
    """Headquarters holds three entries; the station comes back with one: it must not sign (J-7)."""
    store = DictStore()
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
    store = DictStore()
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
    store.number += 1
    for nonce in (b"3" * 16, b"4" * 16, b"5" * 16):
        events = sender.side.receive(hq.receive(sender.push(nonce), 7), 7)
    assert store.branches[0].tips == {journal.head.hash: 6}  # type: ignore[union-attr]
    assert not any(isinstance(event, Stuck | NewEpoch) for event in events)


def test_a_fork_that_comes_in_one_batch_has_two_tips() -> None:
    """Both stories and what they share arrive together: two tips, nothing waits."""
    store = DictStore()
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
    store = DictStore()
    journal = Journal(0)
    journal.append("opened")
    sender = Sender(0, [journal])
    sender.side.receive(HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(sender.push(b"1" * 16), 7), 7)
    backup = store.snapshot()
    for number in range(2):
        journal.append(str(number))
    sender.side.receive(HqSide(store, EH, KNOWN.get, HQ_SEED, pace_ms=1).receive(sender.push(b"2" * 16), 7), 7)
    journal.append("after the fire")
    restored = store.restore(backup)
    hq = HqSide(restored, EH, KNOWN.get, HQ_SEED, pace_ms=1)
    events = sender.side.receive(hq.receive(sender.push(b"3" * 16), 7), 7)
    assert NewEpoch(restored.epoch()) in events
    assert not any(isinstance(event, Stuck) for event in events)
    sender.side.receive(hq.receive(sender.push(b"4" * 16), 7), 7)
    assert restored.branches[0].tips == {journal.head.hash: 3}  # type: ignore[union-attr]
