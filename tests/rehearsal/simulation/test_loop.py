"""Virtual time: order, jumps, boots that die, stand still and go on."""

import asyncio
import contextvars

import pytest

from amanat.rehearsal.simulation.boot import Boot, Killed, outside
from amanat.rehearsal.simulation.loop import Circles, VirtualLoop


def test_time_jumps_and_the_same_millisecond_keeps_its_order() -> None:
    """A day passes at once; timers of one moment run in the order in which they were set."""
    loop, seen = VirtualLoop(5), list[tuple[int, str]]()

    async def sleeper(name: str, ms: int) -> None:
        await asyncio.sleep(ms / 1000)
        seen.append((loop.now_ms, name))

    async def all_of_them() -> None:
        await asyncio.gather(sleeper("c", 86_400_000), sleeper("a", 10), sleeper("b", 10))

    loop.run_until_complete(all_of_them())
    assert seen == [(15, "a"), (15, "b"), (86_400_005, "c")]


def test_locks_events_timeouts_and_threads_work_in_virtual_time() -> None:
    """What the station uses of asyncio does here what it does elsewhere."""
    loop = VirtualLoop()

    async def act() -> list[object]:
        event, lock = asyncio.Event(), asyncio.Lock()
        loop.call_later(3, event.set)
        async with lock:
            await event.wait()
        found: list[object] = [loop.now_ms, await asyncio.to_thread(sum, [1, 2])]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.sleep(60)
        return [*found, loop.now_ms]

    assert loop.run_until_complete(act()) == [3000, 3, 5000]


def test_whatever_runs_in_circles_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that does not pass is an error of ours, not a program that hangs."""
    monkeypatch.setattr("amanat.rehearsal.simulation.loop.STEPS_MAX", 1_000)
    loop = VirtualLoop()

    def again() -> None:
        loop.call_soon(again)

    loop.call_soon(again)
    with pytest.raises(Circles):
        loop.run_until_ms(1)
    with pytest.raises(Circles):
        VirtualLoop().run_until_complete(asyncio.Event().wait())


async def _working(log: list[str]) -> None:
    try:
        while True:
            await asyncio.sleep(1)
            log.append("worked")
    finally:
        log.append("tidied up")


def test_a_dead_boot_runs_nothing_not_even_finally() -> None:
    """kill -9: the tasks of the boot stop between two steps, and who asked it hears `Killed`."""
    loop, log = VirtualLoop(), list[str]()

    async def act() -> None:
        boot = Boot()
        asked = loop.create_task(boot.call(lambda: _working(log)))
        await asyncio.sleep(2.5)
        boot.die()
        with pytest.raises(Killed):
            await asked
        with pytest.raises(Killed):
            await boot.call(lambda: _working(log))
        await asyncio.sleep(10)
        assert log == ["worked", "worked"]

    loop.run_until_complete(act())
    loop.close()
    assert loop.faults == []


def test_a_doomed_boot_dies_at_the_very_step() -> None:
    """One step is one turn of the loop: the begin, a timer, the task that it wakes; the next timer kills."""
    loop, log = VirtualLoop(), list[str]()

    async def act() -> None:
        boot = Boot()
        boot.doom(3, lambda: log.append(f"died at {loop.now_ms}"))
        with pytest.raises(Killed):
            await boot.call(lambda: _working(log))

    loop.run_until_complete(act())
    loop.close()
    assert log == ["worked", "died at 2000"]


def test_a_paused_boot_does_later_what_it_would_have_done() -> None:
    """SIGSTOP: time passes, and everything that was due comes at once; two reasons must both end."""
    loop, log = VirtualLoop(), list[str]()

    async def act() -> None:
        boot = Boot()
        asked = loop.create_task(boot.call(lambda: _working(log)))
        await asyncio.sleep(1.5)
        boot.pauses = 2
        await asyncio.sleep(10)
        loop.resume(boot)
        await asyncio.sleep(1)
        assert log == ["worked"]
        loop.resume(boot)
        await asyncio.sleep(0.5)
        assert log == ["worked", "worked"]
        boot.die()
        with pytest.raises(Killed):
            await asked

    loop.run_until_complete(act())
    loop.close()


def test_what_a_boot_sent_goes_on_without_it() -> None:
    """A message under way arrives though its sender is dead."""
    loop, log = VirtualLoop(), list[str]()

    async def act() -> None:
        nobody, boot = contextvars.copy_context(), Boot()

        async def deliver() -> str:
            await asyncio.sleep(1)
            log.append("arrived")
            return "answer"

        asked = loop.create_task(boot.call(lambda: outside(deliver, nobody)))
        await asyncio.sleep(0.5)
        boot.die()
        with pytest.raises(Killed):
            await asked
        await asyncio.sleep(1)

    loop.run_until_complete(act())
    loop.close()
    assert log == ["arrived"]
