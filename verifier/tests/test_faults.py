"""For each check a record with one planted fault, everything after it hashed and signed again by its proper owner.

The table's id names check and fault; `where` is what the place must name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import failed
from maker import PAD, STATIONS, Key, Maker, Vote, base, enc, votes
from prover import draw

from amanat_verifier import Report
from amanat_verifier.cbor import decode, encode, sequence
from amanat_verifier.group import add
from amanat_verifier.hashes import identify, sha256


def hooks(**named: Callable[[Maker, Any], Any]) -> Maker:
    return Maker(**named)


def damage(path: str, change: Callable[[bytes], bytes], *, sealed: str = "files") -> Maker:
    """The file changed before SHA256SUMS is made ("files"), or after everything ("done")."""
    return Maker(**{sealed: lambda m, files: files.update({path: change(files[path])})})


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def forge_permit(m: Maker, vote: Vote) -> None:
    if vote is m.people[0]:
        vote.permit_signature = Key().sign(m.eh, "permit", m.ph(vote))


def foreign_issuer(m: Maker, vote: Vote) -> None:
    if vote is m.people[0]:
        vote.permit[3] = 2  # the desk of the other station


def zero_credential(m: Maker, vote: Vote) -> None:
    if vote is m.people[0]:
        vote.permit[7] = bytes(32) + vote.permit[7][32:]


def forge_cast(m: Maker, people: list[Vote]) -> None:
    people[0].cast = Key().sign(m.eh, "cast", people[0].id)


def wrong_terminal(m: Maker, vote: Vote) -> None:
    if vote is m.people[0]:
        vote.permit[4] = 3


def copy_ciphertext(m: Maker, pair: list[Any]) -> None:
    vote, core = pair
    if vote is m.people[3]:
        core[3], core[4] = decode(m.people[0].core)[3], decode(m.people[0].core)[4]


def wrong_proof(m: Maker, pair: list[Any]) -> None:
    vote, core = pair
    if vote is m.people[0]:
        core[4][0] = core[4][0][:32] + enc(int.from_bytes(core[4][0][32:64], "little") + 1)


def lose_parts(m: Maker, files: dict[str, bytes]) -> None:
    """Of every ballot, so that counted ones and those set aside are both among them."""
    rows = [list(row) for row in sequence(files["ballots/1.seq"])]
    for row in rows:
        core = decode(row[0])
        row[0] = encode([*core[:3], core[3][:-1], core[4]])
    rows.sort(key=lambda row: identify(m.eh, "ballot", row[0]))
    files["ballots/1.seq"] = b"".join(map(encode, rows))


def drop_ballot(m: Maker, mine: list[Vote]) -> list[Vote]:
    return mine[1:]


def one_more_prepared(m: Maker, sheets: dict[int, list[Any]]) -> None:
    sheets[1][7] += 1


def other_roots(field: int) -> Callable[[Maker, dict[int, list[Any]]], None]:
    def change(m: Maker, sheets: dict[int, list[Any]]) -> None:
        sheets[1 if field == 12 else 0][field] = bytes(32)

    return change


def one_more_cast(m: Maker, sheets: dict[int, list[Any]]) -> None:
    sheets[1][7] += 1
    sheets[1][8] += 1


def more_permits(m: Maker, sheets: dict[int, list[Any]]) -> None:
    sheets[0][5] += 1


def forge_sheet(m: Maker, _: None) -> None:
    own, body, _signature = m.sheet_rows[0]
    m.sheet_rows[0] = (own, body, Key().sign(m.eh, "sheet", own))


def forget_device(m: Maker, order: list[Any]) -> None:
    order[6] = order[6][:-1]


def unused_though_named(m: Maker, order: list[Any]) -> None:
    order[6][3] = [3, 3, None]


def apart_without_decision(m: Maker, order: list[Any]) -> None:
    order[6][3] = [3, 4, bytes(32)]


def exchange_a_tested_id(m: Maker, people: list[Vote]) -> None:
    """Headquarters writes a cast ballot's id over a tested one and annuls the ballot: as many tests as on the sheet."""
    _, device, signature = m.tested[0]
    m.tested[0] = (people[0].id, device, signature)
    people[0].annul = True


