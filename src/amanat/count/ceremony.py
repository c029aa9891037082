"""The key ceremony, driven by carrying files between the trustees' machines (K-1 to K-6).

Whoever drives it learns nothing secret: shares travel under HPKE, and each trustee checks everything itself.  Before
it is declared done, every trustee decrypts and tags a trial, so that a lost or wrong share shows now and not on the
day of the count.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amanat_crypto as crypto
from amanat.count import dealing
from amanat.count.dealing import KEY_NAMES, Ceremony, Trial
from amanat.count.exchange import Answer, Files, ask, load, write_whole
from amanat.count.shares import publics, require_shares
from amanat.errors import BadInput, Rejected
from amanat.records import cbor
from amanat.records.manifest import Trustee


@dataclass(frozen=True)
class Hall:
    """The trustees' folders in order of j, and where the ceremony's public files go."""

    homes: Sequence[Path]
    out: Path

    def ask_all(
        self, kind: str, files: Callable[[int], Mapping[str, Path | bytes]], data: Mapping[str, Any] | None = None
    ) -> list[Answer]:
        """One job to every trustee at once; answers in order of j.  Raises Refused, Gone."""
        with ThreadPoolExecutor(len(self.homes)) as pool:
            jobs = [
                pool.submit(ask, home, {"kind": kind, **(data or {})}, files(j))
                for j, home in enumerate(self.homes, start=1)
            ]
            return [job.result() for job in jobs]

    def published(self) -> dict[str, Path | bytes]:
        """Every file written below `keys/` so far."""
        files = Files(self.out)
        return {name: files.path(name) for name in files.below("keys")}


def run(*, election: str, round: int, threshold: int, trustees: Path, out: Path) -> None:
    """Holds the ceremony between the machines at `trustees/1…n`; leaves `out/keys/…` and `out/trustees.cbor`.

    Raises Refused with the trustee's own sentence (a complaint names the pair), Gone, BadInput.
    """
    people, homes = read_people(trustees)
    hall = Hall(homes, out)
    path = out / "keys/ceremony.cbor"
    if not path.exists():  # one that was interrupted goes on with the same 32 random bytes
        write_whole(path, _ceremony_bytes(people, election, round, threshold))
    ceremony = Ceremony.decode(path.read_bytes())
    if (ceremony.election, ceremony.round, ceremony.threshold, ceremony.people) != (election, round, threshold, people):
        raise BadInput("ceremony-other", file=str(path))
    _say("commitments and proofs of possession (K-3)")
    for j, answer in enumerate(hall.ask_all("commit", lambda _: {"keys/ceremony.cbor": path}), start=1):
        for q in KEY_NAMES:
            write_whole(out / f"keys/{q}/{j}.cbor", (answer.folder / f"{q}.cbor").read_bytes())
    _say("echo (K-4)")
    echoes = hall.ask_all("echo", lambda _: hall.published())
    signed = [cbor.encode([q, j, _signature(echo, q)]) for q in KEY_NAMES for j, echo in enumerate(echoes, start=1)]
    write_whole(out / "keys/echo.seq", b"".join(signed))
    _say("shares under HPKE (K-5)")
    dealt = hall.ask_all("deal", lambda _: hall.published())
    files = hall.published()
    _say("check of shares, transcript (K-6)")
    accepted = hall.ask_all("accept", lambda i: {**files, **_addressed(dealt, i)})
    signed = [cbor.encode([j, _signature(answer, "transcript")]) for j, answer in enumerate(accepted, start=1)]
    write_whole(out / "keys/transcript.seq", b"".join(signed))
    combined = combined_of(ceremony, Files(out))
    _say("trial decryption and trial tag")
    rehearse(hall, ceremony, combined)
    columns = [[flat[at : at + 32] for at in range(0, len(flat), 32)] for flat in combined.values()]
    n = len(people)
    write_whole(out / "trustees.cbor", cbor.encode([n, threshold, [p.fields() for p in people], *columns]))


def _ceremony_bytes(people: Sequence[Trustee], election: str, round_: int, threshold: int) -> bytes:
    rows = [person.fields() for person in people]
    return cbor.encode(["amanat/v1/ceremony", election, round_, len(people), threshold, rows, os.urandom(32)])


def _addressed(dealt: Sequence[Answer], i: int) -> dict[str, Path | bytes]:
    return {
        f"shares/{q}/{j}.hpke": answer.folder / f"{q}-{i}.hpke"
        for q in KEY_NAMES
        for j, answer in enumerate(dealt, start=1)
    }


def _signature(answer: Answer, name: str) -> bytes:
    return bytes.fromhex(str(answer.data.get(name)))


def _say(step: str) -> None:
    print(f"ceremony: {step}", file=sys.stderr, flush=True)


def read_people(trustees: Path) -> tuple[tuple[Trustee, ...], list[Path]]:
    """Who the machines at `trustees/1…n` say they are, and their folders.  Raises BadInput."""
    people: list[Trustee] = []
    homes: list[Path] = []
    while (home := trustees / str(len(homes) + 1)).is_dir():
        told = load(home / "identity.json")
        try:
            keys = bytes.fromhex(told["signing_key"]), bytes.fromhex(told["hpke_key"])
            people.append(Trustee(int(told["index"]), str(told["name"]), str(told["power"]), *keys))
        except (KeyError, ValueError, TypeError) as cause:
            raise BadInput("identity-wrong", file=str(home / "identity.json")) from cause
        homes.append(home)
    if not homes:
        raise BadInput("trustees-missing", file=str(trustees))
    return tuple(people), homes


def published_of(ceremony: Ceremony, files: Files) -> dict[str, list[bytes]]:
    """The commitments' files by key name.  Raises Rejected."""
    return {q: [files.read(f"keys/{q}/{person.j}.cbor") for person in ceremony.people] for q in KEY_NAMES}


