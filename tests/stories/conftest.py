"""All stories of this folder are one polling day, told when the first of them is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from tests.stories.county import SECONDS_MAX, STORIES, County, polling_day
from tests.stories.damavand import DAMAVAND
from tests.stories.headquarters import Election

from amanat.records import sealed_key

Made = TypeVar("Made")
Day = Callable[[Election, Callable[[County], Awaitable[Made]]], Made]


@pytest.fixture(scope="session")
def day() -> Day[Made]:
    """Holds a polling day of an election: does what it is given in the open county, and lets everything go."""

    async def held(folder: Path, election: Election, what: Callable[[County], Awaitable[Made]]) -> Made:
        async with asyncio.timeout(SECONDS_MAX), polling_day(folder, election) as county:
            return await what(county)

    def hold(election: Election, what: Callable[[County], Awaitable[Made]]) -> Made:
        shared = Path("/dev/shm")
        with (
            TemporaryDirectory(prefix="amanat-", dir=shared if shared.is_dir() else None) as folder,
            ThreadPoolExecutor(1) as elsewhere,  # so that its event loop is none of pytest's business
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sealed_key, "SCRYPT_N", 1 << 4)
            return elsewhere.submit(asyncio.run, held(Path(folder), election, what)).result()

    return hold


@pytest.fixture(scope="session")
def told(day: Day[dict[str, BaseException | None]]) -> Callable[[str], None]:
    """Says how a story ended; raises what it raised."""
    ends = day(DAMAVAND, lambda county: county.tell(STORIES))

    def how(name: str) -> None:
        end = ends[name]
        if end is not None:
            raise end

    return how
