"""Whole counts of a small county, by the real machines over their folders (T-1 to T-10)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amanat.count.exchange import Files, Gone, Refused, ask, write_plain
from amanat.count.mix import signed
from amanat.count.mixer import MixerMachine
from amanat.count.publish import draw_lot
from amanat.count.tags import tag_trustees
from amanat.errors import Rejected
from amanat.records.identifiers import sign
from amanat.records.order import Reason


def test_maryam_votes_at_two_stations_and_one_ballot_counts(county: Callable[..., Any]) -> None:
    """Maryam votes in stations 1 and 2, which could not know.  Wanted: both ballots held, the tags show one person,
    one counts and the other is a duplicate of it (T-3, T-5, P-1)."""
    place = county()
    place.fill()
    both = [place.vote(500, 0, 2), place.vote(500, 1, 2)]
    seconds = place.count()
    aside = place.set_aside()
    dropped = next(iter(aside))
    kept = next(cast.id for cast in both if cast.id != dropped)
    assert aside == {dropped: (Reason.DUPLICATE, kept)}
    result = place.result
    assert (result["received"], result["counted"], result["set_aside"]["duplicate"]) == (32, 31, 1)
    assert result["contests"]["majlis"]["votes"] == {"1001": 20, "1002": 10, "1003": 1, "1004": 0}
    assert result["contests"]["majlis"]["elected"] == ["1001"]
    assert set(seconds) == {"check", "tags", "mix", "decrypt"}


def test_a_replaced_permit_wins_over_its_replacement(county: Callable[..., Any]) -> None:
    """A clerk lets six people cast, voids their permits as abandoned and casts again in their names.  Wanted: the
    people's own ballots count, all six times, so that voiding never changes a vote (C-7, T-5)."""
    place = county()
    place.fill()
    own = [place.vote(500 + person, 0, 2) for person in range(6)]
    for cast in own:
        place.vote(cast.person, 0, 3, replaces=cast.serial)
    place.count()
    aside = place.set_aside()
    assert sorted(ref for _, ref in aside.values()) == sorted(cast.id for cast in own)
    assert place.result["contests"]["majlis"]["votes"]["1003"] == 6
    assert place.result["contests"]["majlis"]["votes"]["1004"] == 0


def test_who_is_not_eligible_is_annulled_by_name_of_the_exclusion(county: Callable[..., Any]) -> None:
    """A voter proves under age; the boards exclude the person, not a code.  Wanted: the ballot is annulled with the
    exclusion as its public reason, and nobody else's is (T-5 b)."""
    place = county()
    place.fill()
    cast = place.vote(500, 1, 3)
    exclusion = place.exclude(500)
    place.exclude(501)  # who never came: an exclusion without a ballot changes nothing
    place.count()
    assert place.set_aside() == {cast.id: (Reason.ANNULLED, exclusion.item_digest)}


def test_a_trustee_drops_out_between_tags_and_decryption(county: Callable[..., Any], working: Any) -> None:
    """Trustees 1, 2, 3 make the tags; the mixers are not there yet and the count stops.  On the next day trustees 1
    and 2 are ill.  Wanted: the same command goes on with 3, 4, 5 and the same tags (K-7, T-9)."""
    place = county()
    place.fill()
    place.order()
    with working([place.trustee(j) for j in (1, 2, 3)]), pytest.raises(Gone):
        place.run(patience=4.0)
    with working([*(place.trustee(j) for j in (3, 4, 5)), *map(place.mixer, range(3))]):
        place.run(patience=4.0)
    files = Files(place.record)
    assert tag_trustees(files, 1) == [1, 2, 3]
    shares = {name.rsplit("/", 1)[1] for name in files.below("decrypt/majlis/s1-1")}
    assert shares == {f"{j}.{kind}" for j in (3, 4, 5) for kind in ("bin", "proof")}
    assert place.result["counted"] == 30


