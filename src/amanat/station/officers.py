"""Two officers release a terminal's key; nobody does alone (clauses K-8, K-10).

`HOME/officers.cbor` holds up to seven officers and, for each pair of them, the seed of the device's key, sealed by
ChaCha20-Poly1305 under HKDF-SHA-256 of both scrypt keys.  Sealing by pairs needs no arithmetic of shares and leaves no
place where one secret alone could be tried: who guesses must guess two at once, at the price of scrypt for each.

`HOME/officers.tries` counts wrong tries by the two names given; each makes the next wait for these two longer, across
restarts.  So whoever types wrong names or secrets at the screen keeps the other officers out for no moment.
"""

import asyncio
import contextlib
import hashlib
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from os import urandom
from pathlib import Path
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from amanat.errors import BadInput
from amanat.records import sealed_key
from amanat.records.shape import Bytes16, Record
from amanat.rules.persian import fold_digits
from amanat.station.journal import Journal
from amanat.station.medium_file import write_whole
from amanat.station.refusal import Refused

FILE: Final = "officers.cbor"
TRIES: Final = "officers.tries"
TOLD: Final = "officers.tries-past"
OFFICERS_MIN, OFFICERS_MAX = 2, 7
SECRET_LETTERS_MIN: Final = 8
WAIT_SECONDS_MAX: Final = 300
STRANGERS_MAX: Final = 64
"""Pairs of names that are no officers' and are remembered; the appointed pairs always are."""
_LABEL: Final = b"amanat/v1/officers"

now: Callable[[], float] = time.time
"""Seconds of this machine's clock, for the wait alone; a clock that is set back makes no wait longer than its whole."""


_ONE_AT_A_TIME: Final = threading.Lock()
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="officers")


@dataclass(frozen=True, slots=True)
class _Officer(Record):
    name: str
    salt: Bytes16


@dataclass(frozen=True, slots=True)
class _Pair(Record):
    first: int
    second: int
    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class _Officers(Record):
    VERSION: ClassVar[int] = 1

    officers: tuple[_Officer, ...]
    pairs: tuple[_Pair, ...]


def are_appointed(home: Path) -> bool:
    """Whether this terminal's keys are released by two officers."""
    return (home / FILE).exists()


def names(home: Path) -> list[str]:
    """The officers' names, in the order of their appointment."""
    return [officer.name for officer in _read(home).officers]


def appoint(home: Path, secrets: Mapping[str, str], *, seed: bytes) -> None:
    """Seal the device's seed for each pair of these officers; who was appointed before is no more.

    Raises:
        BadInput: fewer than two or more than seven, a name that is empty or twice, a secret that is short or another's.
    """
    people = {_folded(name): _folded(secret) for name, secret in secrets.items()}
    if not OFFICERS_MIN <= len(people) <= OFFICERS_MAX or len(people) != len(secrets) or not all(people):
        raise BadInput("officers-number", least=OFFICERS_MIN, most=OFFICERS_MAX)
    for name, secret in people.items():
        if len(secret) < SECRET_LETTERS_MIN or list(people.values()).count(secret) > 1:
            raise BadInput("officer-secret", name=name, least=SECRET_LETTERS_MIN)
    officers = [_Officer(name, urandom(16)) for name in people]
    keys = [_stretched(secret, officer.salt) for officer, secret in zip(officers, people.values(), strict=True)]
    pairs = []
    for first, second in combinations(range(len(officers)), 2):
        nonce = urandom(12)
        sealed = _cipher(keys[first], keys[second]).encrypt(nonce, seed, _LABEL)
        pairs.append(_Pair(first, second, nonce, sealed))
    write_whole(home / FILE, _Officers(tuple(officers), tuple(pairs)).encode())


def release(home: Path, given: Sequence[tuple[str, str]]) -> bytes:
    """The device's seed, from two officers' names and secrets.

    Raises:
        Refused: not two different officers; a wait after wrong tries is not over; wrong, and it is not told which.
    """
    people = [(_folded(name), _folded(secret)) for name, secret in given]
    if (
        len(people) != 2
        or len({name for name, _ in people}) != 2
        or not all(name and secret for name, secret in people)
    ):
        raise Refused("officers-two-secrets")
    with _ONE_AT_A_TIME:
        return _release(home, people)


