"""Everything that a wire, a stick, a clone, a crash, a backup and a bad triple can do to both shipped ends of delivery.

Three gateways: 0 delivers the journals 0 and 1, 1 its own and an older copy of 0, 2 its own, which may be cloned.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.properties.delivery import EH, HQ_SEED, KNOWN, Journal, Sender, entry, private_part
from tests.properties.stores import STEPS, Crash

from amanat.records import cbor
from amanat.rehearsal.simulation.hq_store import COMMITTED
from amanat.sync import messages
from amanat.sync.hq_side import HqSide
from amanat.sync.messages import ENTRIES_MAX, Head

RUBBISH = ["form", "shape", "signature", "stranger", "private", "genesis"]
ROUNDS = 8
"""Exchanges of each gateway after which all is delivered, once the wire has healed."""


class Delivery(RuleBasedStateMachine):
    """Held at all times: each entry once, none that nobody wrote, all that an answer states; at the end: everything."""

    steps = 0
    """Of all machines of this process together."""

    def __init__(self, store: Any) -> None:
        super().__init__()
        self.store = store
        self.backup = store.snapshot()
        self.to_hq: list[tuple[int, bytes]] = []
        self.to_station: list[tuple[int, bytes]] = []
        own = [Journal(device) for device in range(3)]
        self.copy = Journal(0)
        self.senders = {0: Sender(0, own[:2]), 1: Sender(1, [own[1], self.copy]), 2: Sender(2, own[2:])}
        self.own = own
        self.numbers = 0
        self.buried: set[bytes] = set()
        self.fell_over = False

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def nonce(self) -> bytes:
        return self.number().to_bytes(16, "big")

    def hq(self) -> HqSide:
        return HqSide(self.store, EH, KNOWN.get, HQ_SEED, pace_ms=1000)

    def journals(self) -> list[Journal]:
        return [journal for sender in self.senders.values() for journal in sender.journals.values()]

    def parents(self) -> dict[bytes, bytes]:
        """Every entry that was ever written, and the one before it."""
        return {hash: prev for journal in self.journals() for hash, prev in journal.parents.items()}

    @initialize()
    def begin(self) -> None:
        for journal in self.own:
            journal.append("opened")

    # At the stations

    @rule(device=st.integers(0, 2), how_many=st.integers(1, 4), permits=st.booleans())
    def write(self, device: int, how_many: int, permits: bool) -> None:
        for _ in range(how_many):
            number = self.number()
            private = private_part(number) if permits else None
            self.own[device].append(str(number), kind="permit" if permits else "link", private=private)

    @rule(how_many=st.integers(1, 6))
    def a_colleague_copies(self, how_many: int) -> None:
        """The second gateway gets more of the first one's journal."""
        self.copy.take(self.own[0].entries[len(self.copy.entries) :][:how_many])

    @rule(who=st.integers(0, 3))
    def restart(self, who: int) -> None:
        """A gateway starts again and knows nothing of what headquarters said."""
        if who in self.senders:
            self.senders[who].restart()

    @rule(data=st.data())
    def somebody_clones_device_two(self, data: st.DataObject) -> None:
        """A copy of its medium goes on by itself: two stories from one place on."""
        if 3 not in self.senders:
            cut = data.draw(st.integers(1, len(self.own[2].entries)))
            clone = Journal(2, self.own[2].entries[:cut])
            clone.append("the clone speaks")
            self.senders[3] = Sender(2, [clone])

    # On the way

    @rule(who=st.integers(0, 3))
    def push(self, who: int) -> None:
        if who in self.senders:
            self.to_hq.append((who, self.senders[who].push(self.nonce())))

    @rule(data=st.data(), keep=st.booleans())
    def reach_headquarters(self, data: st.DataObject, keep: bool) -> None:
        """Any message under way arrives, in any order; it may arrive again."""
        if self.to_hq:
            at = data.draw(st.integers(0, len(self.to_hq) - 1))
            who, push = self.to_hq[at] if keep else self.to_hq.pop(at)
            self.answered(who, self.hq().receive(push, 7))

    @rule()
    def reach_headquarters_together(self) -> None:
        """All messages under way arrive at once and are taken in one transaction."""
        together, self.to_hq = self.to_hq, []
        for (who, _), answer in zip(together, self.hq().receive_all([push for _, push in together], 7), strict=True):
            assert isinstance(answer, bytes)
            self.answered(who, answer)

    def answered(self, who: int, answer: bytes) -> None:
        """What is stated is held, each head with everything before it (S-2)."""
        stated = messages.decode_answer(messages.decode_envelope(answer).payload).heads
        held, parents = set(self.store.all_hashes()), self.parents()
        for head in stated:
            at, length = head.hash, 0
            while at in parents:
                assert at in held
                at, length = parents[at], length + 1
            assert length == head.seq + 1
        self.to_station.append((who, answer))

    @rule(data=st.data(), keep=st.booleans())
    def reach_a_station(self, data: st.DataObject, keep: bool) -> None:
        if self.to_station:
            at = data.draw(st.integers(0, len(self.to_station) - 1))
            who, answer = self.to_station[at] if keep else self.to_station.pop(at)
            self.senders[who].receive(answer)

    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        wire = self.to_hq if data.draw(st.booleans()) else self.to_station
        if wire:
            wire.pop(data.draw(st.integers(0, len(wire) - 1)))

    @rule(data=st.data())
    def a_stick_arrives(self, data: st.DataObject) -> None:
        """Any part of any journal by hand: twice, too late, with a gap before it."""
        journal = data.draw(st.sampled_from(self.journals()))
        if journal.entries:
            first = data.draw(st.integers(0, len(journal.entries) - 1))
            part = journal.entries[first : first + data.draw(st.integers(1, ENTRIES_MAX))]
            taken = self.hq().take([messages.triple(one) for one in part])
            assert taken.stored + taken.repeats + taken.forks == len(part)

    @rule(rubbish=st.sampled_from(RUBBISH), n=st.integers(0, 3))
    def bad_triple(self, rubbish: str, n: int) -> None:
        """What no device of ours signed."""
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

    # At headquarters

    @rule(data=st.data(), step=st.sampled_from(STEPS), keep=st.booleans())
    def crash(self, data: st.DataObject, step: str, keep: bool) -> None:
        """The process dies at a step of a push's transaction: before its commit nothing of it is there, after it all,
        and nobody was answered; the gateway may send it again."""
        if not self.to_hq:
            return
        at = data.draw(st.integers(0, len(self.to_hq) - 1))
        who, push = self.to_hq[at] if keep else self.to_hq.pop(at)
        before = sorted(self.store.all_hashes())
        self.store.dies_at = step
        try:
            answer = self.hq().receive(push, 7)
        except Crash:
            assert step == COMMITTED or sorted(self.store.all_hashes()) == before
        else:  # it had nothing new, so that it never came to this step
            self.answered(who, answer)
        finally:
            self.store.dies_at = None

    @rule()
    def back_up(self) -> None:
        self.backup = self.store.snapshot()

    @rule(told=st.booleans())
    def set_back(self, told: bool) -> None:
        """A restore from the backup, with a new epoch; or a fail-over to a copy that lagged, which nobody tells."""
        self.store.set_back(self.backup, told=told)
        self.buried &= self.store.dead()
        self.fell_over |= not told

    @invariant()
    def each_once_and_only_what_was_written(self) -> None:
        Delivery.steps += 1
        held = self.store.all_hashes()
        assert len(held) == len(set(held))
        assert set(held) <= self.parents().keys()
        assert self.buried <= self.store.dead()

    def teardown(self) -> None:
        """The wire heals: soon headquarters holds exactly what was written, in chains to every last entry, and every
        gateway has heard of everybody of whom headquarters has news."""
        for _ in range(ROUNDS):
            for sender in self.senders.values():
                sender.receive(self.hq().receive(sender.push(self.nonce()), 7))
        parents = self.parents()
        assert sorted(self.store.all_hashes()) == sorted(parents)
        chains = self.store.chains([0, 1, 2])
        tips = {Head(device, seq, hash) for device, chain in chains.items() for hash, seq in chain.tips.items()}
        assert {head.hash for head in tips} == parents.keys() - set(parents.values())
        assert all(not chain.loose for chain in chains.values())
        if not self.fell_over:
            news = {item.digest for item in self.store.news(0)[1]}
            assert all(news <= sender.told for sender in self.senders.values())
