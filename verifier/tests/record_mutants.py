"""Changes one record in every small way and asks the verifier about each.

`python verifier/tests/record_mutants.py FOLDER` works on what `tests/verifier/small_record.py` left there.  After each
change headquarters seals again: SHA256SUMS, its signature, bulletin entry 06, tree and checkpoint are made anew with
the test's keys, so that a check other than V1 and V5 has to name what was changed.  What is accepted must be on the
list in accepted_mutants.toml, with the reason.  Exit 1 where it is not, or where a check fails in another way than by
naming a fault.
"""

from __future__ import annotations

import argparse
import base64
import fnmatch
import json
import random
import shutil
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from mutations import of_bytes, of_file, of_list  # noqa: E402  # the path is made above
from nacl.signing import SigningKey  # noqa: E402

from amanat_verifier.bulletin import Bulletin, leaf_hash, root_of  # noqa: E402
from amanat_verifier.checks import CHECKS  # noqa: E402
from amanat_verifier.hashes import sha256  # noqa: E402
from amanat_verifier.manifest import manifest  # noqa: E402
from amanat_verifier.notes import Checkpoint  # noqa: E402
from amanat_verifier.record import Record  # noqa: E402
from amanat_verifier.results import summary  # noqa: E402
from amanat_verifier.shapes import Fault  # noqa: E402

SUMS, SIGNATURE, BULLETIN = "SHA256SUMS", "SHA256SUMS.sig", "bulletin/"
ENTRY = 33
SLOW = ("V15", "V19", "V21")  # run where their own files changed, or where nothing else refused
OWN = {"mix/*/out.bin": "V19", "mix/*/proof.bin": "V19", "dedup/*/*/*": "V15", "decrypt/*": "V21"}
"""What a dishonest mixer or trustee could also sign: the proof's own check must refuse it, not only a signature's."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class Mutant:
    """One changed record: its files, sealed or not, and whether V1 and V5 may be the ones who name it."""

    path: str
    place: str
    files: Files
    entries: list[bytes] | None = None
    sealed: bool = True
    any_check: bool = False


@dataclass
class Sealer:
    """Makes again what headquarters makes last; the bulletin's entries are those of the record up to entry 06."""

    files: Files
    hq: SigningKey
    log: SigningKey
    entries: list[bytes]
    name: str
    number: bytes

    @classmethod
    def of(cls, files: Files, seeds: dict[str, str]) -> Sealer:
        """From a record's files; the entries must fit into one bundle."""
        (bundle,) = (data for path, data in files.items() if path.startswith("bulletin/tile/entries/"))
        entries = [bundle[i + 2 : i + 2 + ENTRY] for i in range(0, len(bundle), ENTRY + 2)]
        name, signature = files["bulletin/checkpoint"].decode().rpartition("— ")[2].split()
        hq, log = (SigningKey(bytes.fromhex(seeds[key])) for key in ("hq", "bulletin"))
        return cls(files, hq, log, entries[:-1], name, base64.b64decode(signature)[:4])

    def seal(self, files: Files, entries: list[bytes] | None = None) -> Files:
        """The files with new sums, signature and bulletin; `entries` in the place of the record's."""
        kept = {path: data for path, data in files.items() if not path.startswith((SUMS, BULLETIN))}
        lines = (f"{sha256(kept[path]).hex()}  {path}\n" for path in sorted(kept, key=str.encode))
        sums = "".join(lines).encode()
        eh = sha256(files.get("manifest.cbor", b""))
        signature = self.hq.sign(b"amanat/v1/sign/record\0" + eh + sha256(sums)).signature
        logged = [*(self.entries if entries is None else entries), b"\6" + sha256(sums)]
        return kept | {SUMS: sums, SIGNATURE: signature} | self.bulletin(logged)

    def bulletin(self, entries: list[bytes]) -> Files:
        """Tiles and checkpoint."""
        leaves = [leaf_hash(entry) for entry in entries]
        root = root_of(leaves)
        note = f"{self.name}\n{len(entries)}\n{base64.b64encode(root).decode()}\n".encode()
        signature = base64.b64encode(self.number + self.log.sign(note).signature).decode()
        tiles = Bulletin(entries, leaves, Checkpoint(len(entries), root, frozenset()), {}).files()
        made = {f"{BULLETIN}{name}": data for name, data in tiles.items()}
        return made | {"bulletin/checkpoint": note + f"\n— {self.name} {signature}\n".encode()}


