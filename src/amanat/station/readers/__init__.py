"""Readers beside the desk: cards and fingers.  A reader says what it read; the desk decides, and people have a way out.

A bar code reader is none of these: it types like a keyboard, and the desk's page knows its bursts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from amanat.errors import BadInput
from amanat.station.readers.folders import CardFolder, FingerFolder
from amanat.station.readers.pcsc import CardTerminal
from amanat.station.readers.port import BIOMETRIC, CARD, Reader, Reading, Result

__all__ = ["BIOMETRIC", "CARD", "Reader", "Reading", "Result", "open_readers"]


def open_readers(texts: Sequence[str], *, home: Path, file: Path) -> Mapping[str, Reader]:
    """The readers of ``readers`` in a terminal's settings, one of a kind at most.

    ``card:folder:DIR`` and ``biometric:folder:DIR?tries=3`` are software readers; ``card:pcsc:SELECT?read=APDU`` is a
    smart card reader, by two commands in hexadecimal (select the application, read the national id).

    Raises:
        BadInput: ``terminal-settings`` with file and field; ``reader-not-installed``.
    """
    found: dict[str, Reader] = {}
    for text in texts:
        reader = _open(text, home)
        if reader is None or reader.kind in found:
            raise BadInput("terminal-settings", file=str(file), field=f"readers ({text})")
        found[reader.kind] = reader
    return found


def _open(text: str, home: Path) -> Reader | None:
    address, _, rest = text.partition("?")
    options = dict(parse_qsl(rest))
    try:
        kind, port, place = address.split(":", 2)
        if (kind, port) == (CARD, "folder"):
            return CardFolder(home / place)
        if (kind, port) == (CARD, "pcsc"):
            return CardTerminal(select=bytes.fromhex(place), read_command=bytes.fromhex(options["read"]))
        if (kind, port) == (BIOMETRIC, "folder"):
            return FingerFolder(home / place, tries=int(options.get("tries", 3)))
    except (ValueError, KeyError):
        return None
    return None
