"""S-9: who is served next, who is told to come again, and that being told so costs next to nothing."""

import random
import socket
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections
from tests.hq.crowd import Gateway

from amanat.hq import server
from amanat.hq.home import Home
from amanat.hq.intake import admission
from amanat.hq.intake.admission import BULK_MAX, DECLINED, FREE_THREADS, LIVE_MAX, THREADS, Queue
from amanat.hq.intake.appointments import AFTER_MAX, Appointments
from amanat.hq.intake.http import PATH
from amanat.hq.intake.line import Lane, _Waiting
from amanat.sync.messages import LIVE_BYTES, Push

SECONDS = 60


def task(size: int, path: str = PATH) -> Any:
    """What waitress queues: a connection with a request."""
    request = SimpleNamespace(path=path, content_length=size, headers={}, error=None)
    return SimpleNamespace(requests=[request], service=lambda: None, cancel=lambda: None)


BACKLOG, NEWS = LIVE_BYTES + 1, LIVE_BYTES


def test_news_and_pages_go_before_backlogs() -> None:
    """Forty backlogs wait; then news come, and somebody opens a page.  Wanted: these two are next."""
    queue = Queue()
    for one in [*(task(BACKLOG) for _ in range(40)), news := task(NEWS), page := task(0, "/day/")]:
        queue.append(one)
    assert [queue.popleft(), queue.popleft()] == [news, page]


def test_backlogs_leave_threads_for_news() -> None:
    """Backlogs alone: some threads find nothing to do; when a backlog's turn ends another one begins."""
    queue = Queue()
    for _ in range(40):
        queue.append(task(BACKLOG))
    running = []
    while queue:
        running.append(queue.popleft())
    assert len(running) == THREADS - FREE_THREADS
    running[0].service()
    assert len(queue) == 1


@pytest.mark.parametrize(("size", "most"), [(BACKLOG, BULK_MAX), (NEWS, LIVE_MAX)])
def test_who_finds_no_room_is_declined_at_once(size: int, most: int) -> None:
    """One more than there is room for: it does not wait behind the others, and its connection ends."""
    queue = Queue()
    tasks = [task(size) for _ in range(most + 1)]
    for one in tasks:
        queue.append(one)
    declined = [one.requests[0].headers for one in tasks if DECLINED in one.requests[0].headers]
    assert declined == [tasks[-1].requests[0].headers]
    assert declined[0]["CONNECTION"] == "close"


def test_fewer_may_wait_where_they_are_served_slowly() -> None:
    """A push takes half a second: ten may wait, since a station gives an answer up after twenty seconds."""
    appointments = Appointments()
    for _ in range(100):
        appointments.served(1, 500_000)
    queue = Queue(lambda: appointments.within(5_000_000))
    for _ in range(40):
        queue.append(task(BACKLOG))
    assert 9 <= len(queue._bulk) <= 11


def test_each_device_has_its_turn() -> None:
    """One device sends twenty pushes over twenty connections, two others one each, later.  Wanted: the first commit
    takes one of each."""
    groups: list[list[int]] = []

    def take(group: Sequence[_Waiting]) -> None:
        groups.append([one.push.device for one in group])
        for one in group:
            one.result = b""

    lane = Lane(take)
    waiting = [_Waiting(Push(device, b"", 0, 0, [], []), 1) for device in [7] * 20 + [8, 9]]
    threads = [threading.Thread(target=lane.wait_for, args=(one,)) for one in waiting]
    with lane.held():
        for thread in threads:
            thread.start()
        while len(lane) < len(waiting):
            pass
    for thread in threads:
        thread.join(SECONDS)
    assert groups == [[7, 8, 9]] + [[7]] * 19


def test_those_who_are_declined_together_do_not_return_together() -> None:
    """A thousand stations are declined in one second while a push takes 50 ms.  Wanted: their times lie within the
    bound and spread over the time that serving them takes."""
    appointments = Appointments()
    for _ in range(50):
        appointments.served(1, 50_000)
    draw = random.Random(1).randrange
    given = [appointments.give(5_000_000, draw) for _ in range(1000)]
    assert 1 <= min(given) <= max(given) <= AFTER_MAX
    assert max(given.count(second) for second in set(given)) < 100
    assert max(given) > 30


@pytest.fixture
def port(here: Home, day: Any) -> Any:
    """Headquarters' web server in a thread of this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    web = server.web_server(here, day.clock, listening)
    thread = threading.Thread(target=web.run)
    thread.start()
    yield listening.getsockname()[1]
    web.trigger.pull_trigger(lambda: web.asyncore.close_all(web._map))  # in its own thread: its loop has nothing left
    thread.join(SECONDS)
    web.task_dispatcher.shutdown()
    connections.close_all()


def say(port: int, head: str, body: bytes = b"") -> str:
    """What is answered to these bytes, to the end of the connection or of the head."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + body)
        heard = b""
        while b"\r\n\r\n" not in heard and (part := wire.recv(65536)):
            heard += part
    return heard.decode("utf-8", "replace")


def test_a_backlog_is_declined_before_it_is_sent(
    port: int, here: Home, day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no room for backlogs.  A station asks before it sends 100 kB: it is told when to come again and sends
    nothing.  One that does not ask is told the same.  News of another station pass."""
    monkeypatch.setattr(admission, "BULK_MAX", 0)
    head = f"POST {PATH} HTTP/1.1\nHost: x\nContent-Length: 100000\n"
    for answer in (say(port, head + "Expect: 100-continue\n\n"), say(port, head + "\n", bytes(100000))):
        assert answer.startswith("HTTP/1.1 503 "), answer
        (after,) = (line for line in answer.splitlines() if line.startswith("Retry-After: "))
        assert 1 <= int(after.split()[1]) <= AFTER_MAX
    news = Gateway(here, day.damavand.entries, 0, day.damavand.seed).push()
    assert say(port, f"POST {PATH} HTTP/1.1\nHost: x\nContent-Length: {len(news)}\n\n", news).startswith(
        "HTTP/1.1 200 "
    )


def test_what_is_no_request_is_answered_too(port: int) -> None:
    """A port scanner says something: 400, and the next one is served."""
    assert say(port, "GARBAGE\n\n").startswith("HTTP/1.0 400 ")
    assert say(port, "GET /healthz HTTP/1.1\nHost: x\n\n").startswith("HTTP/1.1 200 ")


def test_a_backlog_that_asks_may_come_when_there_is_room(port: int) -> None:
    """The same question on a quiet day: go on."""
    head = f"POST {PATH} HTTP/1.1\nHost: x\nContent-Length: 100000\nExpect: 100-continue\n\n"
    assert say(port, head).startswith("HTTP/1.1 100 ")


async def test_a_stations_wire_hears_that_it_is_declined(
    port: int, here: Home, day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The station's own wire, with a backlog: while there is no room it is told when to come again, then taken."""
    from amanat.station.http_wire import HttpWire
    from amanat.station.ports import Declined

    for _ in range(300):
        day.damavand.write("link", ["up"])
    gateway = Gateway(here, day.damavand.entries, 0, day.damavand.seed)
    wire = HttpWire(f"http://127.0.0.1:{port}", False)
    try:
        with monkeypatch.context() as full:
            full.setattr(admission, "BULK_MAX", 0)
            with pytest.raises(Declined) as later:
                await wire.push(gateway.push())
        assert 1 <= later.value.seconds <= AFTER_MAX
        while gateway.left:
            gateway.take(await wire.push(gateway.push()))
    finally:
        await wire.close()