def inside(sealer: Sealer) -> Iterator[Mutant]:
    """Changes inside each file; those of the sums and the bulletin stand as they are."""
    for path, data in sealer.files.items():
        last = path.startswith((SUMS, BULLETIN))
        changes = of_bundle(data) if path.startswith("bulletin/tile/") else of_file(path, data)
        for place, new in changes:
            if new != data:
                yield Mutant(path, place, sealer.files | {path: new}, sealed=not last, any_check=last)


def of_bundle(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A tile or a bundle of entries, in pieces of 32 bytes as far as they go."""
    end = len(data) // 32 * 32
    yield from ((place, new + data[end:]) for place, new in of_bytes(data[:end], "tile"))
    yield from (("last byte cut", data[:-1]), ("a null byte more", data + b"\0"))


def whole_files(sealer: Sealer, other: Files) -> Iterator[Mutant]:
    """Files that are missing, of another election, copied to a name that a record could have, or foreign."""
    files = sealer.files
    for path, data in files.items():
        last = path.startswith((SUMS, BULLETIN))
        less = {name: content for name, content in files.items() if name != path}
        yield Mutant(path, "the file missing", less, sealed=not last, any_check=last)
        if other.get(path, data) != data:
            foreign = files | {path: other[path]}
            yield Mutant(path, "the file of another election", foreign, sealed=not last, any_check=last)
        beside = {
            name for old, new in (("/1.", "/9."), ("/1/", "/9/"), ("/2/", "/9/"), ("s1-1", "s1-9"), ("majlis", "other"))
            if (name := path.replace(old, new)) not in files
        }  # fmt: skip
        for name in sorted(beside) if not last else ():
            yield Mutant(path, f"a copy at {name}", files | {name: data})
    for name in ("notes.txt", "bulletin/notes.txt", "manifest.cbor~", "bulletin/tile/1/000", "mix/notes.txt"):
        yield Mutant(
            name, "a foreign file", files | {name: b"seen"}, any_check=True, sealed=not name.startswith(BULLETIN)
        )
    for name in ("final-list.json", "ballots/2.seq", "minutes/majlis.pdf", "keys/K/6.cbor", "order/2/order.cbor"):
        yield Mutant(name, "an empty file more", files | {name: b""})


def log_entries(sealer: Sealer) -> Iterator[Mutant]:
    """Another history of the bulletin: entries changed, dropped, repeated, exchanged, tree and checkpoint made anew."""
    entries = sealer.entries
    path = "bulletin (made anew)"
    for i, entry in enumerate(entries):
        for j, new in ((0, bytes([entry[0] % 6 + 1])), (1, bytes([entry[1] ^ 1]))):
            changed = entry[:j] + new + entry[j + 1 :]
            other = [*entries[:i], changed, *entries[i + 1 :]]
            yield Mutant(path, f"entry {i} byte {j}", sealer.files, other, any_check=True)
    for place, other in of_list(entries):
        yield Mutant(path, place.replace("item", "entry"), sealer.files, other, any_check=True)


class Disk:
    """The record's directory, in memory where that exists; only what differs is written."""

    def __init__(self) -> None:
        shared = Path("/dev/shm")
        self.root = Path(tempfile.mkdtemp(prefix="amanat-mutants-", dir=shared if shared.is_dir() else None))
        self.files: Files = {}

    def put(self, files: Files) -> None:
        """Makes the directory hold exactly these files."""
        for path in self.files.keys() - files.keys():
            (self.root / path).unlink()
        for path, data in files.items():
            if self.files.get(path) != data:
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_bytes(data)
        self.files = files

    def remove(self) -> None:
        """The directory is gone."""
        shutil.rmtree(self.root)


@dataclass
class Verdict:
    """The checks that name a fault, and how a check broke down, if one did."""

    refused_by: list[str] = field(default_factory=list)
    broken: str = ""

    def run(self, record: Record, number: str) -> None:
        """One check."""
        try:
            next(check for check in CHECKS if check.id == number).run(record)
        except Fault:
            self.refused_by.append(number)
        except Exception:  # what the command would report as its own failure
            self.broken = f"{number}: {traceback.format_exc(limit=-3)}"

    def named(self, mutant: Mutant) -> list[str]:
        """The checks that count for this mutant."""
        own = [check for pattern, check in OWN.items() if fnmatch.fnmatch(mutant.path, pattern)]
        if own and mutant.place.startswith("item") and not mutant.path.endswith("sig"):
            return [check for check in self.refused_by if check in own]
        return [check for check in self.refused_by if mutant.any_check or check not in ("V1", "V5")]


def judge(root: Path, given: bytes, mutant: Mutant) -> Verdict:
    """Runs all checks but slow ones that cannot be concerned."""
    record, verdict = Record(root, given=given, jobs=1), Verdict()
    own = {check for pattern, check in OWN.items() if fnmatch.fnmatch(mutant.path, pattern)}
    for check in CHECKS:
        if check.id not in SLOW or check.id in own:
            verdict.run(record, check.id)
    if not verdict.named(mutant):
        for number in SLOW:
            verdict.run(record, number)
    try:
        summary(record)
    except Fault:
        pass
    except Exception:
        verdict.broken = f"summary: {traceback.format_exc(limit=-3)}"
    return verdict


def reason_for(mutant: Mutant, allowed: list[dict[str, str]]) -> str | None:
    """The reason on the list for accepting this mutant."""
    for row in allowed:
        if fnmatch.fnmatch(mutant.path, row["path"]) and fnmatch.fnmatch(mutant.place, row["place"]):
            return row["reason"]
    return None


@dataclass
class Tally:
    """What became of the mutants, by group of files."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    faults: list[str] = field(default_factory=list)

    def add(self, mutant: Mutant, verdict: Verdict, allowed: list[dict[str, str]]) -> None:
        """One more."""
        row = self.counts[_group(mutant.path)]
        row["mutants"] += 1
        named = verdict.named(mutant)
        row.update(named)
        where = f"{mutant.path}: {mutant.place}"
        if verdict.broken:
            self.faults.append(f"{where}: {verdict.broken}")
        if named:
            return
        reason = reason_for(mutant, allowed)
        row["accepted"] += 1
        if reason is None:
            self.faults.append(f"{where}: accepted (refused only by {', '.join(verdict.refused_by) or 'none'})")
        else:
            print(f"accepted: {where}: {reason}", flush=True)

    def show(self) -> None:
        """The table: mutants and, for each check, how many it names (several may name one)."""
        for group, row in sorted(self.counts.items()):
            checks = sorted((key for key in row if key[0] == "V"), key=lambda key: int(key[1:]))
            by = " ".join(f"{check}:{row[check]}" for check in checks)
            print(f"{group:34} {row['mutants']:5} mutants  {row['accepted']:3} accepted  {by}")


def _group(path: str) -> str:
    """mix/majlis/s1-1/0/out.bin and its kin in one row."""
    parts = path.split("/")
    return (
        "/".join(part if i in (0, len(parts) - 1) else "…" for i, part in enumerate(parts)) if len(parts) > 2 else path
    )


def read(folder: Path) -> Files:
    """All files below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def all_mutants(folder: Path) -> tuple[Sealer, list[Mutant]]:
    """Every mutant of the record in `folder`."""
    seeds: dict[str, Any] = json.loads((folder / "keys.json").read_text(encoding="utf-8"))
    sealer = Sealer.of(read(folder / "record"), seeds)
    other = read(folder / "other")
    return sealer, [*inside(sealer), *whole_files(sealer, other), *log_entries(sealer)]


def run(folder: Path, *, part: int, seed: int, seconds: float, only: str) -> Tally:
    """Judges one mutant of `part` (1: all), in a seeded order, until the time is over."""
    sealer, mutants = all_mutants(folder)
    allowed = tomllib.loads((HERE / "accepted_mutants.toml").read_text(encoding="utf-8"))["mutant"]
    mutants = [mutant for mutant in mutants if fnmatch.fnmatch(mutant.path, only)]
    chosen = random.Random(seed).sample(mutants, len(mutants) // part)
    given, tally, end = sha256(sealer.files["manifest.cbor"]), Tally(), time.monotonic() + seconds
    disk = Disk()
    try:
        disk.put(sealer.seal(sealer.files))
        unchanged = judge(disk.root, given, Mutant("", "", sealer.files))
        if unchanged.refused_by or unchanged.broken or manifest(Record(disk.root, given=None, jobs=1)).eh != given:
            raise SystemExit(f"the record itself does not hold: {unchanged}")
        for done, mutant in enumerate(chosen):
            if time.monotonic() > end:
                print(f"the time is over: {done} of {len(chosen)} mutants")
                break
            disk.put(sealer.seal(mutant.files, mutant.entries) if mutant.sealed else mutant.files)
            tally.add(mutant, judge(disk.root, given, mutant), allowed)
    finally:
        disk.remove()
    return tally


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int, default=1, help="judge one mutant of so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--only", default="*", help="only files whose path fits this pattern")
    args = parser.parse_args()
    tally = run(args.folder, part=args.part, seed=args.seed, seconds=args.seconds, only=args.only)
    tally.show()
    print(f"{sum(row['mutants'] for row in tally.counts.values())} mutants, {len(tally.faults)} faults")
    for fault in tally.faults:
        print(f"FAULT {fault}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
