"""Several processes that take pushes from one socket, over one PostgreSQL.  Clause S-8.

Each is a program of its own, so that one that is killed takes no other with it; it is started again.  What a worker
needs to know it reads from its standard input, whose end tells it that its parent is gone.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from amanat.errors import BadInput

LOOK_SECONDS: Final = 0.2
STOP_SECONDS: Final = 5.0


class Orders(NamedTuple):
    """What a worker serves: a home's folder, the bound socket's number, `--clock`, `--database`, the meter's file."""

    home: str
    socket: int
    clock: str
    database: str
    meter: str


def keep_workers(orders: Orders, count: int, ready: Callable[[], None]) -> None:
    """Keeps so many workers running, whatever ends them; calls `ready` when all listen.  Ends by an exception only.

    Raises:
        BadInput: one of them ended before it listened; it has said why.
    """
    workers: list[subprocess.Popen[str]] = []
    try:
        workers += [_start(orders, row, count) for row in range(count)]
        for row, worker in enumerate(workers):
            if not _is_ready(worker):
                raise BadInput("hq-worker-ended", worker=row)
        ready()
        while True:
            for row, worker in enumerate(workers):
                if worker.poll() is None:
                    continue
                try:
                    workers[row] = _start(orders, row, count)
                    said = "started again"
                except OSError as fault:  # no memory, it may be: the others go on, and the next look tries again
                    said = f"not started: {fault.strerror}"
                print(f"worker {row} ended ({worker.returncode}), {said}", file=sys.stderr, flush=True)
            time.sleep(LOOK_SECONDS)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            _end(worker)


def _start(orders: Orders, row: int, count: int) -> subprocess.Popen[str]:
    threads = max(1, (os.cpu_count() or 1) // count)
    worker = subprocess.Popen(
        [sys.executable, "-m", "amanat.hq.workers"],
        env={**os.environ, "RAYON_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[orders.socket],
        text=True,
    )
    assert worker.stdin is not None
    worker.stdin.write(json.dumps([*orders, row]) + "\n")
    worker.stdin.flush()
    return worker


def _is_ready(worker: subprocess.Popen[str]) -> bool:
    """Waits until it listens or ends."""
    assert worker.stdout is not None
    return worker.stdout.readline() == "ready\n"


def _end(worker: subprocess.Popen[str]) -> None:
    try:
        worker.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def work() -> None:
    """One worker: serves until its parent stops it or is gone."""
    *given, row = json.loads(sys.stdin.readline())
    orders = Orders(*given)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    def follow() -> None:
        sys.stdin.read()
        os._exit(0)  # what was acknowledged is kept, whatever was on its way comes again

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the parent too
    threading.Thread(target=follow, name="parent", daemon=True).start()
    from amanat.hq import settings

    settings.configure(Path(orders.home), database=orders.database)  # Django's models, which follow, need it
    from amanat.hq import clock, server
    from amanat.hq.intake.meter import METER

    here = server.configure(Path(orders.home), clock=orders.clock, database=orders.database)
    METER.share(Path(orders.meter), row)
    serving = server.web_server(here, clock.current(), socket.socket(fileno=orders.socket))
    print("ready", flush=True)
    serving.run()


if __name__ == "__main__":
    work()
