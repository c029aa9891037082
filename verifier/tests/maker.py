"""Makes small records for tests, a second time from the protocol's text: two stations, a handful of ballots.

A `Maker` is a polling day in steps.  A test passes hooks: functions that change what one step made before the later
steps build on it, so that everything after a planted fault is hashed and signed as an honest party would.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from prover import Ceremony, credential, draw, embed, enc, linear, lottery, negate, rank, seal, shuffle

from amanat_verifier.bulletin import Bulletin, leaf_hash, root_of, root_over
from amanat_verifier.cbor import decode, encode
from amanat_verifier.group import ZERO, add, base, sub, times, total
from amanat_verifier.hashes import challenge, identify, lagrange, sha256
from amanat_verifier.manifest import _twin, dumps
from amanat_verifier.notes import Checkpoint
from amanat_verifier.ranks import limbs, read_points
from amanat_verifier.rules import decide, read_rule

RULES = b"""id = "test"
[round.1]
method = "share"
share = "1/5"
runoff_per_seat = 2
runoff_needs_more_than_seats = true
[round.2]
method = "plurality"
"""
CONTESTS = [
    ["majlis", 1, 1, 0, 3, 0, [[f"{1001 + i}", f"نامزد {i}", f"Candidate {i}"] for i in range(4)]],
    ["council", 3, 260, 0, 3, 1, [[f"{2001 + i}", f"نامزد {i}", f"Candidate {i}"] for i in range(260)]],
]
STATIONS = [["S1", "Rudehen", "d", 1, 1, 0], ["S2", "Absard", "d", 1, 0, 0]]
DESKS, TERMINALS, SPARE, PAD = (0, 2), (1, 3), 4, 5  # devices: two of each station, one unused, S1's second signer
ROLES = [(0, 1), (0, 2), (1, 1), (1, 2), (1, 1), (0, 4)]  # station and roles of each


class Key:
    """An Ed25519 key that signs as clause E-6 says."""

    def __init__(self) -> None:
        self.public, self.secret = crypto_sign_seed_keypair(secrets.token_bytes(32))

    def plain(self, message: bytes) -> bytes:
        return crypto_sign(message, self.secret)[:64]

    def sign(self, eh: bytes, domain: str, what: bytes) -> bytes:
        return self.plain(b"amanat/v1/sign/" + domain.encode() + b"\0" + eh + what)


@dataclass
class Vote:
    """What a person does; `marks` by contest, None to leave a contest out of the permit."""

    person: str
    station: int = 0
    marks: tuple[list[int] | None, ...] = ([0], [1, 2, 3])
    session: int = 1
    annul: bool = False  # it is broken, and the record says so
    skip: int = 0  # counters passed over in embedding
    replaces: int | None = None  # index of the vote whose permit this one replaces
    # filled while made:
    permit: list[Any] = field(default_factory=list)
    permit_bytes: bytes = b""
    permit_signature: bytes = b""
    core: bytes = b""
    id: bytes = b""
    cast: bytes = b""


def votes() -> list[Vote]:
    """Six persons; the second votes twice, the fifth leaves a ballot blank."""
    return [
        Vote("0000000001", 0, ([0], [1, 2, 3])),
        Vote("0000000002", 0, ([0], [5])),
        Vote("0000000002", 1, ([0], [6])),
        Vote("0000000003", 0, ([0], [259])),
        Vote("0000000004", 1, ([2], None)),
        Vote("0000000005", 1, ([], [])),
        Vote("0000000006", 1, ([1], [1, 3])),
    ]


def vkey(name: str, public: bytes) -> str:
    blob = b"\1" + public
    return f"{name}+{sha256(name.encode() + chr(10).encode() + blob)[:4].hex()}+{base64.b64encode(blob).decode()}"


class Maker:
    """`files` is the record; hooks see it, and everything else of the day, as attributes."""

    def __init__(self, people: list[Vote] | None = None, **hooks: Callable[[Maker, Any], Any]) -> None:
        self.people = votes() if people is None else people
        self.hooks = hooks
        self.files: dict[str, bytes] = {}
        self.contests, self.stations, self.rules = CONTESTS, STATIONS, RULES
        self.round = 1
        self.hq, self.log, self.witness = Key(), Key(), Key()
        self.authorities, self.mixers = [Key(), Key()], [Key(), Key(), Key(), Key()]
        self.mixer_owners = ["hq", "party-a", "party-b", "party-c"]
        self.trustees = [Key() for _ in range(3)]
        self.device_keys = [Key() for _ in ROLES]
        self.roles = list(ROLES)
        self.entries: list[bytes] = []
        self.witnesses: list[str] = []
        self.ceremony = Ceremony(3, 2)
        self.decisions: list[tuple[int, bytes, int]] = []  # kind, reference, reason; of session 1
        self.excluded: list[str] = []  # persons
        self.lots: list[tuple[int, int, list[str], list[str]]] = []
        self.apart: list[int] = []
        self.status: dict[int, tuple[int, bytes | None]] = {SPARE: (3, None)}
        self.used_mixers = [0, 1, 2]
        self.approvals: list[list[Any]] = []
        self.tested: list[tuple[bytes, int, bytes]] = []
        self.extra_permits: list[tuple[bytes, int]] = []

    def hook(self, name: str, value: Any) -> Any:
        changed = self.hooks[name](self, value) if name in self.hooks else None
        return value if changed is None else changed

    def make(self, root: Path) -> bytes:
        """Writes the record; returns the election hash."""
        self.hook("start", None)
        self.make_keys()
        self.make_devices()
        self.make_ballots()
        sessions = sorted({vote.session for vote in self.people})
        self.make_summaries()
        self.opened: dict[str, list[list[bytes]]] = {contest[0]: [] for contest in self.contests}
        self.aside: dict[int, list[list[Any]]] = {}
        for s in sessions:
            self.make_order(s)
            self.make_tags(s)
            self.make_mixes(s)
        self.make_results()
        self.hook("files", self.files)
        self.make_sums()
        self.hook("sealed", self.files)
        self.make_bulletin()
        self.hook("done", self.files)
        for path, data in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        return self.eh

    # keys, manifest, devices

    def make_keys(self) -> None:
        dkg, n = self.ceremony, self.ceremony.n
        rows = [[j, f"trustee {j}", f"power {j}", self.trustees[j - 1].public, bytes(32)] for j in range(1, n + 1)]
        rows = self.hook("trustees", rows)
        self.trustee_rows = rows
        opening = encode(["amanat/v1/ceremony", "test-election", self.round, n, dkg.t, rows, secrets.token_bytes(32)])
        opening = self.files["keys/ceremony.cbor"] = self.hook("ceremony", opening)
        ch = sha256(opening)
        heads = []
        for q in ("K", "Z", "W"):
            whole = b""
            for j in range(1, n + 1):
                proof = self.hook("possession", [q, j, dkg.possession(ch, q, j)])[2]
                self.files[f"keys/{q}/{j}.cbor"] = encode([j, dkg.commitments[q][j - 1], proof])
                whole += self.files[f"keys/{q}/{j}.cbor"]
            heads.append(sha256(whole))
        self.files["keys/echo.seq"] = b"".join(
            encode([q, j, self.trustees[j - 1].sign(ch, "dkg-echo", head)])
            for q, head in zip("KZW", heads, strict=False)
            for j in range(1, n + 1)
        )
        whole = sha256(encode([ch, heads, *[dkg.keys[q] for q in "KZW"]]))
        self.files["keys/transcript.seq"] = b"".join(
            encode([j, self.trustees[j - 1].sign(ch, "dkg-transcript", whole)]) for j in range(1, n + 1)
        )
        manifest = [
            1, "test-election", self.round, "2024-03-01", sha256(self.rules), None, self.contests, self.stations,
            [n, dkg.t, rows, *[dkg.keys[q] for q in "KZW"]], bytes(32), [self.hq.public, bytes(32)],
            vkey("bulletin.test", self.log.public), self.witnesses,
            [[f"mixer {i}", o, k.public] for i, (o, k) in enumerate(zip(self.mixer_owners, self.mixers, strict=True))],
            [["governor", self.authorities[0].public], ["supervisory-board", self.authorities[1].public]], None,
        ]  # fmt: skip
        data = self.hook("manifest", encode(manifest))
        self.files["manifest.cbor"], self.eh = data, sha256(data)
        self.files["manifest.json"] = dumps(_twin(decode(data)))
        self.files["rules.toml"] = self.rules
        self.K, self.Z, self.W = (dkg.keys[q][0] for q in "KZW")

    def make_devices(self) -> None:
        rows = []
        for number, (station, role) in enumerate(self.roles):
            certificate = encode([1, number, station, role, self.device_keys[number].public, f"seal {number}"])
            own = identify(self.eh, "device", certificate)
            rows.append([own, certificate, self.hq.sign(self.eh, "device", own), None])
        self.device_ids = [row[0] for row in rows]
        rows = self.hook("devices", sorted(rows))
        self.files["devices/devices.seq"] = b"".join(encode(row[1:]) for row in rows)
        self.batch(1, [row[0] for row in rows])

    def batch(self, kind: int, values: list[bytes]) -> None:
        self.entries += sorted(bytes([kind]) + value for value in values)

    # the polling day

    def encrypt_person(self, person: str) -> bytes:
        r = draw()
        return times(r, self.Z) + add(credential(self.eh, person), times(r, self.W))

    def make_ballots(self) -> None:
        for vote in self.people:
            mask = sum(1 << i for i, marks in enumerate(vote.marks) if marks is not None)
            desk, terminal = DESKS[vote.station], TERMINALS[vote.station]
            first = None if vote.replaces is None else self.people[vote.replaces].permit[1]
            vote.permit = [1, secrets.token_bytes(16), vote.station, desk, terminal, mask, first,
                           self.encrypt_person(vote.person)]  # fmt: skip
            self.hook("permit", vote)
            vote.permit_bytes = encode(vote.permit)
            ph = identify(self.eh, "permit", vote.permit_bytes)
            vote.permit_signature = self.device_keys[desk].sign(self.eh, "permit", ph)
            self.hook("permit_signed", vote)
            approval = self.approval(vote, PAD)
            self.approvals += [approval] if vote.station == 0 and approval not in self.approvals else []
            parts, proofs = [], []
            for i, marks in enumerate(vote.marks):
                if marks is not None:
                    pairs, proof, _ = seal(self.eh, ph, i, self.K, self.points(i, marks, vote.skip))
                    parts.append(pairs)
                    proofs.append(proof)
            core = self.hook("core", [vote, [1, vote.permit_bytes, vote.permit_signature, parts, proofs]])[1]
            vote.core = encode(core)
            vote.id = identify(self.eh, "ballot", vote.core)
            vote.cast = self.device_keys[terminal].sign(self.eh, "cast", vote.id)
        test = identify(self.eh, "ballot", b"a ballot that was tested")
        self.test(test, TERMINALS[0])
        self.hook("ballots", self.people)

    def test(self, ballot: bytes, device: int) -> None:
        self.tested.append((ballot, device, self.device_keys[device].sign(self.eh, "tested", ballot)))

    def approval(self, vote: Vote, device: int) -> list[Any]:
        ph = self.ph(vote)
        return [ph, device, self.device_keys[device].sign(self.eh, "approve", ph)]

    def points(self, contest: int, marks: list[int], skip: int) -> list[bytes]:
        _, _, k, _, _, _, candidates = self.contests[contest]
        number = rank(marks, len(candidates))
        return [
            embed(number >> 246 * i & (1 << 246) - 1, skip=skip if i == 0 else 0)
            for i in range(limbs(len(candidates), k))
        ]

    def ph(self, vote: Vote) -> bytes:
        return identify(self.eh, "permit", vote.permit_bytes)

    def make_summaries(self) -> None:
        self.permits = sorted([*{(self.ph(v), v.permit[3]) for v in self.people}, *self.extra_permits])
        self.boxes = {n: sorted({v.id for v in self.people if v.permit[4] == n}) for n in range(6)}
        self.sheets: dict[int, list[Any]] = {}
        for number in (*DESKS, *TERMINALS, PAD):
            mine = [ph for ph, device in self.permits if device == number]
            mine += sorted({ph for ph, device, _ in self.approvals if device == number == PAD})
            box, tests = self.boxes[number], sum(device == number for _, device, _ in self.tested)
            sheet = [1, 2, number, 99, bytes(32), len(mine), 0, len(box) + tests, len(box), tests, 0,
                     root_over(mine), root_over(box)]  # fmt: skip
            self.sheets[number] = sheet
        self.hook("sheets", self.sheets)
        self.sheet_rows = []
        for number, sheet in self.sheets.items():
            own = identify(self.eh, "sheet", encode(sheet))
            self.sheet_rows.append((own, encode(sheet), self.device_keys[number].sign(self.eh, "sheet", own)))
            self.status.setdefault(number, (0, own))
        self.hook("summaries", None)
        at = "journal-summaries"
        self.files[f"{at}/sheets.seq"] = b"".join(encode(list(row[1:])) for row in sorted(self.sheet_rows))
        self.files[f"{at}/permits.seq"] = b"".join(encode(list(row)) for row in self.permits)
        self.files[f"{at}/approvals.seq"] = b"".join(encode(row) for row in sorted(self.approvals))
        self.files[f"{at}/tested.seq"] = b"".join(encode(list(row)) for row in sorted(self.tested))

    # order, tags, set-aside

    def signed(self, domain: str, what: bytes) -> list[bytes]:
        return [key.sign(self.eh, domain, what) for key in self.authorities]

    def make_order(self, s: int) -> None:
        mine = sorted({v.id: v for v in self.people if v.session == s}.values(), key=lambda v: v.id)
        self.mine = mine = self.hook("session", mine)
        self.files[f"ballots/{s}.seq"] = b"".join(encode([v.core, v.cast]) for v in mine)
        self.batch(2, self.hook("logged", [v.id for v in mine]))
        if s == 1:
            self.batch(3, [row[0] for row in self.sheet_rows])
        rows = [(person, self.encrypt_person(person)) for person in self.excluded] if s == 1 else []
        self.exclusions = self.hook("exclusions", sorted([1, e, 3, None] for _, e in rows))
        decisions = list(self.decisions) if s == 1 else []
        decisions += [(3, sha256(e), 3) for _, e in rows]
        decided = []
        for kind, reference, reason in self.hook("decisions", decisions):
            body = encode([1, kind, reference, reason, bytes(32)])
            own = identify(self.eh, "decision", body)
            decided.append([own, body, self.signed("decision", own)])
        self.decided = (
            {(d[0], r) for d, r in zip(decided, decisions, strict=False)} if len(decided) == len(decisions) else set()
        )
        decided = self.hook("decided", sorted(decided))
        self.batch(4, [d[0] for d in decided])
        folder = f"order/{s}"
        self.files[f"{folder}/decisions.seq"] = b"".join(encode(d[1:]) for d in decided)
        self.files[f"{folder}/exclusions.seq"] = b"".join(map(encode, self.exclusions))
        hashes = [sha256(self.files[p]) for p in (f"ballots/{s}.seq", f"{folder}/exclusions.seq",
                                                  f"{folder}/decisions.seq")]  # fmt: skip
        root = root_of([leaf_hash(e) for e in self.entries])
        lines = [[n, *self.status[n]] for n in sorted(self.status)] if s == 1 else []
        order = [1, s, [len(self.entries), root], *hashes, lines, self.used_mixers, self.apart]
        order = self.hook("order", order)
        self.files[f"{folder}/order.cbor"] = encode(order)
        self.oh = identify(self.eh, "order", encode(order))
        signatures = self.hook("order_signed", [[i, x] for i, x in enumerate(self.signed("order", self.oh))])
        self.files[f"{folder}/signatures.seq"] = b"".join(map(encode, signatures))
        self.batch(5, [self.oh])

    def make_tags(self, s: int) -> None:
        dkg, who = self.ceremony, [1, 3]
        self.by_decision = {reference: (own, reason) for own, (_, reference, reason) in self.decided if reason}
        live = {self.ph(v): v for v in self.mine if not v.annul and v.id not in self.by_decision}
        pairs = [live[ph].permit[7] for ph in sorted(live)] + [x[1] for x in self.exclusions]
        rows = [[e[32:], negate(e[:32])] for e in pairs]
        for j in who if rows else []:
            sigmas = [lagrange(j, who) * dkg.share(q, j) for q in ("Z", "W")]
            outputs = [total(times(x, p) for x, p in zip(sigmas, row, strict=False)) for row in rows]
            outputs = self.hook("tag_shares", [j, outputs])[1]
            self.files[f"dedup/{s}/{j}/0.bin"] = b"".join(outputs)
            context = [self.oh, who, j, 0]
            self.files[f"dedup/{s}/{j}/0.proof"] = linear(self.eh, "tag", context, sigmas, rows, outputs)
        self.aside[s] = sorted(self.hook("aside", self.set_aside()))
        self.files[f"dedup/{s}/set-aside.seq"] = b"".join(map(encode, self.aside[s]))

    def tag(self, person: str) -> bytes:
        return times(self.ceremony.secret["Z"], credential(self.eh, person))

    def set_aside(self) -> list[list[Any]]:
        rows: list[list[Any]] = []
        kept = getattr(self, "kept", {})
        groups: dict[str, list[Vote]] = {}
        for vote in self.mine:
            if vote.annul:
                rows.append([vote.id, 3, None])
            elif vote.id in self.by_decision:
                own, reason = self.by_decision[vote.id]
                rows.append([vote.id, reason, own])
            elif vote.person in self.excluded:
                item = self.exclusions[self.excluded.index(vote.person)]
                rows.append([vote.id, 3, sha256(encode(item))])
            else:
                groups.setdefault(vote.person, []).append(vote)
        for person, group in groups.items():
            serials = {v.permit[1] for v in group}
            left = [v for v in group if v.permit[6] not in serials]
            winner = kept.get(person) or min((lottery(self.tag(person), v.id), v.id) for v in left)[1]
            kept[person] = winner
            rows += [[v.id, 1, winner] for v in group if v.id != winner]
        self.kept = kept
        return rows

    # mix, decrypt, tally

    def units(self, s: int, contest: int) -> list[list[Vote]]:
        aside = {row[0] for row in self.aside[s]}
        unit_min = self.contests[contest][4]
        units: list[list[Vote]] = []
        opened: list[Vote] = []
        for station in range(len(self.stations)):
            opened += [
                v for v in self.mine
                if v.permit[2] == station and v.id not in aside and v.marks[contest] is not None
            ]  # fmt: skip
            if len(opened) >= unit_min:
                units.append(opened)
                opened = []
        if opened and units:
            units[-1] += opened
        elif opened:
            units.append(opened)
        return units

    def make_mixes(self, s: int) -> None:
        for i, contest in enumerate(self.contests):
            for n, unit in enumerate(self.hook("units", [i, self.units(s, i)])[1], 1):
                self.make_unit(i, contest[0], f"s{s}-{n}", sorted(unit, key=lambda v: v.id))

    def make_unit(self, index: int, contest: str, name: str, unit: list[Vote]) -> None:
        tuples = []
        for vote in unit:
            body = decode(vote.core)[3]
            part = body[sum(vote.marks[i] is not None for i in range(index))]
            tuples.append([part[i : i + 32] for i in range(0, len(part), 32)])
        tuples = self.hook("mix_input", [contest, name, tuples])[2]
        for mixer in self.used_mixers:
            cheat = self.hooks.get("cheat") == (contest, name, mixer)  # type: ignore[comparison-overlap]
            context = [self.oh, index, name, mixer]
            tuples, proof = shuffle(self.eh, context, self.K, tuples, cheat=cheat)
            folder = f"mix/{contest}/{name}/{mixer}"
            out = b"".join(p for row in tuples for p in row)
            self.files[f"{folder}/out.bin"], self.files[f"{folder}/proof.bin"] = out, proof
            what = identify(self.eh, "mix", encode([self.oh, index, name, mixer, sha256(out), sha256(proof)]))
            self.files[f"{folder}/sig"] = self.mixers[mixer].sign(self.eh, "mix", what)
        self.decrypt(index, contest, name, tuples)

    def decrypt(self, index: int, contest: str, name: str, tuples: list[list[bytes]]) -> None:
        who = [2, 3]
        first = [p for row in tuples for p in row[0::2]]
        shares = []
        for j in who:
            sigma = lagrange(j, who) * self.ceremony.share("K", j)
            outputs = self.hook("decrypt_shares", [contest, name, j, [times(sigma, a) for a in first]])[3]
            shares.append(outputs)
            folder = f"decrypt/{contest}/{name}"
            self.files[f"{folder}/{j}.bin"] = b"".join(outputs)
            context = [self.oh, index, name, who, j]
            self.files[f"{folder}/{j}.proof"] = linear(
                self.eh, "decrypt", context, [sigma], [[a] for a in first], outputs
            )
        width = len(tuples[0]) // 2
        for i, row in enumerate(tuples):
            self.opened[contest].append([
                sub(b, total(share[i * width + k] for share in shares)) for k, b in enumerate(row[1::2])
            ])  # fmt: skip

    def make_results(self) -> None:
        self.files["lots.seq"] = b"".join(self.lot(*row) for row in self.lots)
        self.tally: dict[str, Any] = {}
        for name, _, k, _, _, _, candidates in self.contests:
            codes = [c[0] for c in candidates]
            found = [read_points(points, len(codes), k) for points in self.opened[name]]
            votes = {code: sum(i in (chosen or ()) for chosen in found) for i, code in enumerate(codes)}
            blank, unreadable = found.count(()), found.count(None)
            self.tally[name] = {
                "votes": votes, "blank": blank, "unreadable": unreadable, "counted": len(found),
                "valid": len(found) - blank - unreadable,
            }  # fmt: skip
        self.hook("tally", self.tally)
        self.files["tally.json"] = dumps(self.tally)
        contests = {}
        for index, (name, seats, *_) in enumerate(self.contests):
            drawn = {purpose: tuple(names) for i, purpose, _, names in self.lots if i == index}
            rule = read_rule(self.rules, self.round)
            one = self.tally[name]
            outcome = decide(rule, one["votes"], valid=one["valid"], seats=seats, drawn=drawn)
            contests[name] = one | {
                "seats": seats, "elected": list(outcome.elected), "runoff": list(outcome.runoff),
                "tied": list(outcome.tied), "lots": [names for i, _, _, names in self.lots if i == index],
            }  # fmt: skip
        reasons = [row[1] for rows in self.aside.values() for row in rows]
        received = sum(len(decode_sequence(d)) for p, d in self.files.items() if p.startswith("ballots/"))
        result = self.hook("result", {
            "contests": contests, "counted": received - len(reasons), "election_hash": self.eh.hex(),
            "received": received,
            "set_aside": {n: reasons.count(i) for i, n in enumerate(("duplicate", "paper", "annulled", "late"), 1)},
        })  # fmt: skip
        self.files["result.json"] = dumps(result)
        for name, whole in contests.items():
            self.files[f"minutes/{name}.json"] = dumps(whole)

    def lot(self, index: int, purpose: int, tied: list[str], drawn: list[str]) -> bytes:
        body = encode([1, index, purpose, tied, drawn, bytes(32)])
        return encode([body, self.signed("lot", identify(self.eh, "lot", body))])

    def make_sums(self) -> None:
        lines = [f"{sha256(data).hex()}  {path}\n" for path, data in self.files.items()]
        whole = "".join(sorted(lines, key=lambda line: line[66:])).encode()
        self.files["SHA256SUMS"] = whole
        self.files["SHA256SUMS.sig"] = self.hq.sign(self.eh, "record", sha256(whole))
        self.batch(6, [sha256(whole)])

    def make_bulletin(self) -> None:
        leaves = [leaf_hash(e) for e in self.entries]
        tree = Bulletin(self.entries, leaves, Checkpoint(0, b"", frozenset()), {})
        for path, data in tree.files().items():
            self.files[f"bulletin/{path}"] = data
        root = self.hook("root", root_of(leaves))
        note = f"bulletin.test\n{len(leaves)}\n{base64.b64encode(root).decode()}\n".encode()
        text = note + b"\n" + self.note_line("bulletin.test", self.log, note)
        if self.witnesses:
            text += self.note_line("witness.test", self.witness, note)
        self.files["bulletin/checkpoint"] = text

    @staticmethod
    def note_line(name: str, key: Key, note: bytes) -> bytes:
        number = sha256(name.encode() + b"\n\1" + key.public)[:4]
        return f"— {name} {base64.b64encode(number + key.plain(note)).decode()}\n".encode()


def decode_sequence(data: bytes) -> list[Any]:
    from amanat_verifier.cbor import sequence

    return list(sequence(data))


__all__ = ["ZERO", "Key", "Maker", "Vote", "base", "challenge", "enc", "vkey", "votes"]
