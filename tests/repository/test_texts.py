"""Headquarters speaks two languages: no Persian text of a page lacks its English."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_persian_text_has_its_english() -> None:
    """The catalogues hold every text of templates and modules; `tools/messages.py --write` adds a new one, empty."""
    command = [sys.executable, "tools/messages.py", "--check"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
