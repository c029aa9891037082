"""The whole count, driven by carrying files between machines: tags, mixes, decryption, tally.

It can be stopped anywhere and started again: what is in the record stays, a job that was answered is not asked twice,
and a trustee who drops out is replaced for the step alone (T-9).  All that it leaves is evidence for anyone (P-4).
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from amanat.count import decrypt, mix, shares, tags
from amanat.count.checks.memory import Memory
from amanat.count.checks.session import Session, names, read_session
from amanat.count.exchange import PATIENCE_SECONDS, Answer, Files, Gone, alive, ask, write_whole
from amanat.count.order import read_cases
from amanat.count.publish import publish
from amanat.count.set_aside import require_same_groups
from amanat.count.tags import Sorted
from amanat.records import election_record as paths
from amanat.rules import tally

BATCH_TUPLES: Final = 20_000
"""Ballots in one job of a mixer or trustee: little to do again after an interruption, little to hold in memory."""
STAGES: Final = ("check", "tags", "mix", "decrypt")
T = TypeVar("T")


@dataclass(frozen=True)
class Places:
    """The folders of a count; `trustees/1…n`, `mixers/0…`."""

    record: Path
    private: Path
    trustees: Path
    mixers: Path


@dataclass
class Carrier:
    """Carries files between the record and the machines, and keeps the seconds of each stage.

    Seconds a machine spent on checking the work of others are counted as `check`, in whatever stage.
    """

    places: Places
    session: Session
    key: str
    workers: int
    patience: float
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    gone: set[int] = field(default_factory=set)
    told: set[Path] = field(default_factory=set)

    @property
    def files(self) -> Files:
        """The record."""
        return Files(self.places.record)

    def introduce(self, homes: Sequence[Path]) -> None:
        """Gives machines the record up to the order, and lets each check V2 to V14 before anything else."""
        new = [home for home in homes if home not in self.told]
        record = {name: self.files.path(name) for name in names(self.files, self.session.number)}
        with self.time("check"), ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(lambda home: self._ask(home, {"kind": "check", "files": self.key}, record), new))
        self.told.update(new)

    def ask(self, home: Path, kind: str, data: Mapping[str, Any], record: Sequence[str] = ()) -> Answer:
        """One job of this session to a machine that was introduced."""
        return self._ask(home, {"kind": kind, **data}, {name: self.files.path(name) for name in record})

    def _ask(self, home: Path, data: Mapping[str, Any], record: Mapping[str, Path]) -> Answer:
        order = {"session": self.session.number, "order": self.session.ordered.hash.hex()}
        return ask(home, {**data, **order}, {}, record=record, patience=self.patience)

    def take(self, answer: Answer, name: str, path: str) -> None:
        """Carries a file of an answer into the record."""
        target = self.places.record / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        shutil.copyfile(answer.folder / name, part)
        part.replace(target)

    def trustee(self, j: int) -> Path:
        """A trustee's folder."""
        return self.places.trustees / str(j)

    def with_trustees(self, step: Callable[[list[int]], T]) -> T:
        """Runs a step with t trustees; if one drops out, again with another J.  Raises Gone if fewer are left."""
        trustees = self.session.election.manifest.trustees
        while True:
            left = [j for j in range(1, trustees.n + 1) if j not in self.gone]
            left.sort(key=lambda j: not alive(self.trustee(j), self.patience))
            J = sorted(left[: trustees.threshold])
            try:
                return step(J)
            except Gone as fault:
                self.gone.add(int(fault.home.name))
                say(f"trustee {fault.home.name} does not answer")
                if trustees.n - len(self.gone) < trustees.threshold:
                    raise

    def ask_all(
        self, homes: Sequence[Path], kind: str, data: Mapping[str, Any], record: Sequence[str] = ()
    ) -> list[Answer]:
        """The same job to several machines, `workers` at once; answers in their order."""
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(lambda home: self.ask(home, kind, data, record), homes))

    @contextmanager
    def time(self, stage: str) -> Iterator[list[Answer]]:
        """Counts the block's time for a stage; the checking told by answers put in the list goes to `check`."""
        answers: list[Answer] = []
        started = time.monotonic()
        yield answers
        checked = sum(float(answer.data["seconds"]["check"]) for answer in answers)
        self.seconds["check"] += checked
        self.seconds[stage] += time.monotonic() - started - checked


