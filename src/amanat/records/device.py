"""Certificates of devices: one device, one key, one journal.  Clause K-8."""

from dataclasses import dataclass
from typing import ClassVar, Final

from amanat.records.identifiers import identifier
from amanat.records.shape import Bytes32, Record

ROLE_CHECK_IN: Final = 1
ROLE_BALLOT: Final = 2
ROLE_APPROVE: Final = 4


@dataclass(frozen=True, slots=True)
class Certificate(Record):
    """A device of a station: roles (a sum of ROLE_…), Ed25519 key, number of its paper seal; signed by headquarters.

    Sign(HQ, "device", ID("device", cert)).  Whether the key is sound is checked at enrolment.  A device that approves
    (an observer's pad) has no other role, so that its sheet's `permits` say one thing (C-9).
    """

    VERSION: ClassVar[int] = 1

    device: int
    station: int
    roles: int
    key: Bytes32
    seal: str

    def has(self, role: int) -> bool:
        """Whether the device may do this."""
        return bool(self.roles & role)


def certificate_id(eh: bytes, certificate: bytes) -> bytes:
    """ID("device", cert): the bulletin's entry 01 and the `prev` of the journal's first entry."""
    return identifier("device", eh, certificate)
