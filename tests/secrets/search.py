"""Looks for what nobody may keep of a ballot, in files and in the memory of processes (a core dump's content)."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import amanat_crypto
from amanat.records import ballot

RANK_BYTES = 24  # of its 31: a rank's lowest bytes tell it apart, whatever stands before them
NEAR = 20  # bytes a code may take in a list: its digits, quotes, commas, other fields beside it
PAGE = 4096
ENOUGH = 0.6  # so much of a ballot's codes close together is its list, in whatever order


@dataclass(frozen=True)
class Secret:
    """One ballot: its choices as codes, and what else would tell them."""

    codes: Sequence[str]
    patterns: dict[str, bytes]


def secret(codes: Sequence[str], all_codes: Sequence[str], randomness: bytes, most: int) -> Secret:
    """What to look for of a ballot with these choices."""
    place = {code: n for n, code in enumerate(all_codes)}
    rank = ballot.rank([place[code] for code in codes], len(all_codes))
    point = amanat_crypto.embed(ballot.to_limbs(rank, ballot.limb_count(len(all_codes), most)))
    ranks = {
        "rank, lowest first": rank.to_bytes(31, "little")[:RANK_BYTES],
        "rank": rank.to_bytes(31, "big")[-RANK_BYTES:],
    }
    return Secret(codes, {"point": point, "randomness": randomness, "rank in digits": str(rank).encode(), **ranks})


def _found(data: bytes, patterns: Sequence[tuple[int, str, bytes]]) -> Iterator[tuple[int, str]]:
    """Which patterns are in the data: eight bytes at a time at each alignment, then in full."""
    heads = np.array(sorted({int.from_bytes(p[:8], "little") for _, _, p in patterns}), dtype=np.uint64)
    suspects: set[int] = set()
    for shift in range(8):
        words: npt.NDArray[np.uint64] = np.frombuffer(data, np.uint64, (len(data) - shift) // 8, shift)
        at = np.searchsorted(heads, words)
        at[at == len(heads)] = 0
        suspects |= set(words[heads[at] == words].tolist())
    for number, what, pattern in patterns:
        if int.from_bytes(pattern[:8], "little") in suspects and pattern in data:
            yield number, what


def _lists(data: bytes, secrets: Sequence[Secret], encoding: str) -> Iterator[tuple[int, str]]:
    """Ballots most of whose codes stand close together, in any order."""
    width = len("1".encode(encoding))
    for number, one in enumerate(secrets):
        codes = [code.encode(encoding) for code in one.codes]
        reach = NEAR * len(codes) * width
        for start in (m.start() for m in re.finditer(re.escape(codes[0]), data)):
            around = data[max(0, start - reach) : start + reach]
            if sum(code in around for code in codes) >= ENOUGH * len(codes):
                yield number, f"codes ({encoding})"
                break


def search(data: bytes, secrets: Sequence[Secret]) -> set[tuple[int, str]]:
    """(number of the ballot, what of it) for all that is found."""
    if len(data) < 16 or not data.strip(b"\0"):
        return set()
    patterns = [(n, what, p) for n, one in enumerate(secrets) for what, p in one.patterns.items()]
    found = set(_found(data, patterns))
    for encoding in ("ascii", "utf-16-le"):
        found |= set(_lists(data, secrets, encoding))
    return found


def files_below(folders: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Every file's name and content."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def memory_of(pid: int) -> Iterator[tuple[str, bytes]]:
    """Every writable part of a process's memory, as a core dump would have it; a process that ended has none."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError:
        return
    try:
        for line in maps:
            extent, rights, *_, name = line.split(None, 5)
            start, end = (int(text, 16) for text in extent.split("-"))
            if "w" in rights and "r" in rights:
                yield from _pieces(memory, start, end, f"{pid} {name}")
    finally:
        os.close(memory)


def _pieces(memory: int, start: int, end: int, name: str) -> Iterator[tuple[str, bytes]]:
    """A mapping in pieces that overlap; what the kernel does not give is not in a core dump either."""
    step, overlap = 64 << 20, 64 << 10
    for at in range(start, end, step):
        try:
            yield name, _written(os.pread(memory, min(step + overlap, end - at), at))
        except (OSError, OverflowError):
            continue


def _written(data: bytes) -> bytes:
    """The pages in which there is anything: most of what a browser reserves was never touched."""
    pages = np.frombuffer(data, np.uint64).reshape(-1, PAGE // 8)
    return pages[pages.any(axis=1)].tobytes()


def children_of(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found
