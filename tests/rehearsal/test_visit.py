"""A rehearsed visit where the desk changes its mind between two presses."""

from types import SimpleNamespace
from typing import Any

from amanat.rehearsal.people import Visit
from amanat.rehearsal.visit import Errand, Place, check_in
from amanat.rules.national_id import synthetic


class Desk:
    """Answers *eligible* to the look; by the press the news has come that the person was served elsewhere."""

    device = 7

    async def post(self, path: str, /, **_: object) -> dict[str, Any]:
        if path == "/api/desk/look":
            return {"ok": True, "decision": "eligible", "serial": None}
        return {"ok": True, "decision": "checked-in-already", "serial": None}


async def test_news_between_look_and_issue_is_a_refusal() -> None:
    """Wanted: the person tells that they were refused, and why; no slip is missed."""
    errand = Errand(Visit(0.0, synthetic(1), "S1", {"council": ("1001",)}))
    printers = SimpleNamespace(take=lambda *_: None)
    line = await check_in(errand, Place("S1", [Desk()]), printers)  # type: ignore[list-item, arg-type]
    assert line is not None
    assert (line.told, line.reason, line.ballot) == ("refused", "checked-in-already", None)