def _release(home: Path, people: list[tuple[str, str]]) -> bytes:
    kept = _read(home)
    tries = _Tries.read(home, kept)
    pair_of_names = _named(name for name, _ in people)
    left = tries.seconds_to_wait(pair_of_names)
    if left:
        raise Refused("officers-wait", seconds=left)
    place = {officer.name: index for index, officer in enumerate(kept.officers)}
    people.sort(key=lambda person: place.get(person[0], -1))
    keys = []
    for name, secret in people:  # for a stranger's name too: the time taken does not say who is an officer
        salt = kept.officers[place[name]].salt if name in place else bytes(16)
        keys.append(_stretched(secret, salt))
    wanted = tuple(place.get(name) for name, _ in people)
    pair = next((pair for pair in kept.pairs if (pair.first, pair.second) == wanted), None)
    try:
        if pair is not None:
            seed = _cipher(keys[0], keys[1]).decrypt(pair.nonce, pair.sealed, _LABEL)
            _set_aside(home, tries)
            return seed
    except InvalidTag:
        pass  # as for a stranger's name: counted below
    tries.count(pair_of_names)
    tries.write(home)
    raise Refused("officers-wrong", seconds=tries.seconds_to_wait(pair_of_names))


async def release_elsewhere(home: Path, given: Sequence[tuple[str, str]]) -> bytes:
    """`release` in a thread of its own: two scrypts stand still for a second, and voters' screens do not."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, release, home, given)


async def require_two(home: Path, body: Mapping[str, Any]) -> list[str]:
    """The names of the two officers who stand behind a request.

    ``body["officers"]`` is a list of names, or, where officers are appointed, of {"name", "secret"} with right secrets.

    Raises:
        Refused: `request-field` for another form; `two-officers`; what `release` raises.
    """
    rows = body.get("officers")
    if not isinstance(rows, list):
        raise Refused("request-field", field="officers")
    if not are_appointed(home):
        found = [row.get("name") if isinstance(row, dict) else row for row in rows]
        texts = [name.strip() for name in found if isinstance(name, str)]
        if len(texts) < len(found):
            raise Refused("request-field", field="officers")
        people = list(dict.fromkeys(filter(None, texts)))
        if len(people) < OFFICERS_MIN:
            raise Refused("two-officers")
        return people
    given = with_secrets(body)
    await release_elsewhere(home, given)
    return [_folded(name) for name, _ in given]


def with_secrets(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The names and secrets of a request; Refused("officers-two-secrets") where they are of another form."""
    rows = body.get("officers")
    given = [(row.get("name"), row.get("secret")) for row in rows or () if isinstance(row, dict)] if rows else []
    if not isinstance(rows, list) or len(given) != len(rows):
        raise Refused("officers-two-secrets")
    people = [(name, secret) for name, secret in given if isinstance(name, str) and isinstance(secret, str)]
    if len(people) != len(given):
        raise Refused("officers-two-secrets")
    return people


