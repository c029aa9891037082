"""Headquarters makes the order that stations scan (J-10)."""

import shutil
from pathlib import Path

import pytest

from amanat.cli.main import main
from amanat.errors import BadInput, Rejected
from amanat.hq.cases import extensions
from amanat.hq.home import Home
from amanat.records.extension import read_slip, require_signed


def words(root: Path, *more: str) -> list[str]:
    return ["hq", "extension", str(root / "hq"), "--sign-with", str(root / "authorities"), *more]


def test_the_governor_extends_to_eight_and_then_with_the_council_to_half_past_midnight(
    root: Path, here: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two orders by the command.  Wanted: numbered, in Iran's time, signed by whom each needs, kept beside the keys and
    drawn to scan; any station believes them by the manifest alone."""
    assert main(words(root, "--until", "20:00", "--station", "S2", "--qr", str(tmp_path / "order.svg"))) == 0
    assert main(words(root, "--until", "24:30")) == 0
    first, second = capsys.readouterr().out.split()
    assert "<svg" in (tmp_path / "order.svg").read_text(encoding="utf-8")
    assert (root / "hq/extensions/2.txt").read_text(encoding="ascii").strip() == second
    made = [
        require_signed(read_slip(slip), eh=here.eh, authorities=here.manifest.authorities) for slip in (first, second)
    ]
    assert [(order.number, order.stations) for order in made] == [(1, (1,)), (2, ())]
    assert [order.until_ms - order.base_ms for order in made] == [2 * 3_600_000, 6 * 3_600_000 + 1_800_000]
    assert made[0].base_ms == 1_709_303_400_000  # 14:30 UTC on 1 March 2024
    assert [len(read_slip(slip).signatures) for slip in (first, second)] == [1, 2]


def test_what_cannot_be_ordered_is_said_and_makes_nothing(root: Path, here: Home) -> None:
    """No time, an end before the legal one, a station that is none, beyond three hours without the board's folder,
    another's folder: each is refused, and no number is used up."""

    def extend(until: str = "20:00", stations: tuple[str, ...] = (), closes: str = "18:00") -> int:
        folder = root / "authorities"
        return extensions.extend(here, until=until, closes=closes, stations=stations, sign_with=folder)[0]

    for until in ("eight", "20", "30:00", "20:60", "17:00", "18:00", "۲۰:0"):
        with pytest.raises(BadInput) as refused:
            extend(until)
        assert refused.value.code == "extension-time"
    with pytest.raises(BadInput) as refused:
        extend(stations=("S9",))
    assert refused.value.code == "extension-station"
    shutil.move(root / "authorities/supervisory-board", root / "away")
    with pytest.raises(Rejected) as lacking:
        extend("23:00")
    assert lacking.value.facts["role"] == "supervisory-board"
    assert extend("21:00") == 1  # three hours are the governor's alone
    shutil.rmtree(root / "authorities/governor")
    with pytest.raises(Rejected):
        extend()
    shutil.move(root / "mixers/0", root / "authorities/governor")
    file = root / "authorities/governor/identity.json"
    file.write_text(file.read_text().replace('"mixer"', '"governor"'))
    with pytest.raises(BadInput) as other:
        extend()
    assert other.value.code == "hq-source-differs"
