"""The station's power as a port: a folder in the form of Linux's ``/sys/class/power_supply`` (clause J-9).

Each supply is a folder with ``type`` (Mains, Battery, …), and ``online`` or ``status`` and ``capacity``.  What cannot
be read is unknown, never guessed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOW_PERCENT: Final = 20


@dataclass(frozen=True, slots=True)
class Power:
    """Whether the machine lives on its battery, and how full the emptiest one is."""

    on_battery: bool
    percent: int | None

    @property
    def words(self) -> str:
        """As an entry says it: ``mains``, ``battery 83`` or ``battery-low 19``."""
        if not self.on_battery:
            return "mains"
        low = self.percent is not None and self.percent <= LOW_PERCENT
        return ("battery-low" if low else "battery") + ("" if self.percent is None else f" {self.percent}")


def read(folder: Path) -> Power | None:
    """The power now; None where nothing there tells."""
    try:
        supplies = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    except OSError:
        return None
    mains = [online for path in supplies if _text(path, "type") == "Mains" and (online := _text(path, "online"))]
    batteries = [path for path in supplies if _text(path, "type") == "Battery"]
    if not mains and not batteries:
        return None
    found = [int(text) for path in batteries if (text := _text(path, "capacity")).isdigit()]
    discharging = any(_text(path, "status") == "Discharging" for path in batteries)
    return Power("1" not in mains if mains else discharging, min(found, default=None))


def _text(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
