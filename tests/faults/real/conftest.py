"""One short run over real processes for all tests here, whichever worker asks first."""

import fcntl
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from amanat.rehearsal.programs import environment
from amanat.rehearsal.real_faults import jail

SECONDS = 600
WORDS = ("--stations", "9", "--rounds", "1", "--seed", "7")


@dataclass
class Run:
    """What a run left: its report as far as it came, its folder, and what it said."""

    report: dict[str, Any]
    out: Path
    said: str

    def fault(self, name: str) -> dict[str, Any]:
        """The figures of one fault, after which journals, database and ledger were found equal."""
        assert name in self.report.get("faults", {}), self.said
        found: dict[str, Any] = self.report["faults"][name]
        assert found["entries"] > 0
        assert found["ballots"] > 0
        return found


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    """The run, once for all workers."""
    if reason := jail.why_not():
        pytest.skip(f"no real faults on this machine: {reason}")
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    out, said = shared / "real-faults", shared / "real-faults.log"
    with (shared / "real-faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            with said.open("w") as log:
                command = [sys.executable, "-m", "amanat.rehearsal.real_faults", "--out", str(out), *WORDS]
                subprocess.run(
                    command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment(), timeout=SECONDS,
                    check=False,
                )  # fmt: skip
    report = out / "report.json"
    return Run(json.loads(report.read_text()) if report.exists() else {}, out, said.read_text()[-3000:])
