"""The key ceremony: what must go right, and who is named when it does not (K-1 to K-6)."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import amanat_crypto as crypto
from amanat.count import ceremony, dealing, keys, shares
from amanat.count.dealing import KEY_NAMES, Ceremony
from amanat.count.exchange import Files, Refused
from amanat.count.trustee import TrusteeMachine
from amanat.errors import AmanatError, BadInput, Rejected
from amanat.records import cbor


class Party:
    """n trustees in memory: signing seeds, HPKE keys, polynomials."""

    def __init__(self, n: int, t: int, powers: str) -> None:
        self.seeds = [bytes([j]) * 32 for j in range(1, n + 1)]
        self.hpke = [X25519PrivateKey.generate() for _ in range(n)]
        rows: list[cbor.Encodable] = [
            [j, f"T{j}", powers[j - 1], crypto.public_key(seed), key.public_key().public_bytes_raw()]
            for j, seed, key in zip(range(1, n + 1), self.seeds, self.hpke, strict=True)
        ]
        self.ceremony = Ceremony.decode(cbor.encode(["amanat/v1/ceremony", "e", 1, n, t, rows, bytes(32)]))
        self.polynomials = [dealing.draw(self.ceremony) for _ in range(n)]
        made = [dealing.publish(self.ceremony, j, p) for j, p in enumerate(self.polynomials, start=1)]
        self.published = {q: [one[q] for one in made] for q in KEY_NAMES}
        dealt = [dealing.deal(self.ceremony, j, p) for j, p in enumerate(self.polynomials, start=1)]
        self.sent = {(q, j, i): sealed for j, one in enumerate(dealt, start=1) for (q, i), sealed in one.items()}

    def receive(self, i: int) -> dict[str, bytes]:
        commitments = dealing.read_commitments(self.ceremony, self.published)
        n = len(self.seeds)
        sealed = {q: [self.sent[q, j, i] for j in range(1, n + 1)] for q in KEY_NAMES}
        return dealing.receive(self.ceremony, i, commitments, sealed, self.hpke[i - 1])


def test_any_t_of_n_open_a_ciphertext_and_fewer_do_not() -> None:
    party = Party(5, 3, "abcde")
    combined = dealing.combine(dealing.read_commitments(party.ceremony, party.published))
    held = [party.receive(i) for i in range(1, 6)]
    message = crypto.embed([42])
    sealed = crypto.elgamal(base=crypto.G, key=combined["K"][:32], messages=message, randomness=crypto.random_scalar())

    def opened(J: tuple[int, ...]) -> bytes:
        secrets = [shares.weighted([held[j - 1]["K"]], J=J, j=j) for j in J]
        return crypto.elgamal_open(sealed, [crypto.point_mul(scalar=s, points=sealed[:32]) for s in secrets])

    assert {opened(J) for J in itertools.combinations(range(1, 6), 3)} == {message}
    assert message not in {opened(J) for J in itertools.combinations(range(1, 6), 2)}


def test_the_three_keys_are_different_and_shares_match_their_public_shares() -> None:
    party = Party(3, 2, "abc")
    combined = dealing.combine(dealing.read_commitments(party.ceremony, party.published))
    assert len({combined[q][:32] for q in KEY_NAMES}) == 3
    for i in range(1, 4):
        for q, share in party.receive(i).items():
            assert crypto.base_mul(share) == crypto.commitments_at(combined[q], i)


@pytest.mark.parametrize("what", ["another share", "of another ceremony", "rubbish"])
def test_a_wrong_share_is_a_complaint_that_names_the_pair(what: str) -> None:
    party = Party(3, 2, "abc")
    other = Party(3, 2, "abd")
    party.sent["Z", 2, 3] = {
        "another share": party.sent["Z", 2, 1],
        "of another ceremony": other.sent["Z", 2, 3],
        "rubbish": bytes(80),
    }[what]
    with pytest.raises(Rejected, match="key Z from trustee 2 to trustee 3"):
        party.receive(3)


def test_a_dealer_whose_share_does_not_fit_its_commitments_is_named() -> None:
    party = Party(3, 2, "abc")
    lie = dict(party.polynomials[0])
    lie["K"] = crypto.random_scalar() + lie["K"][32:]
    party.sent |= {(q, 1, i): sealed for (q, i), sealed in dealing.deal(party.ceremony, 1, lie).items()}
    with pytest.raises(Rejected, match="key K from trustee 1 to trustee 2"):
        party.receive(2)


def test_commitments_copied_from_another_trustee_are_refused() -> None:
    """Without a proof of possession the last to speak could choose the key (rogue key)."""
    party = Party(3, 2, "abc")
    _, points, proof = cbor.as_list(cbor.decode(party.published["W"][0]), "file")
    party.published["W"][2] = cbor.encode([3, points, proof])
    with pytest.raises(Rejected, match="Trustee 3's commitments"):
        dealing.read_commitments(party.ceremony, party.published)


def test_nobody_goes_on_without_equal_echoes() -> None:
    party = Party(3, 2, "abc")
    seen = [dealing.echo(party.ceremony, party.published, seed) for seed in party.seeds]
    rows = [[q, j, seen[j - 1][q]] for q in KEY_NAMES for j in (1, 2, 3)]
    dealing.require_echoes(party.ceremony, party.published, b"".join(cbor.encode([*row]) for row in rows))
    for broken in (rows[:-1], [*rows[:4], [rows[4][0], rows[4][1], rows[5][2]], *rows[5:]]):
        with pytest.raises(Rejected):
            dealing.require_echoes(party.ceremony, party.published, b"".join(cbor.encode([*row]) for row in broken))


@pytest.mark.parametrize(("n", "t", "powers"), [(3, 2, "aab"), (5, 3, "aaabc"), (1, 1, "a")])
def test_one_power_of_state_may_not_reach_the_threshold_alone(n: int, t: int, powers: str) -> None:
    with pytest.raises(Rejected, match="alone appointed"):
        Party(n, t, powers)


class TwoFaced(TrusteeMachine):
    """Deals shares of another polynomial to everybody than the one it committed to."""

    def deal(self, job: Any, files: Files, out: Path) -> dict[str, Any]:
        kept = self._polynomials
        self._polynomials = dealing.draw  # type: ignore[method-assign,assignment]
        try:
            return super().deal(job, files, out)
        finally:
            self._polynomials = kept  # type: ignore[method-assign]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    (tmp_path / "pass").write_text("a phrase", encoding="utf-8")
    for j in (1, 2, 3):
        keys.create(
            tmp_path / f"t/{j}", tmp_path / "pass", hpke=True, role="trustee", index=j, name=f"T{j}", power=f"P{j}"
        )
    return tmp_path


def test_a_cheating_trustee_is_named_by_the_machine_that_saw_it(folders: Path, working: Callable[..., Any]) -> None:
    machines = [TrusteeMachine(folders / "t/1"), TwoFaced(folders / "t/2"), TrusteeMachine(folders / "t/3")]
    with working(machines), pytest.raises(Refused) as refused:
        ceremony.run(election="e", round=1, threshold=2, trustees=folders / "t", out=folders / "out")
    assert refused.value.answer["code"] == "ceremony-complaint"
    assert refused.value.answer["facts"]["dealer"] == 2
    assert not (folders / "out/trustees.cbor").exists()


def test_a_ceremony_that_was_interrupted_goes_on_and_another_is_refused(
    folders: Path, working: Callable[..., Any]
) -> None:
    """The driver is stopped after the echo; the same command finishes; a second election may not use its folder."""
    out = folders / "out"
    with working([TrusteeMachine(folders / f"t/{j}") for j in (1, 2, 3)]):
        ceremony.run(election="e", round=1, threshold=2, trustees=folders / "t", out=out)
        first = (out / "trustees.cbor").read_bytes()
        (out / "trustees.cbor").unlink()
        (out / "keys/transcript.seq").unlink()
        ceremony.run(election="e", round=1, threshold=2, trustees=folders / "t", out=out)
        with pytest.raises(BadInput, match="another key ceremony"):
            ceremony.run(election="f", round=1, threshold=2, trustees=folders / "t", out=out)
    assert (out / "trustees.cbor").read_bytes() == first
    assert not list((folders / "t").glob("*/ceremony-*.sealed")), "polynomials are forgotten after the transcript"


def test_keys_need_their_passphrase_and_are_made_once(folders: Path) -> None:
    with pytest.raises(BadInput, match="has keys already"):
        keys.create(folders / "t/1", folders / "pass", role="trustee", index=1)
    (folders / "pass").write_text("another", encoding="utf-8")
    with pytest.raises(AmanatError) as wrong:
        TrusteeMachine(folders / "t/1")
    assert wrong.value.code == "passphrase-wrong"
    (folders / "pass").write_text(" ", encoding="utf-8")
    with pytest.raises(BadInput, match="passphrase"):
        TrusteeMachine(folders / "t/1")
