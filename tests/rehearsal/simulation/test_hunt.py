"""What `make mutants` runs, over two small days: the auditor has nothing to say about the shipped programs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_two_days_keep_every_promise() -> None:
    """In a process of its own, since tokens take the place of cryptography there."""
    words = [sys.executable, str(ROOT / "tools/hunt.py"), "1", "2", "25"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("2 days, ")
    assert done.stdout.endswith(": nothing\n")
