"""The slip printers of all stations: people take what comes out.

A slip arrives as one JSON line on a unix socket and is acknowledged with `ok` once it is kept; that is the station's
printer port.  Contents are kept in a file of lines; one slip in `draw_every` is also drawn, as a real printer would.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast


@dataclass(frozen=True)
class Slip:
    """What came out of one terminal's printer."""

    device: int
    kind: str
    fields: dict[str, str]
    qr: str | None
    duplicate: bool


class _Feed(asyncio.Protocol):
    """One terminal's (or one process's) line to the printers."""

    def __init__(self, printers: "Printers") -> None:
        self.printers = printers
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by type

    def data_received(self, data: bytes) -> None:
        *lines, self.held = (self.held + data).split(b"\n")
        for line in lines:
            self.printers.keep(json.loads(line))
            self.transport.write(b"ok\n")


class Printers:
    """Every printer of the rehearsal.  A slip lies in its tray until somebody takes it."""

    def __init__(self, kept: Path, *, draw: Callable[[Slip], object] | None = None, draw_every: int = 500) -> None:
        self.trays: dict[tuple[int, str], Slip] = {}
        self.kept: TextIO = kept.open("w", encoding="utf-8")
        self.draw = draw
        self.draw_every = draw_every
        self.printed = 0
        self.drawn = 0
        self.server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Serves on the unix socket `path` until `stop`."""
        self.server = await asyncio.get_running_loop().create_unix_server(lambda: _Feed(self), str(path))

    def keep(self, line: dict[str, Any]) -> None:
        """Puts one slip into its tray, over what nobody took."""
        slip = Slip(line["device"], line["kind"], line["fields"], line["qr"], line["duplicate"])
        self.trays[slip.device, slip.kind] = slip
        self.kept.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self.printed += 1
        if self.draw is not None and self.printed % self.draw_every == 1:
            self.draw(slip)
            self.drawn += 1

    def take(self, device: int, kind: str) -> Slip | None:
        """The slip lying in the tray, which is empty afterwards."""
        return self.trays.pop((device, kind), None)

    async def stop(self) -> None:
        """Ends the service and closes the file of slips."""
        if self.server is not None:
            self.server.close()
        self.kept.close()
