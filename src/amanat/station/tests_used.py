"""How often each permit has tested its booth (B-9): counted in a file beside the journal, so that no power cut gives a
test back.

The journal names a tested ballot and not its permit, and so does this file: it holds tags of serials under the device's
own key, of no use to whoever has not that key (P-2).  It may be lost: then its tests are given back, five a permit.
"""

import hashlib
import hmac
import logging
import os
from collections import Counter
from pathlib import Path
from typing import Final

FILE: Final = "tests.notes"
TAG_BYTES: Final = 16
_LABEL: Final = b"amanat/v1/tests-used"


class TestsUsed:
    """``seed`` is the device's."""

    __test__ = False  # no test itself

    def __init__(self, path: Path, seed: bytes) -> None:
        self._path = path
        self._key = hmac.digest(seed, _LABEL, hashlib.sha256)
        notes = path.read_bytes() if path.exists() else b""
        whole = len(notes) - len(notes) % TAG_BYTES  # power may have gone within a tag: that test was not shown
        if whole < len(notes):
            os.truncate(path, whole)
        self._used = Counter(notes[at : at + TAG_BYTES] for at in range(0, whole, TAG_BYTES))

    def by(self, serial: bytes) -> int:
        """How many tests this permit has used."""
        return self._used[self._tag(serial)]

    def note(self, serial: bytes) -> None:
        """One more, durable before the test is shown; on a full disk it counts until the next restart."""
        tag = self._tag(serial)
        self._used[tag] += 1
        try:
            with self._path.open("ab") as notes:
                notes.write(tag)
                notes.flush()
                os.fsync(notes.fileno())
        except OSError as fault:
            logging.warning("%s: %s", self._path, fault.strerror)

    def _tag(self, serial: bytes) -> bytes:
        return hmac.digest(self._key, serial, hashlib.sha256)[:TAG_BYTES]