def test_a_trustee_falls_silent_in_the_middle_of_a_step(county: Callable[..., Any], working: Any) -> None:
    """Trustee 2's machine looked alive and answers nothing.  Wanted: the step is done by another set of three."""
    place = county()
    place.fill()
    place.order()
    (place.root / "trustees/2/alive").touch()
    with working([*(place.trustee(j) for j in (1, 3, 4)), *map(place.mixer, range(3))]):
        place.run(patience=3.0)
    assert tag_trustees(Files(place.record), 1) == [1, 3, 4]


def copy_one(mixed: bytes) -> bytes:
    """The first ballot in the second's place."""
    return mixed[:64] * 2 + mixed[128:]


def drop_one(mixed: bytes) -> bytes:
    """The last ballot is gone."""
    return mixed[:-64]


def no_point(mixed: bytes) -> bytes:
    """Something that is no point in the place of one."""
    return b"\xff" * 32 + mixed[32:]


class CheatingMixer(MixerMachine):
    """Mixes honestly, then changes the output and signs that."""

    cheat: Callable[[bytes], bytes]

    def mix(self, job: Any, files: Files, out: Path) -> dict[str, Any]:
        answer = super().mix(job, files, out)
        sorted_ = self.sorted(job, files)
        for unit in job.items("units", str):
            mixed = self.cheat((out / unit / "out.bin").read_bytes())
            proof = (out / unit / "proof.bin").read_bytes()
            digest = signed(sorted_, 0, unit, self.index, mixed, proof)
            write_plain(out / unit / "out.bin", mixed)
            write_plain(out / unit / "sig", sign(self.signing_seed, "mix", sorted_.session.election.eh, digest))
        return answer


@pytest.mark.parametrize("cheat", [copy_one, drop_one, no_point])
def test_a_mixer_that_cheats_is_refused_by_the_next(
    county: Callable[..., Any], working: Any, cheat: Callable[[bytes], bytes]
) -> None:
    """The first mixer copies a ballot over another, or drops one, or spoils one.  Wanted: the second refuses to mix,
    naming check, unit and mixer, and no trustee has used a key on it (T-1, V19)."""
    place = county()
    place.fill()
    place.order()
    cheater = CheatingMixer(place.root / "mixers/0")
    cheater.cheat = cheat
    machines = [*(place.trustee(j) for j in (1, 2, 3)), cheater, place.mixer(1), place.mixer(2)]
    with working(machines), pytest.raises(Refused) as refused:
        place.run()
    assert refused.value.machine == "1"
    assert refused.value.answer["facts"]["check"] == "V19"
    assert refused.value.answer["facts"]["where"].startswith("mix/majlis/s1-1/0/")
    assert "V19" in refused.value.say("en")
    assert not (place.record / "decrypt").exists()


def test_a_trustee_refuses_another_order_and_another_list(county: Callable[..., Any], working: Any) -> None:
    """After the count headquarters drops one ballot and asks to count again, which would show that vote.  Wanted:
    the trustee's machine has kept the first order and refuses the second (T-7, V23)."""
    place = county()
    place.fill()
    place.count()
    changed = place.record / "order/1/order.cbor"
    changed.write_bytes(changed.read_bytes()[:-1] + b"\x81\x00")
    job = {"kind": "decrypt", "session": 1, "contest": 0, "units": ["s1-1"], "J": [1, 2, 3]}
    with working([place.trustee(1)]), pytest.raises(Refused, match="another version of order"):
        ask(place.root / "trustees/1", job, {}, record={"order/1/order.cbor": changed})


def test_a_tie_stops_for_a_lot(county: Callable[..., Any]) -> None:
    """Two candidates stand level at the only seat.  Wanted: the place stays open and both are named; a lot that draws
    a third is refused; the recorded lot fills the place (M-6, T-10)."""
    place = county(rule_set="by-election", choices=1)
    for person in range(20):
        place.vote(person, person % 3, person % 2)
    place.count()
    assert place.result["contests"]["majlis"]["tied"] == ["1001", "1002"]
    assert place.result["contests"]["majlis"]["elected"] == []
    election = place.session().election
    where = {"record": place.record, "authorities": place.root / "authorities", "election": election}
    with pytest.raises(Rejected):
        draw_lot(**where, contest="majlis", drawn=["1003"], text=b"minutes")
    draw_lot(**where, contest="majlis", drawn=["1002"], text=b"minutes")
    assert place.result["contests"]["majlis"]["elected"] == ["1002"]
    assert place.result["contests"]["majlis"]["lots"] == [["1002"]]
    assert place.result["counted"] == 20