def combined_of(ceremony: Ceremony, files: Files) -> dict[str, bytes]:
    """K-3 to K-6 from the files alone: everything checked; key name → C_0 … C_t−1, flat.  Raises Rejected."""
    published = published_of(ceremony, files)
    commitments = dealing.read_commitments(ceremony, published)
    dealing.require_echoes(ceremony, published, files.read("keys/echo.seq"))
    combined = dealing.combine(commitments)
    digest = dealing.transcript_hash(ceremony, published, combined)
    dealing.require_transcript(ceremony, digest, files.read("keys/transcript.seq"))
    return combined


def rehearse(hall: Hall, ceremony: Ceremony, combined: Mapping[str, bytes]) -> None:
    """Every trustee takes part in a decryption and a tag of the trial; sets of t, each trustee in one or more.

    Raises Rejected when the trial does not open, or two sets give different tags.
    """
    n, t = len(ceremony.people), ceremony.threshold
    trial = Trial.of(ceremony, combined)
    tags = set()
    for start in range(0, n, t):
        chosen = sorted((start + k) % n + 1 for k in range(t))
        answers = {j: ask(hall.homes[j - 1], {"kind": "rehearse", "J": chosen}, hall.published()) for j in chosen}
        shares = [verified_trial(answers[j].folder, ceremony, combined, trial, J=chosen, j=j) for j in chosen]
        opened = crypto.elgamal_open(trial.ciphertext, [decryption for decryption, _ in shares])
        tags.add(crypto.points_sum([tag for _, tag in shares]))
        if opened != trial.message or len(tags) != 1:
            raise Rejected("ceremony-trial-failed", trustees=", ".join(map(str, chosen)))


def verified_trial(
    folder: Path, ceremony: Ceremony, combined: Mapping[str, bytes], trial: Trial, *, J: Sequence[int], j: int
) -> tuple[bytes, bytes]:
    """One trustee's decryption share and tag share of the trial, their proofs checked.  Raises Rejected."""
    result = []
    for domain, q, rows in (
        ("decrypt", "K", crypto.cipher_heads(trial.ciphertext)),
        ("tag", "ZW", crypto.tag_rows(trial.credential)),
    ):
        share, proof = (folder / f"{domain}.bin").read_bytes(), (folder / f"{domain}.proof").read_bytes()
        named = publics([combined[name] for name in q], J=J, j=j)
        given = crypto.SharedRows([ceremony.hash, list(J), j], named, share, proof)
        require_shares(domain, ceremony.hash, rows, [given], where=f"{folder}/{domain}.proof", J=[j])
        result.append(share)
    return result[0], result[1]
