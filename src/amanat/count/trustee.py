"""A trustee's machine: its part in the ceremony (K-3 to K-6), tags (T-3) and decryption (T-9).

Secrets never leave the folder: polynomials until the transcript is signed, then only the three shares.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import amanat_crypto as crypto
from amanat.count import dealing, decrypt, mix, shares, tags
from amanat.count.ceremony import combined_of, published_of
from amanat.count.checks.session import Session
from amanat.count.dealing import KEY_NAMES, Ceremony, Trial
from amanat.count.exchange import Files, Job, write_plain, write_whole
from amanat.count.lists import Lists
from amanat.count.machine import Clock, Machine
from amanat.errors import BadInput, Rejected
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.identifiers import sign


class TrusteeMachine(Machine):
    """One trustee in its folder."""

    def __init__(self, home: Path, *, given: bytes | None = None) -> None:
        super().__init__(home, given=given)
        self.lists = Lists(home / "lists")
        self._shares: dict[str, Mapping[str, bytes]] = {}
        self.jobs = {
            "commit": self.commit,
            "echo": self.echo,
            "deal": self.deal,
            "accept": self.accept,
            "rehearse": self.rehearse,
            "check": self.check,
            "tag": self.tag,
            "check-mixes": self.check_mixes,
            "decrypt": self.decrypt,
        }

    # --- the ceremony

    def _ceremony(self, job: Job) -> Ceremony:
        ceremony = Ceremony.decode(Files(job.folder).read(paths.CEREMONY))
        me = next((person for person in ceremony.people if person.j == self.index), None)
        if me is None or me.signing_key.hex() != self.identity["signing_key"]:
            raise Rejected("not-my-key", machine=self.home.name)
        return ceremony

    def _polynomials(self, ceremony: Ceremony) -> dict[str, bytes]:
        name = f"ceremony-{ceremony.hash.hex()}"
        if not self.keys.has(name):
            if self._has_shares(ceremony):
                raise Rejected("ceremony-over", machine=self.home.name)
            drawn = dealing.draw(ceremony)
            self.keys.write(name, cbor.encode([drawn[q] for q in KEY_NAMES]))
        values = cbor.as_list(cbor.decode(self.keys.read(name)), "polynomials", size=3)
        return {q: cbor.as_bytes(value, "polynomial") for q, value in zip(KEY_NAMES, values, strict=True)}

    def commit(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """K-3: leaves K.cbor, Z.cbor, W.cbor; asked again, the same."""
        ceremony = self._ceremony(job)
        kept = self.home / "ceremony" / ceremony.hash.hex()
        for q, data in dealing.publish(ceremony, self.index, self._polynomials(ceremony)).items():
            path = kept / f"{q}.cbor"
            if not path.exists():
                write_whole(path, data)
            write_plain(out / f"{q}.cbor", path.read_bytes())
        return {}

    def _published(self, job: Job, ceremony: Ceremony) -> dict[str, list[bytes]]:
        """All trustees' commitments; our own must be what we published."""
        published = published_of(ceremony, Files(job.folder))
        for q in KEY_NAMES:
            own = self.home / "ceremony" / ceremony.hash.hex() / f"{q}.cbor"
            if not own.exists() or published[q][self.index - 1] != own.read_bytes():
                raise Rejected("ceremony-commitments-wrong", key=q, trustee=self.index)
        return published

    def echo(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """K-4: checks all proofs of possession, then signs what it saw, once: never two sets of commitments."""
        ceremony = self._ceremony(job)
        published = self._published(job, ceremony)
        dealing.read_commitments(ceremony, published)
        seen = b"".join(dealing.echo_hash(published[q]) for q in KEY_NAMES)
        kept = self.home / "ceremony" / ceremony.hash.hex() / "echo"
        if kept.exists() and kept.read_bytes() != seen:
            raise Rejected("ceremony-two-faces", machine=self.home.name)
        write_whole(kept, seen)
        return {q: sig.hex() for q, sig in dealing.echo(ceremony, published, self.signing_seed).items()}

    def deal(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """K-5, after n equal echoes: leaves `<q>-<i>.hpke` for every trustee i."""
        ceremony = self._ceremony(job)
        dealing.require_echoes(ceremony, self._published(job, ceremony), Files(job.folder).read(paths.ECHO))
        for (q, i), sealed in dealing.deal(ceremony, self.index, self._polynomials(ceremony)).items():
            write_plain(out / f"{q}-{i}.hpke", sealed)
        return {}

    def accept(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """K-5, K-6: checks the shares sent here, keeps their sums, forgets the polynomials, signs the transcript."""
        ceremony = self._ceremony(job)
        published = self._published(job, ceremony)
        brought = Files(job.folder)
        dealing.require_echoes(ceremony, published, brought.read(paths.ECHO))
        commitments = dealing.read_commitments(ceremony, published)
        people = ceremony.people
        sealed = {q: [brought.read(f"shares/{q}/{person.j}.hpke") for person in people] for q in KEY_NAMES}
        sums = dealing.receive(ceremony, self.index, commitments, sealed, self.keys.hpke)
        self.keys.write(f"shares-{ceremony.hash.hex()}", cbor.encode([sums[q] for q in KEY_NAMES]))
        self.keys.forget(f"ceremony-{ceremony.hash.hex()}")
        digest = dealing.transcript_hash(ceremony, published, dealing.combine(commitments))
        return {"transcript": sign(self.signing_seed, "dkg-transcript", ceremony.hash, digest).hex()}

    def rehearse(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """A share of the trial's decryption and tag; the trial follows from ch, so this opens nothing else."""
        ceremony = self._ceremony(job)
        J = job.items("J", int)
        shares.require_set(J, n=len(ceremony.people), threshold=ceremony.threshold)
        combined = combined_of(ceremony, Files(job.folder))
        trial, mine = Trial.of(ceremony, combined), self._own_shares(ceremony.hash, combined)
        context: list[crypto.Item] = [ceremony.hash, J, self.index]
        for domain, names, rows in (
            ("decrypt", "K", crypto.cipher_heads(trial.ciphertext)),
            ("tag", "ZW", crypto.tag_rows(trial.credential)),
        ):
            secrets = shares.weighted([mine[q] for q in names], J=J, j=self.index)
            output, proof = crypto.linear_share(
                domain=domain, eh=ceremony.hash, context=context, secrets=secrets, rows=rows
            )
            write_plain(out / f"{domain}.bin", output)
            write_plain(out / f"{domain}.proof", proof)
        return {}

    def _has_shares(self, ceremony: Ceremony) -> bool:
        return self.keys.has(f"shares-{ceremony.hash.hex()}")

    def _own_shares(self, ceremony: bytes, combined: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """x_j, z_j, w_j of a ceremony, compared with the public shares.  Raises Rejected, BadInput."""
        name = f"shares-{ceremony.hex()}"
        if name not in self._shares:
            values = cbor.as_list(cbor.decode(self.keys.read(name)), "shares", size=3)
            found = {q: cbor.as_bytes(value, "share", size=32) for q, value in zip(KEY_NAMES, values, strict=True)}
            for q in KEY_NAMES:
                if crypto.base_mul(found[q]) != crypto.commitments_at(combined[q], self.index):
                    raise Rejected("not-my-key", machine=self.home.name)
            self._shares[name] = found
        return self._shares[name]

    # --- the count

    def _set(self, job: Job, session: Session) -> list[int]:
        J = job.items("J", int)
        trustees = session.election.manifest.trustees
        shares.require_set(J, n=trustees.n, threshold=trustees.threshold)
        if self.index not in J:
            raise BadInput("job-field-wrong", file=str(job.folder / "job.json"), field="J")
        return J

    def tag(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """T-3, after V2 to V14: fields session, J; leaves `<chunk>.bin` and `.proof`."""
        clock = Clock()
        session = self.session(job, files)
        J = self._set(job, session)
        mine = self._own_shares(session.election.ceremony, session.election.commitments)
        clock.checked()
        for chunk, output, proof in tags.tag(session, z=mine["Z"], w=mine["W"], J=J, j=self.index):
            write_plain(out / f"{chunk}.bin", output)
            write_plain(out / f"{chunk}.proof", proof)
        return {"seconds": clock.seconds()}

    def check_mixes(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """V2 to V20 for these units and nothing else: fields session, contest, units."""
        clock = Clock()
        sorted_ = self.sorted(job, files)
        mixers = sorted_.session.ordered.order.mixers
        mix.require_mixes(files, self.memory, sorted_, job.number("contest"), job.items("units", str), mixers)
        clock.checked()
        return {"seconds": clock.seconds()}

    def decrypt(self, job: Job, files: Files, out: Path) -> dict[str, Any]:
        """T-9, after V2 to V20 and T-7's lists: fields session, contest, units, J; leaves `<unit>.bin`, `.proof`."""
        clock = Clock()
        sorted_ = self.sorted(job, files)
        session = sorted_.session
        J, contest, names = self._set(job, session), job.number("contest"), job.items("units", str)
        mixers = session.ordered.order.mixers
        mix.require_mixes(files, self.memory, sorted_, contest, names, mixers)
        mine = self._own_shares(session.election.ceremony, session.election.commitments)
        of = session.election.manifest.contests[contest]
        self.lists.accept(of.id, {unit: sorted_.ids(contest, unit) for unit in names})
        clock.checked()
        for unit in names:
            output, proof = decrypt.share(files, sorted_, contest, unit, x=mine["K"], J=J, j=self.index)
            write_plain(out / f"{unit}.bin", output)
            write_plain(out / f"{unit}.proof", proof)
        return {"seconds": clock.seconds()}
