"""What a terminal says of itself before the day: its checklist, and its link measured.  Readiness reads both (K-11).

Each is signed by the device, Sign(device, domain, ID(domain, report)), with the domains "checklist" and "measure".
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from amanat.records.identifiers import identifier, is_signed
from amanat.records.shape import Bytes32, Bytes64, Record

CHECKLIST: Final = "checklist"
MEASURE: Final = "measure"


class Mark(IntEnum):
    """How a line of the checklist stands."""

    MISSING = 0
    GOOD = 1
    LATER = 2  # nothing is wrong, and somebody must look: what no program can see


@dataclass(frozen=True, slots=True)
class Line(Record):
    """One line: its key, its mark (see Mark), and the fact that was found, for people."""

    key: str
    mark: int
    fact: str


@dataclass(frozen=True, slots=True)
class Checklist(Record):
    """The lines of one device; `at_ms` of its own clock."""

    VERSION: ClassVar[int] = 1

    device: int
    at_ms: int
    lines: tuple[Line, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return all(line.mark != Mark.MISSING for line in self.lines)


@dataclass(frozen=True, slots=True)
class Measurement(Record):
    """The link from this device to headquarters: `probes` small questions, of which `lost` had no answer in time; their
    median and 95th percentile; throughput there and back; the longest run of minutes without any answer."""

    VERSION: ClassVar[int] = 1

    device: int
    url: str
    from_ms: int
    to_ms: int
    probes: int
    lost: int
    median_us: int | None
    p95_us: int | None
    median_kbit: int | None
    least_kbit: int | None
    longest_outage_minutes: int
    log_digest: Bytes32
    """SHA-256 of the log, a row a minute."""


@dataclass(frozen=True, slots=True)
class SignedReport(Record):
    """A report's bytes, its device, and the signature."""

    report: bytes
    device: int
    signature: Bytes64

    def is_by(self, key: bytes, domain: str, eh: bytes) -> bool:
        """Whether the device of this key signed it."""
        return is_signed(key, domain, eh, report_id(domain, eh, self.report), self.signature)


def report_id(domain: str, eh: bytes, report: bytes) -> bytes:
    """ID(domain, report)."""
    return identifier(domain, eh, report)
