"""The biometric check at the desk: a limit of tries, and two officers as the way out (C-11, article 11).

The journal says that and how it ended, never a measurement.  Without a reader there is no such check.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from amanat.records import cbor
from amanat.rules.national_id import NationalId
from amanat.station.journal import Journal
from amanat.station.ports import Random
from amanat.station.readers import Reader, Result
from amanat.station.refusal import Refused

Screen = dict[str, Any]


class Verification:
    """One desk's.  ``needed`` until the person matched, or two officers answer for them."""

    def __init__(self, journal: Journal, reader: Reader | None, random: Random = os.urandom) -> None:
        self._random = random
        self._journal = journal
        self._reader = reader
        self._tries: Counter[NationalId] = Counter()
        self._matched: set[NationalId] = set()

    def needed(self, national_id: NationalId) -> bool:
        """Whether a permit waits for the reader's answer."""
        return self._reader is not None and national_id not in self._matched

    def left(self, national_id: NationalId) -> int:
        """Tries that are left."""
        return 0 if self._reader is None else max(0, self._reader.tries - self._tries[national_id])

    async def compare(self, national_id: NationalId) -> Screen:
        """One try.  A finger that was not there, or a reader that is out, uses up a try as well: there is a way out."""
        if self._reader is None:
            raise Refused("no-biometric-reader")
        if national_id in self._matched:
            return self._told("matched", national_id)
        if not self.left(national_id):
            raise Refused("biometric-tries-used-up")
        self._tries[national_id] += 1
        result = (await self._reader.read(national_id)).result
        if result == "matched":
            self._matched.add(national_id)
        if result == "matched" or not self.left(national_id):
            self._note(["biometric", f"{result} {self._tries[national_id]}"], national_id)
        return self._told(result, national_id)

    def _told(self, result: Result, national_id: NationalId) -> Screen:
        return {"ok": True, "result": result, "tries_left": self.left(national_id)}

    def waive(self, national_id: NationalId, officers: Sequence[str]) -> None:
        """Two officers looked at face and document themselves."""
        self._note(["biometric-waived", " · ".join(officers)], national_id)
        self._matched.add(national_id)

    def _note(self, body: list[cbor.Value], national_id: NationalId) -> None:
        self._journal.write("incident", body, cbor.encode([self._random(32), national_id]))
