"""What a terminal meets outside: randomness, waiting hands, the wire to headquarters, the cable to colleagues.

Media, clock and printer are ports of their own modules.  A rehearsal gives others; nothing here opens a socket.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from amanat.station.config import Address
from amanat.station.patience import THREADS, Hands
from amanat.station.private_choices import VisitKey
from amanat.station.watch import EVERY_SECONDS

Random = Callable[[int], bytes]
"""So many bytes that nobody can guess."""
RETRY_SECONDS_MAX = 300


class Declined(Exception):
    """Headquarters is there and has no room now: come again in `seconds`, 1 to RETRY_SECONDS_MAX (S-9)."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = min(max(1, seconds), RETRY_SECONDS_MAX)


class Wire(Protocol):
    """The way to headquarters.  Promise: an answer is whole, or an exception tells that nobody knows what arrived."""

    async def push(self, data: bytes) -> bytes:
        """Headquarters' answer.  Raises OSError, TimeoutError, PeerFault, Declined."""

    async def close(self) -> None:
        """Let it go."""


class Cable(Protocol):
    """The station's own network.  Promise as a Wire's."""

    async def post(
        self, address: Address, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, str], bytes]:
        """Headers and content of a colleague's answer.  Raises OSError, TimeoutError."""

    async def get(self, address: Address, path: str) -> bytes:
        """The content of an answer.  Raises OSError, TimeoutError."""

    async def close(self) -> None:
        """Let all connections go."""


@dataclass(frozen=True)
class Ports:
    """`wire` and `cable` None are HTTP's."""

    random: Random = os.urandom
    hands: Hands = THREADS
    timer: Callable[[], float] = time.monotonic
    wire: Wire | None = None
    cable: Cable | None = None
    visit_key: Callable[[], VisitKey] = VisitKey
    look_seconds: float = EVERY_SECONDS
    """Between two looks at battery and clock."""