@dataclass(slots=True)
class _Tries:
    """Wrong tries by the two names given (`_named`): how many, and the second of the last.  A line each in the file."""

    by: dict[str, tuple[int, int]]
    appointed: frozenset[str]

    @classmethod
    def read(cls, home: Path, kept: _Officers) -> "_Tries":
        """What the file says; whatever else stands in it is one try by everybody, now, with the whole wait."""
        appointed = frozenset(_named(one.name for one in pair) for pair in combinations(kept.officers, 2))
        try:
            text = (home / TRIES).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return cls({}, appointed)
        rows = [line.split(" ") for line in text.splitlines()]
        if not rows or not all(len(row) == 3 and all(part.isascii() for part in row) for row in rows):
            return cls._tampered(home, appointed)
        try:
            return cls({name: (int(count), int(at)) for name, count, at in rows}, appointed)
        except ValueError:
            return cls._tampered(home, appointed)

    @classmethod
    def _tampered(cls, home: Path, appointed: frozenset[str]) -> "_Tries":
        at = int((home / TRIES).stat().st_mtime)
        return cls(dict.fromkeys(sorted(appointed), (OFFICERS_MAX + 2, at)), appointed)

    def seconds_to_wait(self, names: str) -> int:
        """Until these two may try again: 2, 4, 8 … seconds after each wrong try, at most five minutes."""
        count, at = self.by.get(names, (0, 0))
        if count <= 0:
            return 0
        whole = min(WAIT_SECONDS_MAX, 1 << min(count, 16))
        return round(min(whole, max(0.0, whole - (now() - at))) + 0.499)

    def count(self, names: str) -> None:
        """One more; the pairs of strangers that came first are forgotten when they are many."""
        self.by[names] = (max(0, self.by.pop(names, (0, 0))[0]) + 1, int(now()))
        strangers = [one for one in self.by if one not in self.appointed]
        for one in strangers[: max(0, len(strangers) - STRANGERS_MAX)]:
            del self.by[one]

    def write(self, home: Path) -> None:
        """Durable, before the refusal is told."""
        lines = (f"{names} {count} {at}\n" for names, (count, at) in self.by.items())
        write_whole(home / TRIES, "".join(lines).encode())

    def total(self) -> int:
        """All of them."""
        return sum(max(0, count) for count, _ in self.by.values())


def wrong_tries(home: Path) -> int:
    """How many wrong tries there were since the last release."""
    return _Tries.read(home, _read(home)).total()


def seconds_to_wait(home: Path, given: Iterable[str]) -> int:
    """Until these two, by their names, may try again."""
    return _Tries.read(home, _read(home)).seconds_to_wait(_named(map(_folded, given)))


def _named(names: Iterable[str]) -> str:
    """Two names in either order; their hash, since somebody may type a secret where the name stands."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:32]


def _set_aside(home: Path, tries: _Tries) -> None:
    """After a release the count begins anew; what it was waits for the journal."""
    if not tries.total():
        return
    with contextlib.suppress(OSError):  # a home that takes nothing more keeps nobody out
        write_whole(home / TOLD, str(tries.total() + _past_tries(home)).encode())
        (home / TRIES).unlink()


def _past_tries(home: Path) -> int:
    try:
        text = (home / TOLD).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return 0
    return int(text) if text.isascii() and text.isdigit() else 1  # somebody changed it


def take_past_tries(home: Path) -> int:
    """The wrong tries before the last releases, for the journal; they are told once."""
    tries = _past_tries(home)
    (home / TOLD).unlink(missing_ok=True)
    return tries


class Releases:
    """Who released this terminal's key since its start, and the wrong tries before them, as entries of its journal."""

    def __init__(self, home: Path, journal: Journal) -> None:
        self.by: list[str] = []
        self._home, self._journal = home, journal

    def note(self) -> None:
        """After an act that wrote entries (before one nothing may be signed, J-7)."""
        state = self._journal.state
        if not are_appointed(self._home) or self._journal.stopped is not None or not state.opened or state.closed:
            return
        released, self.by = self.by, []
        if released:
            self._journal.write("incident", ["released", " · ".join(released)])
        if tries := take_past_tries(self._home):
            self._journal.write("incident", ["wrong-secrets", str(tries)])


def _read(home: Path) -> _Officers:
    try:
        return _Officers.decode((home / FILE).read_bytes())
    except OSError as cause:
        raise BadInput("officers-missing", file=str(home / FILE)) from cause


def _folded(text: str) -> str:
    """As it is compared: one form of letters, ASCII digits, no space around."""
    return fold_digits(unicodedata.normalize("NFKC", text).strip())


def _stretched(secret: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=sealed_key.SCRYPT_N, r=8, p=1).derive(secret.encode("utf-8"))


def _cipher(first: bytes, second: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(SHA256(), length=32, salt=None, info=_LABEL).derive(first + second))
