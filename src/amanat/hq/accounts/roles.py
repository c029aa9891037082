"""The roles of an election's officials, and where a role holds.  Ground: domain rules §6, §8 (who is who).

A role without a scope holds everywhere.  A scope is a text `kind:id`; a county's role covers its stations.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    """What somebody is; one person may have several roles, and no two-person act is done in one of them alone."""

    HEADQUARTERS = "headquarters"
    GOVERNOR = "governor"
    EXECUTIVE_BOARD = "executive-board"
    SUPERVISORY_BOARD = "supervisory-board"
    TELECOM = "telecom"
    CIVIL_REGISTRY = "civil-registry"
    TECHNICIAN = "technician"
    TRAINER = "trainer"
    INSPECTOR = "inspector"
    CANDIDATE = "candidate"


TITLES: Final = {
    Role.HEADQUARTERS: _("ستاد انتخابات"),
    Role.GOVERNOR: _("فرماندار"),
    Role.EXECUTIVE_BOARD: _("هیأت اجرایی"),
    Role.SUPERVISORY_BOARD: _("هیأت نظارت"),
    Role.TELECOM: _("مخابرات"),
    Role.CIVIL_REGISTRY: _("ثبت احوال"),
    Role.TECHNICIAN: _("کارشناس دستگاه‌ها"),
    Role.TRAINER: _("مسئول آموزش"),
    Role.INSPECTOR: _("بازرس"),
    Role.CANDIDATE: _("داوطلب"),
}


class ScopeKind(Enum):
    """What a scope may name."""

    PROVINCE = "province"
    COUNTY = "county"
    CONTEST = "contest"
    STATION = "station"


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the election; `kind` None is all of it."""

    kind: ScopeKind | None = None
    id: str = ""

    @classmethod
    def read(cls, text: str) -> "Scope":
        """`` or `kind:id`.  Raises ValueError."""
        if not text:
            return cls()
        kind, colon, id_ = text.partition(":")
        if not colon or not id_:
            raise ValueError(text)
        return cls(ScopeKind(kind), id_)

    def __str__(self) -> str:
        """As it is stored."""
        return f"{self.kind.value}:{self.id}" if self.kind else ""

    def covers(self, other: "Scope") -> bool:
        """Whether who holds a role here holds it there; a county's stations are asked for as their county."""
        return self.kind is None or self == other
