"""What a paper says, and what a printer's answer can be: shared by all printers."""

import json
from dataclasses import dataclass
from typing import Final

from amanat.errors import AmanatError

GOOD: Final = "good"
PAPER_LOW: Final = "paper-low"
FAILED: Final = "failed"

SENT: Final = "slip-not-printed"
"""The fault of a slip that was sent and not confirmed."""


class PrinterFault(AmanatError):
    """The slip was not acknowledged; what the slip says is unaffected.

    Code SENT: nobody knows what is on the paper; any other: nothing of it was sent.
    """


@dataclass(frozen=True, slots=True)
class Slip:
    """A paper: its kind (permit, prepared, cast, test, zero, hourly, closing, list, check), fields by name, QR text.

    ``day`` is the polling day in words, the same for all; ``training`` marks papers of an exercise.
    """

    kind: str
    device: int
    fields: dict[str, str]
    qr: str | None = None
    duplicate: bool = False
    training: bool = False
    day: str = ""

    def to_json(self) -> str:
        """One line of JSON."""
        content = {"device": self.device, "kind": self.kind, "fields": self.fields, "qr": self.qr}
        marks = {"duplicate": self.duplicate, "training": self.training}
        return json.dumps(content | marks, ensure_ascii=False)
