"""Check V1: the files of the record are those of D-1, each as SHA256SUMS says, and the bulletin closes over it."""

import hashlib
import re

from amanat_verifier.bulletin import SUMS, bulletin
from amanat_verifier.hashes import has_signed, sha256
from amanat_verifier.manifest import SAFE_NAME, manifest
from amanat_verifier.record import Record, names
from amanat_verifier.shapes import Fault

LIST = "SHA256SUMS"
NUMBER = "(0|[1-9][0-9]*)"
NAME = SAFE_NAME.pattern
KNOWN = re.compile(
    "|".join(
        [
            r"manifest\.(cbor|json)|rules\.toml|lots\.seq|final-list\.json|tally\.json|result\.json",
            rf"keys/(ceremony\.cbor|[KZW]/{NUMBER}\.cbor|echo\.seq|transcript\.seq)",
            r"devices/devices\.seq",
            r"journal-summaries/(sheets|approvals|tested|permits)\.seq",
            rf"ballots/{NUMBER}\.seq",
            rf"order/{NUMBER}/(order\.cbor|(signatures|exclusions|decisions)\.seq)",
            rf"dedup/{NUMBER}/({NUMBER}/{NUMBER}\.(bin|proof)|set-aside\.seq)",
            rf"mix/{NAME}/s{NUMBER}-{NUMBER}/{NUMBER}/(out\.bin|proof\.bin|sig)",
            rf"decrypt/{NAME}/s{NUMBER}-{NUMBER}/{NUMBER}\.(bin|proof)",
            rf"minutes/{NAME}\.(json|pdf)",
        ]
    )
)
LINE = re.compile(r"([0-9a-f]{64})  ([^\x00-\x1f\\]+)")


def _listed(record: Record) -> dict[str, str]:
    """The lines of SHA256SUMS: path to hash."""
    try:
        lines = record.read(LIST).decode().split("\n")
    except UnicodeDecodeError as cause:
        raise Fault(f"{LIST}: not UTF-8") from cause
    if lines.pop() != "":
        raise Fault(f"{LIST}: the last line has no end")
    listed: dict[str, str] = {}
    last = b""
    for i, line in enumerate(lines, 1):
        match = LINE.fullmatch(line)
        if not match:
            raise Fault(f"{LIST}: line {i}: not a hash, two spaces and a path")
        if match[2].encode() <= last:
            raise Fault(f"{LIST}: line {i}: out of order or repeated")
        last = match[2].encode()
        listed[match[2]] = match[1]
    return listed


def _hash(record: Record, path: str) -> str:
    try:
        with (record.root / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as cause:
        raise Fault(f"{path}: cannot be read ({cause.strerror})") from cause


def check_inventory(record: Record) -> int:
    """V1: no file missing, extra, renamed or other than listed; the list signed by headquarters; entry 06."""
    listed = _listed(record)
    present = {name for name in names(record) if not name.startswith("bulletin/")} - {LIST, f"{LIST}.sig"}
    for path in sorted(set(listed) - present):
        raise Fault(f"{path}: missing")
    for path in sorted(present - set(listed)):
        raise Fault(f"{path}: extra, not in {LIST}")
    for path, given in listed.items():
        if not KNOWN.fullmatch(path):
            raise Fault(f"{path}: no file of a record has this name")
        if _hash(record, path) != given:
            raise Fault(f"{path}: its hash is not the one in {LIST}")
    _check_closing(record)
    return len(listed)


def _check_closing(record: Record) -> None:
    found = manifest(record)
    whole = sha256(record.read(LIST))
    if not has_signed(found.hq, found.eh, "record", whole, record.read(f"{LIST}.sig")):
        raise Fault(f"{LIST}.sig: headquarters' signature does not hold")
    entries = bulletin(record).entries
    if bulletin(record).place(SUMS, whole) is None:
        raise Fault(f"bulletin: no entry 06 for {LIST}")
    if not entries or entries[-1] != bytes([SUMS]) + whole:
        record.say(f"The bulletin goes on after the entry of this record's {LIST}.")
