"""The hour of a story: it moves when somebody moves it."""

import asyncio

MORNING = 1_709_267_400_000  # 8:00 in Iran on polling day


class HandClock:
    """Time moved by hand; who sleeps wakes when it is moved far enough."""

    boot_id = b"polling day boot"

    def __init__(self, ms: int = MORNING) -> None:
        self.ms = ms
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> int:
        return self.ms - MORNING

    async def sleep(self, seconds: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ms + int(seconds * 1000), sleeper))
        await sleeper

    def advance(self, *, seconds: int) -> None:
        self.ms += 1000 * seconds
        due = [one for at, one in self._sleepers if at <= self.ms]
        self._sleepers = [(at, one) for at, one in self._sleepers if at > self.ms]
        for sleeper in due:
            if not sleeper.done():
                sleeper.set_result(None)
