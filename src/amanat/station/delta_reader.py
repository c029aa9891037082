"""A large register delta is read in a process of its own, so that no decision at the desk waits for it (R-2).

Five thousand changes take a third of a second to read; in the terminal's process that time would stand, slice by slice,
between a voter and the answer.  A slower process (`python -m amanat.station.delta_reader`) takes the delta on its input
and answers its version (8 bytes) and a packed table, which the terminal shows at once; nothing for bytes that are none.
"""

import asyncio
import contextlib
import os
import sys
from typing import Final

from amanat.records.cbor import Malformed
from amanat.records.register_changes import Packed, pack, read_delta

NICE: Final = 10
ANSWER_SECONDS_MAX: Final = 60.0


class Unavailable(Exception):
    """No process could be had, or it died: whoever asked reads the delta itself."""


async def read_elsewhere(delta: bytes) -> tuple[int, Packed]:
    """The version and the changes of a delta.

    Raises:
        Malformed: it is none.  Unavailable: see there.
    """
    command, pipe = [sys.executable, "-m", "amanat.station.delta_reader"], asyncio.subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)
    except (OSError, NotImplementedError) as cause:
        raise Unavailable from cause
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            answer, _ = await process.communicate(delta)
    except (OSError, TimeoutError) as cause:
        raise Unavailable from cause
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise Unavailable
    if not answer:
        raise Malformed("delta")
    return int.from_bytes(answer[:8], "big"), Packed.read(memoryview(answer)[8:])


def main() -> int:
    """The other process."""
    os.nice(NICE)
    changes: dict[int, bytes] = {}
    with contextlib.suppress(Malformed):
        version = [*read_delta(sys.stdin.buffer.read(), changes)][-1]
        sys.stdout.buffer.write(version.to_bytes(8, "big") + pack(changes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