def test_headquarters_list_must_give_the_tags_groups(county: Callable[..., Any]) -> None:
    """Headquarters' private list names as one person two people whom the tags tell apart.  Wanted: the count stops
    before anything is set aside (T-6)."""
    place = county()
    place.fill()
    place.close()
    permits = [place.permit_hash(cast).hex() for cast in place.casts[:2]]
    (place.private / "cases.json").write_text(f'{{"groups": [["{permits[0]}", "{permits[1]}"]]}}', encoding="utf-8")
    with pytest.raises(Rejected, match="1 groups of one person's permits differ"):
        place.count()
    assert not (place.record / "dedup/1/set-aside.seq").exists()


def test_a_station_kept_apart_has_its_own_units_or_is_late(county: Callable[..., Any]) -> None:
    """Station 3 is kept apart with six ballots where units have ten.  Wanted: they are *late*, not mixed in a unit
    that would show them; the others are counted (T-7)."""
    place = county(apart=("S003",))
    for person in range(26):
        place.vote(person, person % 2 if person < 20 else 2, 0)
    place.count()
    aside = place.set_aside()
    assert len(aside) == 6
    assert set(aside.values()) == {(Reason.LATE, None)}
    assert place.result["set_aside"]["late"] == 6
    assert place.result["contests"]["majlis"]["counted"] == 20


def test_whole_ballots_of_many_names_need_two_ciphertexts_and_are_read_back(county: Callable[..., Any]) -> None:
    """Seats 30, names 3,600: a rank of 247 bits takes two ciphertexts, which are mixed as one tuple (B-2, T-8)."""
    place = county(candidates=3600, choices=30, seats=30, rule_set="by-election")
    for person in range(12):
        place.vote(person, person % 3, *range(3570, 3600))
    place.vote(12, 0)
    place.count()
    contest = place.result["contests"]["majlis"]
    assert (contest["counted"], contest["blank"], contest["unreadable"]) == (13, 1, 0)
    assert contest["elected"] == [str(1001 + at) for at in range(3570, 3600)]


def test_the_same_command_again_changes_nothing(county: Callable[..., Any]) -> None:
    """The count is done and somebody starts it again.  Wanted: no machine is needed and not a byte differs."""
    place = county()
    place.fill(12)
    place.count()
    before = {path: path.read_bytes() for path in place.record.rglob("*") if path.is_file()}
    place.run(patience=0.1)
    assert {path: path.read_bytes() for path in place.record.rglob("*") if path.is_file()} == before


def test_ballots_that_fail_their_own_checks_are_annulled_and_nothing_else(county: Callable[..., Any]) -> None:
    """Five dishonest ballots: a cast signature of another, a proof for another permit, a permit on no sheet, a ballot
    that was tested, a ciphertext used twice.  Wanted: each annulled (of the twins the later), the others counted
    (T-4, P-5)."""
    place = county()
    place.fill()
    wrong_signature = place.put(0, replace(place.made(500, 0, 1), signature=place.casts[0].signature))
    original = place.casts[0]
    copied = place.put(0, place.copied_proof(501, 0, original))
    unlisted = place.vote(502, 1, 1)
    place.unlisted.add(place.permit_hash(unlisted))
    tested = place.vote(503, 2, 1)
    place.test(tested.id, 2)
    twins = place.twins(504, 505, 1)
    place.count()
    bad = {cast.id for cast in (wrong_signature, unlisted, tested)} | {max(twin.id for twin in twins)}
    bad |= {max(copied, original, key=lambda cast: cast.id).id, copied.id}
    assert place.set_aside() == dict.fromkeys(bad, (Reason.ANNULLED, None))
    assert place.result["contests"]["majlis"]["counted"] == 36 - len(bad)
