"""A record of sixty ballots for the verifier's mutants: `python -m tests.verifier.small_record FOLDER` makes
FOLDER/record, FOLDER/other (a smaller one of another election) and FOLDER/keys.json (the seeds of headquarters and of
the bulletin, in hex).

The trustees, mixers and boards are the real machines.  In the record: two people with two ballots each, an exclusion,
an annulled ballot, decisions on a ballot and on a permit, tests on two terminals, second approvals in one station, a
device without a closing sheet and with a permit that nobody used, a tie and its lot.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.count.conftest import BULLETIN_SEED, HQ_SEED, ROLES, County, make_hall

from amanat.count import keys
from amanat.records import cbor
from amanat.records import election_record as paths
from amanat.records.cbor import as_bytes, as_list
from amanat.records.identifiers import identifier, sign
from amanat.records.order import Decision, DecisionKind, Lot, Reason
from amanat.records.sheet import Sheet, sheet_id
from amanat.rules.tally import Purpose

CARRIED = 1  # the device whose closing sheet did not come
PERSONS = 54
UNUSED = bytes(31) + b"\1"  # the first of all permit hashes


class SmallCounty(County):
    """One device is carried: it has no closing sheet, and one of its permits was never used."""

    def sheets(self) -> list[bytes]:
        """As County's, less the carried device's."""
        super().sheets()
        rows = [as_list(row, "sheet") for row in cbor.decode_seq((self.record / paths.SHEETS).read_bytes())]
        left = [row for row in rows if Sheet.decode(as_bytes(row[0], "sheet")).device != CARRIED]
        self.write(paths.SHEETS, cbor.encode_seq(left))
        permits = cbor.decode_seq((self.record / paths.PERMITS).read_bytes())
        self.write(paths.PERMITS, cbor.encode_seq(sorted([*permits, [UNUSED, CARRIED]])))  # type: ignore[type-var]
        ends = json.loads((self.private / "devices.json").read_text(encoding="utf-8"))
        ends[CARRIED] = [CARRIED, 1, os.urandom(32).hex()]
        (self.private / "devices.json").write_text(json.dumps(ends), encoding="utf-8")
        return [sheet_id(self.eh, as_bytes(row[0], "sheet")) for row in left]


def _vote(county: County) -> None:
    for person in range(PERSONS):
        county.vote(person, person % 3, person // 3 % 2)  # candidates 0 and 1 stand level
    county.vote(0, 1, 0)
    county.vote(1, 1, 0, replaces=county.boxes[1][0].serial)
    county.vote(900, 0, 2)
    county.exclude(900)
    county.put(0, replace(county.made(901, 0, 2), signature=county.casts[0].signature))
    by_id, by_permit = county.vote(902, 1, 2), county.vote(903, 2, 2)
    county.decisions.append(Decision(DecisionKind.BALLOT, by_id.id, Reason.ANNULLED, bytes(32)))
    county.decisions.append(Decision(DecisionKind.PERMIT, county.permit_hash(by_permit), Reason.ANNULLED, bytes(32)))
    for cast in county.boxes[2]:
        county.approve(cast)
    for device in (0, 2):
        county.test(os.urandom(32), device)


def _draw(county: County) -> None:
    """Both boards record the lot between the two who stand level."""
    lot = Lot(0, Purpose.SEAT, ("1001", "1002"), ("1002",), bytes(32)).encode()
    boards = [keys.Keys(county.root / "authorities" / role).signing_seed for role in ROLES]
    digest = identifier("lot", county.eh, lot)
    signatures = [sign(seed, "lot", county.eh, digest) for seed in boards]
    county.write(paths.LOTS, cbor.encode_seq([[lot, signatures]]))


def _count(county: County, votes: Callable[[County], None], lot: Callable[[County], None] | None = None) -> Path:
    votes(county)
    county.close()
    if lot is not None:
        lot(county)
    county.count(patience=60.0)
    county.publish()
    return county.record


def make(folder: Path) -> None:
    """Writes record, other and keys.json."""
    (folder / "hall").mkdir()
    hall = make_hall(folder / "hall")
    homes = [folder / name for name in ("here", "elsewhere")]
    for home in homes:
        shutil.copytree(hall, home)
    record = _count(SmallCounty(homes[0], unit_min=15, approvals=1), _vote, _draw)
    other = _count(County(homes[1], unit_min=5), lambda county: county.fill(12))
    shutil.copytree(record, folder / "record")
    shutil.copytree(other, folder / "other")
    seeds = {"hq": HQ_SEED.hex(), "bulletin": BULLETIN_SEED.hex()}
    (folder / "keys.json").write_text(json.dumps(seeds), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
