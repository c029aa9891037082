"""The shipped process: real sockets, a real kill, several stations at once (S-2; lesson: acknowledged is kept)."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from amanat.hq import api
from amanat.hq.clock import SystemClock
from amanat.hq.home import Home
from amanat.sync.station_side import StationSide, head_of

SOURCE = Path(__file__).resolve().parents[2] / "src"
SECONDS = 60


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """`amanat hq …` to its end."""
    command = [sys.executable, "-m", "amanat.cli.main", "hq", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)


class Server:
    """`amanat hq serve` on a free port."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        words = ["serve", str(self.home), "--listen", f"127.0.0.1:{self.port}"]
        env = {**os.environ, "PYTHONPATH": str(SOURCE)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "amanat.cli.main", "hq", *words], env=env, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        assert self.process.stderr.readline().startswith("ready ")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=SECONDS)

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode

    def post(self, body: bytes) -> bytes:
        address = f"http://127.0.0.1:{self.port}/sync/v1/push"
        with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=SECONDS) as answer:
            return bytes(answer.read())


@pytest.fixture
def server(root: Path) -> Iterator[Server]:
    """Headquarters as its users start it; it is gone after the test."""
    running = Server(root / "hq")
    yield running
    if running.process.poll() is None:
        running.kill()


def side_of(here: Home, terminal: Any) -> StationSide:
    return StationSide(here.eh, terminal.device, terminal.seed, here.manifest.hq_key)


def push(side: StationSide, here: Home, terminal: Any) -> bytes:
    heads = [head_of(here.eh, terminal.entries[-1])]
    return side.next_push(heads, lambda _, seq: terminal.entries[seq + 1 :], nonce=os.urandom(16))


def test_what_was_acknowledged_survives_a_kill(here: Home, day: Any, people: Any, server: Server) -> None:
    """Maryam's vote is acknowledged, the process is killed in the same moment, and starts again: the vote is there, and
    the station, which does not know what happened, goes on without sending it again."""
    side = side_of(here, day.damavand)
    day.damavand.vote(people.MARYAM)
    side.receive(server.post(push(side, here, day.damavand)), 1)
    server.kill()
    server.start()
    day.damavand.vote(people.ALI)
    side.receive(server.post(push(side, here, day.damavand)), 2)
    heads = [head_of(here.eh, day.damavand.entries[-1])]
    assert side.undelivered(heads) == 0
    assert server.stop() == 0
    connections.close_all()
    assert api.status(here)["ballots"] == 2
    assert api.status(here)["loose"] == 0


def test_stations_that_come_together_are_all_acknowledged(here: Home, day: Any, people: Any, server: Server) -> None:
    """Three gateways push at once, eight times: pushes that wait share a commit, and each gets its own answer."""
    from amanat.rules.national_id import synthetic

    faults: list[BaseException] = []

    def deliver(terminal: Any) -> None:
        try:
            side = side_of(here, terminal)
            for _ in range(8):
                terminal.write("link", ["up"])
                side.receive(server.post(push(side, here, terminal)), 1)
            assert side.undelivered([head_of(here.eh, terminal.entries[-1])]) == 0
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=deliver, args=(t,)) for t in (day.damavand, day.booth, day.firuzkuh)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert faults == []
    assert api.status(here)["entries"] == 3 * 9
    assert synthetic(0) == people.MARYAM


