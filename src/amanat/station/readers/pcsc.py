"""A smart card reader through PC/SC, where the extra ``pcsc`` (pyscard) is installed.

Which application holds the national id, and how it is read, is the card issuer's: two commands of the settings.
LIMIT: not tried with a real card here.
"""

import asyncio
import importlib
from typing import Any

from amanat.errors import BadInput
from amanat.rules.national_id import parse
from amanat.station.readers.port import CARD, Reading

FINE = (0x90, 0x00)


class CardTerminal:
    """The first reader that PC/SC names.

    Raises:
        BadInput: ``reader-not-installed``, with what to install.
    """

    kind = CARD
    tries = 1

    def __init__(self, *, select: bytes, read_command: bytes) -> None:
        try:
            self._system: Any = importlib.import_module("smartcard.System")
            self._faults: Any = importlib.import_module("smartcard.Exceptions").SmartcardException
        except ImportError as cause:
            raise BadInput("reader-not-installed", extra="pcsc") from cause
        self._commands = [list(select), list(read_command)]

    def is_there(self) -> bool:
        """See `Reader`."""
        try:
            return self._connected() is not None
        except self._faults:
            return False

    def _connected(self) -> Any:
        readers = self._system.readers()
        if not readers:
            return None
        connection = readers[0].createConnection()
        connection.connect()
        return connection

    async def read(self, national_id: str = "") -> Reading:
        """See `Reader`."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Reading:
        try:
            connection = self._connected()
            if connection is None:
                return Reading("failed")
            answers = [connection.transmit(command) for command in self._commands]
        except self._faults:
            return Reading("nothing")
        if any(tuple(answer[1:]) != FINE for answer in answers):
            return Reading("nothing")
        found = parse(bytes(answers[-1][0]).decode("ascii", "replace"))
        return Reading("nothing") if found is None else Reading("read", found)