def run(places: Places, *, session: int = 1, workers: int = 2, patience: float = PATIENCE_SECONDS) -> dict[str, float]:
    """Counts a session whose order is signed; leaves every file of D-1 but the sums.  Returns seconds by stage.

    Raises Rejected (a check, a proof, T-6), Refused with a machine's own sentence, Gone, Usage.
    """
    started = time.monotonic()
    files, memory = Files(places.record), Memory(places.private / "checked")
    opened = read_session(files, memory, session)
    key = memory.key("job", files, names(files, session))
    carrier = Carrier(places, opened, key, max(workers, 1), patience)
    carrier.seconds["check"] = time.monotonic() - started
    if not files.has(paths.LOTS):
        write_whole(places.record / paths.LOTS, b"")
    say(f"{len(opened.ballots.ids)} ballots, {len(opened.failing)} fail their own checks")
    sorted_ = tag(carrier, memory)
    say(f"{len(sorted_.aside)} set aside; {sum(map(len, sorted_.units.values()))} units")
    carrier.introduce([places.mixers / str(index) for index in opened.ordered.order.mixers])
    counted = {}
    for contest in sorted_.units:
        for batch in batches(sorted_, contest):
            mix_batch(carrier, sorted_, contest, batch)
        codes = opened.election.manifest.contests[contest].codes
        sets = open_contest(carrier, sorted_, contest)
        named = (None if chosen is None else [codes[at] for at in chosen] for chosen in sets)
        counted[contest] = tally.count(named, codes)
    publish(places.record, sorted_, counted)
    say(" · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in carrier.seconds.items()))
    return {stage: round(seconds, 3) for stage, seconds in carrier.seconds.items()}


def say(text: str) -> None:
    """A progress line for people."""
    print(f"count: {text}", file=sys.stderr, flush=True)


def tag(carrier: Carrier, memory: Memory) -> Sorted:
    """T-3, T-5, T-6: tags by t trustees, `set-aside.seq`, and headquarters' cases compared."""
    session, record = carrier.session, carrier.places.record
    path = record / paths.set_aside_path(session.number)
    if path.exists():
        return tags.read_sorted(carrier.files, memory, session)
    shutil.rmtree(record / f"dedup/{session.number}", ignore_errors=True)
    if tags.chunks(session):
        carrier.with_trustees(lambda J: _tag(carrier, J))
    with carrier.time("tags"):
        made = tags.tagged(carrier.files, memory, session)
    groups, known = read_cases(carrier.places.private / "cases.json")
    hashes, _ = session.rows
    require_same_groups(groups, hashes, made.row_tags[: len(hashes)], known=set(hashes if known is None else known))
    write_whole(path, made.encoded)
    return made


def _tag(carrier: Carrier, J: list[int]) -> None:
    """The tags of J; the record gets them only when all t have answered."""
    say(f"tags by trustees {', '.join(map(str, J))}")
    number = carrier.session.number
    homes = [carrier.trustee(j) for j in J]
    carrier.introduce(homes)
    with carrier.time("tags"):
        for j, answer in zip(J, carrier.ask_all(homes, "tag", {"J": J}), strict=True):
            for chunk in range(len(tags.chunks(carrier.session))):
                carrier.take(answer, f"{chunk}.bin", paths.tags_path(number, j, chunk))
                carrier.take(answer, f"{chunk}.proof", paths.tags_proof_path(number, j, chunk))


def batches(sorted_: Sorted, contest: int) -> Iterator[list[str]]:
    """The contest's units in order, in jobs of about 20,000 ballots; a unit is never cut."""
    batch: list[str] = []
    size = 0
    for unit, positions in sorted_.units[contest].items():
        batch.append(unit)
        size += len(positions)
        if size >= BATCH_TUPLES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _units(carrier: Carrier, contest: int, batch: Sequence[str]) -> str:
    return f"{carrier.session.election.manifest.contests[contest].id}, units {batch[0]} to {batch[-1]}"


def _tag_files(carrier: Carrier) -> list[str]:
    return carrier.files.below(f"dedup/{carrier.session.number}")


def mix_batch(carrier: Carrier, sorted_: Sorted, contest: int, batch: list[str]) -> None:
    """T-8: every mixer of the order in turn, each given what the ones before it made."""
    brought: list[str] = []
    for mixer in carrier.session.ordered.order.mixers:
        made = [mix.path(sorted_, contest, unit, mixer, name) for unit in batch for name in mix.MIX_FILES]
        if not all(carrier.files.has(name) for name in made):
            say(f"{_units(carrier, contest, batch)}: mixer {mixer}")
            home = carrier.places.mixers / str(mixer)
            with carrier.time("mix") as answers:
                job = {"contest": contest, "units": batch}
                answers.append(answer := carrier.ask(home, "mix", job, _tag_files(carrier) + brought))
                for unit in batch:
                    for name in mix.MIX_FILES:
                        carrier.take(answer, f"{unit}/{name}", mix.path(sorted_, contest, unit, mixer, name))
        brought += made


def open_contest(carrier: Carrier, sorted_: Sorted, contest: int) -> Iterator[tuple[int, ...] | None]:
    """T-9 for a contest, batch by batch: the ballots' candidate numbers, None where unreadable."""
    for batch in batches(sorted_, contest):
        done = _decrypted_by(carrier, contest, batch)
        J = done or carrier.with_trustees(partial(_decrypt, carrier, sorted_, contest, batch))
        with carrier.time("decrypt"):
            commitments = [carrier.session.election.commitments["K"]]
            named = [shares.publics(commitments, J=J, j=j) for j in J]
            opened = [decrypt.open_unit(carrier.files, sorted_, contest, unit, J=J, named=named) for unit in batch]
        for unit_sets in opened:
            yield from unit_sets


def _decrypted_by(carrier: Carrier, contest: int, batch: Sequence[str]) -> list[int] | None:
    """J if the whole batch was decrypted before; a batch left half way is asked for again."""
    of = carrier.session.election.manifest.contests[contest]
    found: set[tuple[int, ...]] = set()
    for unit in batch:
        made = carrier.files.below(f"decrypt/{of.id}/{unit}")
        found.add(tuple(sorted(int(Path(name).stem) for name in made if name.endswith(".proof"))))
    J = min(found)
    return list(J) if len(found) == 1 and len(J) == carrier.session.election.manifest.trustees.threshold else None


def _decrypt(carrier: Carrier, sorted_: Sorted, contest: int, batch: list[str], J: list[int]) -> list[int]:
    """The shares of one batch by J, which is returned; the record gets them only when all t have answered."""
    say(f"{_units(carrier, contest, batch)}: decryption by trustees {', '.join(map(str, J))}")
    of = carrier.session.election.manifest.contests[contest]
    mixers = carrier.session.ordered.order.mixers
    mixed = [mix.path(sorted_, contest, unit, m, name) for unit in batch for m in mixers for name in mix.MIX_FILES]
    homes, job = [carrier.trustee(j) for j in J], {"contest": contest, "units": batch}
    carrier.introduce(homes)
    with carrier.time("check"):
        carrier.ask_all(homes, "check-mixes", job, _tag_files(carrier) + mixed)
    with carrier.time("decrypt"):
        answers = carrier.ask_all(homes, "decrypt", {**job, "J": J})
        for unit in batch:
            shutil.rmtree(carrier.places.record / f"decrypt/{of.id}/{unit}", ignore_errors=True)
            for j, answer in zip(J, answers, strict=True):
                carrier.take(answer, f"{unit}.bin", paths.decrypt_path(of.id, unit, j))
                carrier.take(answer, f"{unit}.proof", paths.decrypt_proof_path(of.id, unit, j))
    return J
