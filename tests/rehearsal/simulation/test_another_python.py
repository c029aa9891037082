"""A seed is the same day everywhere: whatever the hash seed, under CPython and under another Python in WebAssembly."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import amanat
from amanat.rehearsal.simulation.election import the_register

ROOT = Path(__file__).resolve().parents[3]
DAYS = ((1, 2, 30), (2, 3, 30), (5, 2, 30))  # seed, stations, voters
SECONDS_MAX = 600
HERE = """
import json, sys
from amanat.rehearsal.simulation import worker
worker.begin(False)
days = json.loads(sys.argv[1])
print(json.dumps([worker.work(worker.Job(*day))["digest"] for day in days]))
"""


def _under_cpython(hash_seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(amanat.__file__).parents[1])}
    command = [sys.executable, "-c", HERE, json.dumps(DAYS)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=SECONDS_MAX, env=environment)
    return list(json.loads(done.stdout))


def test_three_days_are_the_same_under_two_hash_seeds_and_another_python(tmp_path: Path) -> None:
    """Digests of all events of three days with faults: equal in four ways of running them.

    The other Python is of another version, is compiled for another machine, and takes its CBOR and AES from elsewhere.
    """
    digests = _under_cpython("1")
    assert len(set(digests)) == len(DAYS)
    assert _under_cpython("2") == digests
    register = tmp_path / "register.bin"
    register.write_bytes(the_register())
    node = shutil.which("node")  # it is there: the pages are made with it
    site = next(Path(path) for path in sys.path if (Path(path) / "persiantools").is_dir())
    days = [":".join(map(str, day)) for day in DAYS]
    command = [node or "node", str(ROOT / "tools/another_python.mjs"), str(site), str(register), *days]
    done = subprocess.run(command, check=False, capture_output=True, timeout=SECONDS_MAX, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["python"] != sys.version.split()[0]
    assert answer["digests"] == digests
