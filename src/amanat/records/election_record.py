"""The published record: where each file stands and how its JSON is written.  Clauses D-1, D-2."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from amanat.records.manifest import Contest, json_line
from amanat.rules.tally import Counted, Outcome

KEYS: Final = ("K", "Z", "W")
MANIFEST: Final = "manifest.cbor"
MANIFEST_JSON: Final = "manifest.json"
RULES: Final = "rules.toml"
LOTS: Final = "lots.seq"
FINAL_LIST: Final = "final-list.json"
CEREMONY: Final = "keys/ceremony.cbor"
ECHO: Final = "keys/echo.seq"
TRANSCRIPT: Final = "keys/transcript.seq"
DEVICES: Final = "devices/devices.seq"
SHEETS: Final = "journal-summaries/sheets.seq"
APPROVALS: Final = "journal-summaries/approvals.seq"
TESTED: Final = "journal-summaries/tested.seq"
PERMITS: Final = "journal-summaries/permits.seq"
TALLY: Final = "tally.json"
RESULT: Final = "result.json"
SUMS: Final = "SHA256SUMS"
SUMS_SIGNATURE: Final = "SHA256SUMS.sig"
BULLETIN: Final = "bulletin/"


def ballots_path(session: int) -> str:
    """The session's new ballots."""
    return f"ballots/{session}.seq"


def order_path(session: int) -> str:
    """O itself."""
    return f"order/{session}/order.cbor"


def order_signatures_path(session: int) -> str:
    """[authority, signature] of the order."""
    return f"order/{session}/signatures.seq"


def exclusions_path(session: int) -> str:
    """Exclusions, sorted by E."""
    return f"order/{session}/exclusions.seq"


def decisions_path(session: int) -> str:
    """[decision, [signatures]], sorted by id."""
    return f"order/{session}/decisions.seq"


def tags_path(session: int, j: int, chunk: int) -> str:
    """A trustee's tag shares of a chunk."""
    return f"dedup/{session}/{j}/{chunk}.bin"


def tags_proof_path(session: int, j: int, chunk: int) -> str:
    """Their linear proof."""
    return f"dedup/{session}/{j}/{chunk}.proof"


def set_aside_path(session: int) -> str:
    """[id, reason, reference], sorted by id."""
    return f"dedup/{session}/set-aside.seq"


def unit_name(session: int, number: int) -> str:
    """A unit's name; session and number from 1."""
    return f"s{session}-{number}"


def mix_path(contest: str, unit: str, mixer: int, name: str = "out.bin") -> str:
    """One of a mixer's three files for a unit: out.bin, proof.bin, sig."""
    return f"mix/{contest}/{unit}/{mixer}/{name}"


def decrypt_path(contest: str, unit: str, j: int) -> str:
    """A trustee's decryption shares of a unit."""
    return f"decrypt/{contest}/{unit}/{j}.bin"


def decrypt_proof_path(contest: str, unit: str, j: int) -> str:
    """Their linear proof."""
    return f"decrypt/{contest}/{unit}/{j}.proof"


def minutes_path(contest: str) -> str:
    """The contest's object of result.json."""
    return f"minutes/{contest}.json"


def tally_object(counted: Counted) -> dict[str, object]:
    """A contest's object in tally.json."""
    return {
        "votes": dict(counted.votes),
        "blank": counted.blank,
        "unreadable": counted.unreadable,
        "valid": counted.valid,
        "counted": counted.counted,
    }


def contest_object(
    contest: Contest, counted: Counted, outcome: Outcome, lots: Iterable[Sequence[str]] = ()
) -> dict[str, object]:
    """A contest's object in result.json and its minutes; `lots` are the codes drawn, in the order of lots.seq."""
    return tally_object(counted) | {
        "seats": contest.seats,
        "elected": list(outcome.elected),
        "runoff": list(outcome.runoff),
        "tied": list(outcome.tied),
        "lots": [list(drawn) for drawn in lots],
    }


def tally_json(tallies: Mapping[str, Counted]) -> str:
    """tally.json: it depends on the ballots only."""
    return json_line({contest: tally_object(counted) for contest, counted in tallies.items()})


def result_json(
    *,
    election_hash: bytes,
    contests: Mapping[str, Mapping[str, object]],
    received: int,
    counted: int,
    set_aside: Mapping[str, int],
) -> str:
    """result.json: contest objects by id and the account of ballots; set_aside has annulled, duplicate, late, paper."""
    assert set(set_aside) == {"annulled", "duplicate", "late", "paper"}
    return json_line(
        {
            "contests": {name: dict(value) for name, value in contests.items()},
            "counted": counted,
            "election_hash": election_hash.hex(),
            "received": received,
            "set_aside": dict(set_aside),
        }
    )


def sums_text(digests: Mapping[str, bytes]) -> str:
    """SHA256SUMS of these files (path → SHA-256), sorted by the paths' bytes; leaves out what it may not name."""
    paths = sorted((p for p in digests if _is_summed(p)), key=lambda path: path.encode("utf-8"))
    return "".join(f"{digests[path].hex()}  {path}\n" for path in paths)


def _is_summed(path: str) -> bool:
    return path not in (SUMS, SUMS_SIGNATURE) and not path.startswith(BULLETIN)
