"""Media really full, or really not writable: small file systems in memory, mounted for one process (J-2)."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.station.conftest import CHOICES, MARYAM, OFFICERS, Election
from tests.station.test_api import Station, seal_in_earnest

MOUNT = {"full": "mount -t tmpfs -o size=300k medium {b}", "read-only": "mount -t tmpfs -o ro medium {b}"}


def namespace() -> list[str] | None:
    """A command that gives what it runs mounts of its own, as root or in a user's own namespace; None: not here."""
    for flags in (["-m"], ["-r", "-m"]):
        command = ["unshare", *flags]
        if (
            shutil.which("unshare")
            and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
        ):
            return command
    return None


@pytest.mark.parametrize(("kind", "code"), [("full", "medium-full"), ("read-only", "medium-read-only")])
async def test_the_shipped_program_on_a_device_that_takes_no_more(
    election: Election, tmp_path: Path, kind: str, code: str
) -> None:
    """Medium B is a file system of 300 kB, or mounted read-only.  Wanted: the status names it and says what to do in
    one sentence; a voter votes all the same; medium A holds everything after the process is killed."""
    within = namespace()
    if within is None:
        pytest.skip("no mounts of one's own here: the same faults are simulated in test_upkeep and test_media")
    home = election.home("S1", 1)
    seal_in_earnest(home)
    medium = home / "medium-b"
    medium.mkdir(exist_ok=True)
    script = tmp_path / "mounted"
    script.write_text(f'{MOUNT[kind].format(b=medium)} && exec "$@"\n', "utf-8")
    station = Station([home])
    await station.start(*within, "sh", str(script))
    try:
        assert (await station.post(home, "/api/open", officers=OFFICERS, other_day=True))["ok"]
        await station.post(home, "/api/desk/look", national_id=MARYAM)
        assert (await station.post(home, "/api/desk/issue", national_id=MARYAM))["ok"]
        slip = station.slips(home, "permit")[0]["qr"]
        assert (await station.post(home, "/api/booth/permit", slip=slip))["ok"]
        assert (await station.post(home, "/api/booth/seal", choices=CHOICES))["ok"]
        assert (await station.post(home, "/api/booth/cast"))["told"] == "cast"
        async with station.session(home).get("http://terminal/api/status") as answer:
            status: dict[str, Any] = await answer.json()
        assert [(told["medium"], told["code"]) for told in status["media_told"]] == [("b", code)]
        assert status["media"] == {"a": "good", "b": "dead"}
    finally:
        await station.stop(signal.SIGKILL)
    await station.start()
    assert (await station.post(home, "/api/booth/permit", slip=slip))["told"] == "cast"
    await station.stop(signal.SIGTERM)