def tried_on_a_desk(m: Maker, people: list[Vote]) -> None:
    m.test(people[0].id, 0)


def mark_as_tested(m: Maker, people: list[Vote]) -> None:
    m.test(people[0].id, people[0].permit[4])


def unapproved(m: Maker, people: list[Vote]) -> None:
    m.approvals = [row for row in m.approvals if row[0] != m.ph(people[0])]


def drop_an_approval(m: Maker, _: None) -> None:
    """Headquarters leaves out what the pad approved, so that the ballot fails V13, and annuls it as the rule says."""
    m.approvals = [row for row in m.approvals if row[0] != m.ph(m.people[0])]
    m.people[0].annul = True


def drop_it_with_the_pad(m: Maker, _: None) -> None:
    """The same where the pad is called missing, so that no sheet says what it approved."""
    m.status[PAD] = (2, None)
    drop_an_approval(m, None)


def add_an_approval(m: Maker, _: None) -> None:
    m.approvals.append(m.approval(m.people[4], PAD))


def exchange_an_approval(m: Maker, _: None) -> None:
    m.approvals[0] = m.approval(m.people[4], PAD)


def approved_by_a_terminal(m: Maker, people: list[Vote]) -> None:
    m.approvals[0] = m.approval(people[0], 1)


def pad_of_the_other_station(m: Maker, _: None) -> None:
    m.roles[PAD] = (1, 4)


def pad_that_takes_ballots(m: Maker, _: None) -> None:
    m.roles[PAD] = (0, 2 | 4)


def pad_that_issues(m: Maker, people: list[Vote]) -> None:
    m.extra_permits.append((bytes(32), PAD))


def forge_approval(m: Maker, people: list[Vote]) -> None:
    m.approvals[0][2] = Key().sign(m.eh, "approve", m.approvals[0][0])


def one_signature_false(m: Maker, rows: list[list[Any]]) -> None:
    rows[1][1] = Key().sign(m.eh, "order", m.oh)


