"""Makes the small pictures that the rehearsal's page shows, from those of `make screenshots`.

python tools/page_pictures.py
"""

import sys
from pathlib import Path

from PIL import Image

from amanat.rehearsal.page.gather import PICTURES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "out/screenshots"
TARGET = ROOT / "src/amanat/rehearsal/page/pictures"
SIZE = (960, 600)
QUALITY = 72


def main() -> int:
    """Writes each picture anew; exit 2 names one that is not there."""
    for name in PICTURES:
        source = SOURCE / f"{name}-1280.png"
        if not source.exists():
            print(f"{source} is missing; run `make screenshots` first", file=sys.stderr)
            return 2
        with Image.open(source) as picture:
            picture.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS).save(
                TARGET / f"{name}.webp", quality=QUALITY, method=6
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
