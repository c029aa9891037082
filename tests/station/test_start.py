"""What a terminal's start does not do: load what only a paper or a register's maker needs (J-3)."""

import os
import subprocess
import sys

SECONDS = 60


def test_a_start_loads_no_drawing_library_and_no_arrays() -> None:
    """After a power cut a queue waits: fonts, pictures and the register's builder are loaded when somebody needs them,
    not before the terminal says *ready*."""
    words = "import sys, amanat.station.run; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "amanat" in loaded
    assert not loaded & {"PIL", "numpy", "django", "aiohttp"}