def test_it_refuses_what_is_no_push(server: Server) -> None:
    """400 with both languages, for rubbish and for a body that is too long to be one."""
    for body in (b"", b"rubbish", bytes(3 << 20)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.post(body)
        assert caught.value.code == 400
        assert "تغییر نکرد" in caught.value.read().decode()


def test_the_housekeeper_gives_verdicts(here: Home, day: Any, people: Any, server: Server) -> None:
    """Nobody asks, and in a while the ballot is checked."""
    side = side_of(here, day.damavand)
    day.damavand.vote(people.MARYAM)
    side.receive(server.post(push(side, here, day.damavand)), 1)
    until = time.monotonic() + SECONDS
    from amanat.hq.writing import rows_of

    while rows_of("SELECT verdict FROM intake_ballot") != [("",)]:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_status_is_one_json_object(here: Home, day: Any, people: Any, root: Path) -> None:
    """`--json` prints one object and nothing else."""
    day.damavand.vote(people.MARYAM)
    day.deliver()
    done = run("status", root / "hq", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["ballots"], found["devices"], found["cases"]) == (1, 3, 0)
    assert found["offline_decisions"] == {"made": 0, "contradicted": 0, "by_reason": {}}


@pytest.mark.parametrize(
    "words",
    [
        ["status", "nowhere"],
        ["serve", "HOME", "--listen", "nowhere"],
        ["serve", "HOME", "--listen", "127.0.0.1:0", "--clock", "sundial"],
        ["log", "HOME", "--kind", "order", "--digest", "12"],
        ["usb", "HOME", "/dev/null"],
        ["delta", "HOME", "--changes", "/dev/null"],
        ["status", "HOME", "--database", "mysql://x/y"],
        ["publish", "HOME", "--record", "/nowhere"],
    ],
)
def test_bad_usage_is_two_sentences_and_exit_code_two(root: Path, words: list[str]) -> None:
    """Never a traceback: what is wrong, in Persian and English."""
    done = run(*[str(root / "hq") if word == "HOME" else word for word in words])
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


def test_a_push_that_cannot_be_kept_fails_alone(here: Home, day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pushes share a commit and one of them breaks the database: the two others are kept and answered."""
    from django.db import DatabaseError

    from amanat.hq.intake.line import Line
    from amanat.hq.intake.store import DjangoStore

    heard = DjangoStore.heard

    def fail(store: DjangoStore, gateway: int, *rest: Any) -> None:
        if gateway == 1:
            raise DatabaseError("no such number")
        heard(store, gateway, *rest)

    monkeypatch.setattr(DjangoStore, "heard", fail)
    line = Line(day.intake, day.clock)
    pushes = {t.device: push(side_of(here, t), here, t) for t in (day.damavand, day.booth, day.firuzkuh)}
    results: dict[int, object] = {}

    def send(device: int) -> None:
        try:
            results[device] = line.receive(pushes[device])
        except DatabaseError as fault:
            results[device] = fault

    threads = [threading.Thread(target=send, args=(device,)) for device in pushes]
    with line._live.held():
        for thread in threads:
            thread.start()
        while len(line._live) < len(pushes):
            time.sleep(0.01)
    for thread in threads:
        thread.join(SECONDS)
    assert {device: type(result) for device, result in results.items()} == {0: bytes, 1: DatabaseError, 2: bytes}
    assert api.status(here)["entries"] == 2
    connections.close_all()


@pytest.mark.parametrize("huge", [1 << 63, (1 << 64) - 1])
def test_a_head_beyond_the_database_stops_nobody(here: Home, day: Any, huge: int) -> None:
    """A gateway names heads of devices and sequence numbers that no database holds."""
    from amanat.sync.messages import Head

    side = side_of(here, day.damavand)
    heads = [head_of(here.eh, day.damavand.entries[-1]), Head(huge, huge, bytes(32)), Head(1, huge, bytes(32))]
    side.cursor = side.register_version = huge
    entries = {0: day.damavand.entries}
    data = side.next_push(heads, lambda device, seq: entries.get(device, [])[seq + 1 :], nonce=bytes(16))
    side.receive(day.intake.receive(data, 1), 1)
    assert api.status(here)["entries"] == 1


def test_the_housekeeper_outlives_a_full_disk(
    here: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tile cannot be written at three in the morning: it is said, and the next round comes all the same."""
    from amanat.hq import server

    keeper = server.Housekeeper(here, SystemClock())
    rounds = []

    def one_round() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise OSError(28, "No space left on device")
        keeper.stop()

    monkeypatch.setattr(server, "HOUSEKEEPING_SECONDS", 0.0)
    monkeypatch.setattr(keeper, "round", one_round)
    keeper.run()
    assert rounds == [0, 1]
    assert "No space left on device" in capsys.readouterr().err