def one_signature_missing(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return rows[:1]


def exclude_without_decision(m: Maker, exclusions: list[list[Any]]) -> list[list[Any]]:
    m.excluded = []
    return [[1, m.encrypt_person("0000000099"), 3, None]]


def exclude_on_paper(m: Maker, exclusions: list[list[Any]]) -> list[list[Any]]:
    return [[1, m.encrypt_person("0000000099"), 2, 0]]


def false_tags(m: Maker, pair: list[Any]) -> None:
    """The shares of two rows are moved apart so that the second voter's two tags differ."""
    j, outputs = pair
    if j == 1:
        shift = base(draw())
        outputs[0] = add(outputs[0], shift)


def keep_the_double(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return [row for row in rows if row[1] != 1]


def drop_the_wrong_one(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return [[row[2], 1, row[0]] if row[1] == 1 else row for row in rows]


def annul_a_good_one(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return [*rows, [m.people[0].id, 3, None]]


def late_for_no_reason(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return [*rows, [m.people[0].id, 4, None]]


def other_units(m: Maker, pair: list[Any]) -> list[Any]:
    index, units = pair
    whole = [vote for unit in units for vote in unit]
    return [index, [whole[:1], whole[1:3], whole[3:]] if index == 0 else units]


def lose_a_tuple(m: Maker, triple: list[Any]) -> list[Any]:
    contest, name, tuples = triple
    return [contest, name, tuples[1:] if contest == "majlis" else tuples]


def exchange_a_tuple(m: Maker, triple: list[Any]) -> list[Any]:
    contest, name, tuples = triple
    if contest == "majlis":
        r = draw()
        tuples[0] = [base(r), add(tuples[0][1], base(1))]
    return [contest, name, tuples]


def false_share(m: Maker, quadruple: list[Any]) -> None:
    contest, _, j, outputs = quadruple
    if contest == "majlis" and j == 2:
        outputs[0] = add(outputs[0], base(5))


def two_mixers(m: Maker, _: None) -> None:
    m.used_mixers = [0, 1]


def headquarters_mixes(m: Maker, _: None) -> None:
    m.mixer_owners = ["hq", "hq", "party-b", "party-c"]


def mixers_of_one_key(m: Maker, _: None) -> None:
    m.mixers[2] = m.mixers[1]


def move_a_vote(m: Maker, tally: dict[str, Any]) -> None:
    tally["majlis"]["votes"]["1001"] -= 1
    tally["majlis"]["votes"]["1004"] += 1


def call_it_valid(m: Maker, tally: dict[str, Any]) -> None:
    one = tally["majlis"]
    one["unreadable"] -= 1
    one["valid"] += 1
    one["votes"]["1001"] += 1


def other_winner(m: Maker, result: dict[str, Any]) -> None:
    result["contests"]["majlis"]["elected"] = ["1002"]


def wrong_total(m: Maker, result: dict[str, Any]) -> None:
    result["set_aside"]["annulled"] += 1


def lot_without_a_tie(m: Maker, _: None) -> None:
    m.lots.append((0, 0, ["1001", "1002"], ["1002"]))


def trustees_of_one_power(m: Maker, rows: list[list[Any]]) -> list[list[Any]]:
    return [[*row[:2], "one power", *row[3:]] for row in rows]


def no_possession(m: Maker, triple: list[Any]) -> list[Any]:
    q, j, proof = triple
    return [q, j, proof[:32] + enc(int.from_bytes(proof[32:], "little") + 1) if (q, j) == ("Z", 2) else proof]


def other_ceremony(m: Maker, opening: bytes) -> bytes:
    value = decode(opening)
    value[2] += 1
    return encode(value)


def foreign_device(m: Maker, rows: list[list[Any]]) -> None:
    rows[0][2] = Key().sign(m.eh, "device", rows[0][0])


def enrol_after_opening(m: Maker, rows: list[list[Any]]) -> None:
    m.entries.append(b"\x02" + bytes(32))


def copy_into_session_2(m: Maker, people: list[Vote]) -> None:
    twin = people[0]
    people.append(Vote(**(vars(twin) | {"session": 2})))


def hide_a_permit(m: Maker, _: None) -> None:
    """The desk of station 1 is missing; headquarters leaves a permit of it out, and annuls its ballot."""
    vote = m.people[4]
    m.status[2] = (2, None)
    m.permits = [row for row in m.permits if row[0] != m.ph(vote)]
    vote.annul = True


def log_no_sheet(m: Maker, exclusions: list[list[Any]]) -> None:
    m.entries = [entry for entry in m.entries if entry[0] != 3]


def second_closing_sheet(m: Maker, _: None) -> None:
    body = decode(m.sheet_rows[0][1])
    body[6] += 1
    own = identify(m.eh, "sheet", encode(body))
    m.sheet_rows.append((own, encode(body), m.device_keys[body[2]].sign(m.eh, "sheet", own)))


def station_on_paper(m: Maker, _: None) -> None:
    m.stations = [STATIONS[0], [*STATIONS[1][:5], 1]]


def trustees_of_one_key(m: Maker, rows: list[list[Any]]) -> None:
    m.trustees[1] = m.trustees[0]
    rows[1][3] = rows[0][3]


FAULTS: list[tuple[str, str, Maker]] = [
    ("V1", "tally.json", damage("tally.json", flip, sealed="done")),
    ("V1", "extra, not in SHA256SUMS", Maker(done=lambda m, f: f.update({"lots2.seq": b""}))),
    ("V1", "minutes/majlis.json", Maker(done=lambda m, f: f.pop("minutes/majlis.json"))),
    ("V1", "notes.txt", Maker(files=lambda m, f: f.update({"notes.txt": b"seen"}))),
    ("V1", "SHA256SUMS.sig", damage("SHA256SUMS.sig", flip, sealed="done")),
    ("V1", "entry 06", Maker(sealed=lambda m, f: m.entries.pop())),
    ("V2", "manifest.json", damage("manifest.json", lambda d: d.replace(b"Rudehen", b"rudehen"))),
    ("V2", "rules.toml", damage("rules.toml", lambda d: d.replace(b"1/5", b"1/4"))),
    ("V2", "on paper", hooks(start=station_on_paper)),
    ("V2", "two trustees", hooks(trustees=trustees_of_one_key)),
    ("V2", "final-list.json", Maker(files=lambda m, f: f.update({"final-list.json": b"[]"}))),
    ("V3", "keys/Z/2.cbor", hooks(possession=no_possession)),
    ("V3", "ceremony.cbor", hooks(ceremony=other_ceremony)),
    ("V3", "one power", hooks(trustees=trustees_of_one_power)),
    ("V3", "echo.seq", damage("keys/echo.seq", flip)),
    ("V3", "transcript.seq", damage("keys/transcript.seq", flip)),
    ("V4", "item 1", hooks(devices=foreign_device)),
    ("V4", "before opening", hooks(devices=enrol_after_opening)),
    ("V4", "roles that do not exist", hooks(start=pad_that_takes_ballots)),
    ("V5", "checkpoint", hooks(root=lambda m, root: sha256(root))),
    ("V5", "stands there already", Maker(sealed=lambda m, f: m.entries.append(m.entries[0]))),
    ("V5", "tile/0", damage("bulletin/tile/0/000.p/20", flip, sealed="done")),
    ("V5", "signature", damage("bulletin/checkpoint", lambda d: d.replace(b"\n20\n", b"\n19\n"), sealed="done")),
    ("V6", "issuer's signature", hooks(permit_signed=forge_permit)),
    ("V6", "issuer is no check-in device", hooks(permit=foreign_issuer)),
    ("V6", "E is not two points", hooks(permit=zero_credential)),
    ("V6", "permits.seq", hooks(summaries=lambda m, _: m.permits.pop(0))),
    ("V6", "not in permits.seq", hooks(summaries=hide_a_permit)),
    ("V7", "terminal's signature", hooks(ballots=forge_cast)),
    ("V7", "no ballot terminal", hooks(permit=wrong_terminal)),
    ("V7", "in the record already", hooks(core=copy_ciphertext)),
    ("V7", "its parts", Maker(files=lose_parts)),
    ("V7", "out of order", hooks(session=lambda m, mine: mine[::-1])),
    ("V8", "limb 0", hooks(core=wrong_proof)),
    ("V9", "missing", hooks(session=drop_ballot, logged=lambda m, ids: [v.id for v in m.people])),
    ("V9", "not in the bulletin", hooks(logged=lambda m, ids: ids[1:])),
    ("V10", "prepared", hooks(sheets=one_more_prepared)),
    ("V10", "permit_root", hooks(sheets=other_roots(11))),
    ("V10", "box_root", hooks(sheets=other_roots(12))),
    ("V10", "permits", hooks(sheets=more_permits)),
    ("V10", "signature", hooks(summaries=forge_sheet)),
    ("V10", "before the order", hooks(exclusions=log_no_sheet)),
    ("V10", "two closing sheets", hooks(summaries=second_closing_sheet)),
    ("V10", "in approvals.seq, or others", hooks(summaries=drop_an_approval)),
    ("V10", "in approvals.seq, or others", hooks(summaries=add_an_approval)),
    ("V10", "in approvals.seq, or others", hooks(summaries=exchange_an_approval)),
    ("V10", "a pad issues no permits", hooks(ballots=pad_that_issues)),
    ("V11", "accounted for", hooks(order=forget_device)),
    ("V11", "unused", hooks(order=unused_though_named)),
    ("V11", "apart", hooks(order=apart_without_decision)),
    ("V11", "cast on its sheet", hooks(sheets=one_more_cast)),
    ("V12", "tested", hooks(ballots=mark_as_tested)),
    ("V12", "item 1: no terminal's signature", hooks(ballots=exchange_a_tested_id)),
    ("V12", "no terminal's signature", hooks(ballots=tried_on_a_desk)),
    ("V13", "no second approval", hooks(ballots=unapproved)),
    ("V13", "no second approval by a pad of the station", hooks(start=pad_of_the_other_station)),
    ("V13", "no decision on it", hooks(summaries=drop_it_with_the_pad)),
    ("V13", "no approver's signature", hooks(ballots=forge_approval)),
    ("V13", "no approver's signature", hooks(ballots=approved_by_a_terminal)),
    ("V14", "supervisory-board", hooks(order_signed=one_signature_false)),
    ("V14", "every authority", hooks(order_signed=one_signature_missing)),
    ("V14", "no decision", hooks(exclusions=exclude_without_decision)),
    ("V14", "paper station", hooks(exclusions=exclude_on_paper)),
    ("V14", "tree size", hooks(order=lambda m, order: order[2].__setitem__(0, order[2][0] - 1))),
    ("V15", "1/0.proof", hooks(tag_shares=false_tags)),
    ("V15", "no such session", Maker(files=lambda m, f: f.update({"dedup/2/set-aside.seq": b""}))),
    ("V16", "says counted, must be duplicate", hooks(aside=keep_the_double)),
    ("V16", "must be", hooks(aside=drop_the_wrong_one)),
    ("V16", "says annulled, must be counted", hooks(aside=annul_a_good_one)),
    ("V17", "mix/majlis/s1-", hooks(units=other_units)),
    ("V16", "says late, must be counted", hooks(aside=late_for_no_reason)),
    ("V18", "ballots are expected", hooks(mix_input=lose_a_tuple)),
    ("V19", "mixer 0", hooks(mix_input=exchange_a_tuple)),
    ("V19", "mixer 1", Maker(cheat=("majlis", "s1-1", 1))),  # type: ignore[arg-type]
    ("V20", "fewer than 3", hooks(start=two_mixers)),
    ("V20", "not headquarters'", hooks(start=headquarters_mixes)),
    ("V20", "keys of their own", hooks(start=mixers_of_one_key)),
    ("V20", "mixer's signature", damage("mix/majlis/s1-1/2/sig", flip)),
    ("V21", "2.proof", hooks(decrypt_shares=false_share)),
    ("V22", "1 plaintexts are", Maker([Vote("0000000009", 0, ([0], None), skip=1), *votes()], tally=call_it_valid)),
    ("V23", "2 times", hooks(ballots=copy_into_session_2)),
    ("V24", "majlis.votes.1001", hooks(tally=move_a_vote)),
    ("V24", "elected", hooks(result=other_winner)),
    ("V24", "tie that is not there", hooks(start=lot_without_a_tie)),
    ("V25", "set_aside.annulled", hooks(result=wrong_total)),
    ("V25", "of no contest", Maker(files=lambda m, f: f.update({"minutes/council2.json": b"{}"}))),
    ("V25", "minutes/majlis.json", damage("minutes/majlis.json", lambda d: d.replace(b'"seats":1', b'"seats":2'))),
]


@pytest.mark.parametrize(("check", "where", "maker"), FAULTS, ids=[f"{c}: {w}" for c, w, _ in FAULTS])
def test_a_planted_fault_is_named(judge: Callable[[Maker], Report], check: str, where: str, maker: Maker) -> None:
    report = judge(maker)
    assert not report.ok
    assert check in failed(report)
    assert where in failed(report)[check]
    assert not [where for where in failed(report).values() if "verifier failed" in where]
