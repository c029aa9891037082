"""The page's request tells nothing by its length either."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from amanat.station.private_choices import VisitKey
from amanat.station.refusal import Refused

ROOT = Path(__file__).parents[2]
THIRTY = [str(1001 + n) for n in range(30)]


def test_the_page_sends_choices_of_one_length() -> None:
    """The booth's page enciphers no name, one, and thirty of long codes.  Wanted: one length, and the terminal reads
    what was chosen; under another visit's key it reads nothing."""
    source = (ROOT / "src/amanat/station/web/static/js/private.js").read_text(encoding="utf-8")
    visit, other = VisitKey(), VisitKey()
    chosen = [{"majlis": []}, {"majlis": ["1001"]}, {"majlis": THIRTY, "council": THIRTY}]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.route(
            "http://localhost:1/**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html")
        )
        page.goto("http://localhost:1/")
        script = (
            "([source, key, chosen]) => import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})))"
            + (".then((m) => Promise.all(chosen.map((one) => m.enciphered(one, key))))")
        )
        sealed = page.evaluate(script, [source, visit.shown(), chosen])
        browser.close()
    assert len({len(json.dumps(one)) for one in sealed}) == 1
    assert [visit.open(one) for one in sealed] == chosen
    with pytest.raises(Refused, match="sealed"):
        other.open(sealed[0])
    with pytest.raises(Refused, match="sealed"):
        visit.open({"key": "", "iv": "", "data": ""})
