"""The kernel sees no step of a cast that the tracing port of the fault tests does not see (clauses B-7, J-2)."""

import re
import signal
from pathlib import Path

from tests.faults.steps import CAST_STEPS
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, Election
from tests.station.test_api import Station, seal_in_earnest

CALLS = (
    "pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range,msync,rename,renameat,"
    "renameat2,unlink,unlinkat,truncate,ftruncate,fallocate,openat,mkdir,mkdirat,link,linkat,symlink,symlinkat,connect"
)
WAKES = ("anon_inode:", "pipe:[", "/dev/null", '"\\0", 1')  # of the program's own threads


def step(line: str) -> str | None:
    """The tracing port's name of a line of strace, None for what leaves nothing behind."""
    call = re.search(r"([a-z0-9_]+)\(", line)
    if call is None or "resumed>" in line or any(wake in line for wake in WAKES):
        return None
    if call[1] == "openat" and not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line):
        return None
    if (medium := re.search(r"/medium-([ab])/journal>", line)) is not None:
        return {"pwrite64": "write", "fdatasync": "sync"}.get(call[1], call[1]) + f" {medium[1]}"
    if "-cast.json" in line:
        return "print cast"
    if "HTTP/1.1 200" in line:
        return "reply"
    return line


async def test_the_kernel_sees_the_steps_of_a_cast_and_no_other(election: Election, tmp_path: Path) -> None:
    """The shipped program casts one ballot under strace.  Wanted: every call that could leave something behind is one
    of the steps at which the fault tests strike; a step that somebody adds fails here until it passes their port."""
    log, home = tmp_path / "calls", election.home("S1", 1)
    seal_in_earnest(home)
    settings = home / "terminal.toml"
    settings.write_text(settings.read_text("utf-8").replace("folder:slips", "folder:slips?draw=0"), "utf-8")
    station = Station([home])
    await station.start("strace", "-D", "-f", "-y", "-s", "64", "-e", f"trace={CALLS}", "-o", str(log))
    await station.post(home, "/api/open", officers=OFFICERS, other_day=True)
    await station.post(home, "/api/desk/look", national_id=MARYAM)
    await station.post(home, "/api/desk/issue", national_id=MARYAM)
    await station.post(home, "/api/booth/permit", slip=station.slips(home, "permit")[0]["qr"])
    await station.post(home, "/api/booth/seal", choices=CHOICES)
    before = log.read_text("utf-8", "replace").count("\n")
    assert (await station.post(home, "/api/booth/cast"))["told"] == "cast"
    await station.stop(signal.SIGTERM)
    seen: list[str] = []
    for line in log.read_text("utf-8", "replace").splitlines()[before:]:
        name = step(line)
        if name is not None and seen[-1:] != [name]:  # a slip is opened and written: one step
            seen.append(name)
        if name == "reply":
            break
    assert seen == CAST_STEPS
