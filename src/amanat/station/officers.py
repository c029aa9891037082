"""Two officers release a terminal's key; nobody does alone (clauses K-8, K-10).

`HOME/officers.cbor` holds up to seven officers and, for each pair of them, the seed of the device's key, sealed by
ChaCha20-Poly1305 under HKDF-SHA-256 of both scrypt keys.  Sealing by pairs needs no arithmetic of shares and leaves no
place where one secret alone could be tried: who guesses must guess two at once, at the price of scrypt for each.

`HOME/officers.tries` counts wrong tries; each makes the next wait longer, across restarts.
"""

import contextlib
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
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
_LABEL: Final = b"amanat/v1/officers"

now: Callable[[], float] = time.time
"""Seconds of this machine's clock, for the wait alone; a clock that is set back makes no wait longer than its whole."""


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
    left = seconds_to_wait(home)
    if left:
        raise Refused("officers-wait", seconds=left)
    kept = _read(home)
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
            _set_aside(home)
            return seed
    except InvalidTag:
        pass  # as for a stranger's name: counted below
    write_whole(home / TRIES, str(wrong_tries(home) + 1).encode())
    raise Refused("officers-wrong", seconds=seconds_to_wait(home))


def require_two(home: Path, body: Mapping[str, Any]) -> list[str]:
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
    release(home, given)
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


def wrong_tries(home: Path, *, file: str = TRIES) -> int:
    """How many wrong tries there were since the last release."""
    try:
        text = (home / file).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return 0
    return int(text) if text.isascii() and text.isdigit() else WAIT_SECONDS_MAX  # somebody changed it: the whole wait


def _set_aside(home: Path) -> None:
    """After a release the count begins anew; what it was waits for the journal."""
    tries = wrong_tries(home)
    if not tries:
        return
    with contextlib.suppress(OSError):  # a home that takes nothing more keeps nobody out
        write_whole(home / TOLD, str(tries + wrong_tries(home, file=TOLD)).encode())
        (home / TRIES).unlink()


def take_past_tries(home: Path) -> int:
    """The wrong tries before the last releases, for the journal; they are told once."""
    tries = wrong_tries(home, file=TOLD)
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


def seconds_to_wait(home: Path) -> int:
    """Until the next try: 2, 4, 8 … seconds after each wrong one, at most five minutes."""
    tries = wrong_tries(home)
    if not tries:
        return 0
    whole = min(WAIT_SECONDS_MAX, 1 << min(tries, 16))
    since = now() - (home / TRIES).stat().st_mtime
    return round(min(whole, max(0.0, whole - since)) + 0.499)


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
