"""The page of a rehearsal: one file, nothing from elsewhere, names cannot write HTML, sums are the summary's own."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from amanat.rehearsal.page import Facts, Mark, StationFact, write
from amanat.rehearsal.page.county_map import hull
from amanat.rehearsal.page.delivery import nice_top
from amanat.rehearsal.page.facts import ContestFact

SUMMARY: dict[str, Any] = {
    "attempts": 12345,
    "refused": {"checked-in-already": 30, "not-eligible": 4},
    "left": 5,
    "cast": 12306,
    "received": 12306,
    "set_aside": {"duplicate": 6, "paper": 0, "annulled": 0, "late": 0},
    "counted": 12300,
    "lost": 0,
    "counted_twice": 0,
    "verified": True,
    "election_hash": "ab" * 32,
    "offline_decisions": {"made": 100, "contradicted": 1, "by_reason": {"not-eligible": 1}, "share": 0.01},
    "contests": {
        "majlis": {
            "votes": {"1001": 9000, "1002": 3000},
            "counted": 12300,
            "valid": 12000,
            "blank": 300,
            "unreadable": 0,
            "elected": ["1001"],
            "runoff": [],
            "tied": [],
        }
    },
}
FACTS = Facts(
    title_fa="حوزهٔ <b>آزمون</b>",
    day_fa="۱۱ اسفند ۱۴۰۲",
    synthetic=True,
    summary=SUMMARY,
    samples=[(0, 0, 0), (18000, 6000, 4000), (30000, 11000, None), (36000, 12306, 12306)],
    outages=[[(3600.0, 9000.0)], []],
    marks=[Mark(7200, "ستاد", "process")],
    stations=[
        StationFact("S001", "شعبهٔ یک <script>", "دماوند", (35.7, 52.0), True, 9000, 3, 1.5),
        StationFact("S002", "شعبهٔ دو", "دماوند", (35.7, 52.0), False, 3306, 0, 0.0),
    ],
    places={"دماوند": [(35.6, 51.9), (35.8, 52.0), (35.7, 52.2)]},
    towns=[("دماوند", (35.7, 52.0))],
    contests=[ContestFact("majlis", "مجلس", 1, {"1001": "زینب <i>", "1002": "علی"})],
    checks=[{"id": "V1", "clause": "D-2", "ok": True, "items": 7, "seconds": 0.1, "where": None}],
)


def page(tmp_path: Path, facts: Facts = FACTS) -> str:
    write(tmp_path / "index.html", facts)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_it_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    """No script, no address, no file beside it."""
    html = page(tmp_path)
    assert "<script" not in html
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)[a-z/.]""", html) == []
    assert "http" not in html.replace("http-equiv", "")


def test_names_cannot_write_html(tmp_path: Path) -> None:
    """A candidate or a station named in angle brackets is shown so."""
    html = page(tmp_path)
    assert "زینب &lt;i&gt;" in html
    assert "شعبهٔ یک &lt;script&gt;" in html
    assert "حوزهٔ &lt;b&gt;" in html


def test_it_shows_the_summary_s_own_numbers(tmp_path: Path) -> None:
    """Counts in Persian digits; an invented position is drawn hollow; the verifier's checks are listed."""
    html = page(tmp_path)
    for shown in ("۱۲٬۳۴۵", "۱۲٬۳۰۶", "۱۲٬۳۰۰", "۹٬۰۰۰", "dot synthetic", "✓ درست", "ab" * 32):
        assert shown in html


def test_an_election_without_positions_has_no_map(tmp_path: Path) -> None:
    """Nothing is drawn that is not known."""
    bare = [replace(station, position=None) for station in FACTS.stations]
    html = page(tmp_path, replace(FACTS, stations=bare, places={}, towns=[]))
    assert "شعبه‌ها بر نقشه" not in html


def test_a_failed_check_is_shown_with_its_place(tmp_path: Path) -> None:
    """The page of a bad record says so."""
    bad = [{"id": "V7", "clause": "B-7", "ok": False, "items": 7, "seconds": 0.1, "where": "ballots/1.seq 3"}]
    assert "✗ ballots/1.seq 3" in page(tmp_path, replace(FACTS, checks=bad))


def test_a_hull_holds_its_points_and_no_more() -> None:
    """The square's corners, not its middle."""
    assert set(hull([(0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.5)])) == {(0, 0), (1, 0), (1, 1), (0, 1)}


def test_axis_tops_are_round_numbers() -> None:
    """Never below the data."""
    assert [nice_top(n) for n in (0, 4, 9, 60, 101, 2000, 20216)] == [4, 4, 10, 80, 200, 2000, 25000]
