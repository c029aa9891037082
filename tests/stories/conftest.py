"""All stories of this folder are one polling day, told when the first of them is asked for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.stories.county import SECONDS_MAX, STORIES, polling_day

from amanat.records import sealed_key


@pytest.fixture(scope="session")
def told() -> Callable[[str], None]:
    """Says how a story ended; raises what it raised."""

    async def tell(folder: Path) -> dict[str, BaseException | None]:
        async with asyncio.timeout(SECONDS_MAX), polling_day(folder) as county:
            return await county.tell(STORIES)

    shared = Path("/dev/shm")
    with (
        TemporaryDirectory(prefix="amanat-", dir=shared if shared.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
        ThreadPoolExecutor(1) as elsewhere,  # so that its event loop is none of pytest's business
    ):
        patch.setattr(sealed_key, "SCRYPT_N", 1 << 4)
        ends = elsewhere.submit(asyncio.run, tell(Path(folder))).result()

    def how(name: str) -> None:
        end = ends[name]
        if end is not None:
            raise end

    return how
