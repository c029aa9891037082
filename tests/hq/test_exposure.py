"""Exposure and offline error on the day page, against what truly happened on a scripted day (C-10, C-13)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from amanat.hq import clock
from amanat.hq.day import figures
from amanat.hq.day.exposure import CHECK_IN_MS, LATE_MS
from amanat.hq.home import Home
from amanat.rules.national_id import synthetic
from amanat.sync.station_side import StationSide, head_of

MINUTE = 60_000
OPENING = 8 * 60 * MINUTE
"""From midnight to the first check-in."""


class Told:
    """The day page's data, and a ledger of whom each desk truly served: (person, county)."""

    def __init__(self, day: Any) -> None:
        self.day = day
        self.served: list[tuple[str, str]] = []
        self.client = Client()

    def serve(self, terminal: Any, person: str) -> None:
        """A check-in at a desk, CHECK_IN_MS after the one before."""
        terminal.check_in(person)
        terminal.at += CHECK_IN_MS
        self.served.append((person, ("دماوند", "فیروزکوه")[terminal.station]))

    def push(self, terminal: Any, entries: int | None = None) -> None:
        """A desk's own link speaks; with `entries` it brings only so many and names all."""
        heads = [head_of(self.day.here.eh, terminal.entries[-1])]
        sent = terminal.entries[:entries]
        side = StationSide(self.day.here.eh, terminal.device, terminal.seed, self.day.here.manifest.hq_key)
        nonce = len(self.served).to_bytes(16, "big")
        self.day.intake.receive(side.next_push(heads, lambda _, seq: sent[seq + 1 :], nonce=nonce), self.day.clock.ms)

    def page(self) -> Any:
        figures.forget()
        return self.client.get("/day/data.json").json()

    def twice(self, county: str | None = None) -> int:
        """Who was truly served at both, there among others."""
        at: dict[str, set[str]] = {}
        for person, where in self.served:
            at.setdefault(person, set()).add(where)
        return sum(len(places) > 1 and (county is None or county in places) for places in at.values())


@pytest.fixture
def told(here: Home, day: Any) -> Iterator[Told]:
    """Somebody at headquarters, in the time of the test."""
    clock.use(day.clock)
    yield Told(day)
    clock.use(clock.SystemClock())


def row(data: Any, county: str) -> Any:
    return next((one for one in data["exposure"]["counties"] if one["county"] == county), None)


def test_three_moments_of_an_outage(told: Told, people: Any) -> None:
    """Damavand is linked and serves two.  Firuzkuh's line is cut after its first voter; then it serves Maryam and Ali
    again and refuses Sara, who may vote.  At nine nothing is known and all is possible; when its line is back and
    brings a part, one is known and two entries are missing; when all is closed, the page says what was truly so."""
    day = told.day
    told.serve(day.firuzkuh, people.REZA)
    day.clock.ms += 10_000
    told.push(day.firuzkuh)
    day.firuzkuh.seconds = None
    for person in (people.MARYAM, people.ALI):
        told.serve(day.damavand, person)
    told.serve(day.firuzkuh, people.MARYAM)
    told.serve(day.firuzkuh, people.ALI)
    day.firuzkuh.refuse(people.SARA, "not-eligible", "barred")
    day.clock.ms += 60 * MINUTE
    told.push(day.damavand)

    cut = told.page()
    fits = (60 * MINUTE + LATE_MS) // CHECK_IN_MS + 1
    late = LATE_MS // CHECK_IN_MS + 1
    assert cut["exposure"]["unheard"] == fits + late
    assert (cut["exposure"]["cut_off"], cut["exposure"]["unheard_cut_off"]) == (1, fits)
    assert (cut["exposure"]["bound"], cut["exposure"]["known"]) == (4 + 1, 0)  # the register has no more persons
    assert row(cut, "فیروزکوه")["bound"] == 5
    assert cut["offline"]["made"] == 0

    told.push(day.firuzkuh, entries=3)
    part = told.page()
    assert (part["exposure"]["known"], told.twice()) == (1, 2)
    assert part["exposure"]["unheard"] == (late + 2) + late  # two of its four entries are missing
    assert row(part, "دماوند")["known"] == 1
    assert part["offline"] == {"made": 1, "contradicted": 1, "by_reason": {"checked-in-elsewhere": 1}, "decisions": 4}

    for terminal in (day.damavand, day.booth, day.firuzkuh):
        terminal.close()
    day.deliver()
    whole = told.page()
    shown = whole["exposure"]
    assert (shown["bound"], shown["known"], shown["unheard"]) == (told.twice(), told.twice(), 0)
    assert {one["county"]: one["bound"] for one in shown["counties"]} == {
        county: told.twice(county) for county in ("دماوند", "فیروزکوه")
    }
    assert [station["exposure"] for station in whole["stations"]] == [2, 2]
    reasons = {"checked-in-elsewhere": 2, "eligible": 1}
    assert whole["offline"] == {"made": 3, "contradicted": 3, "by_reason": reasons, "decisions": 6}


def test_it_grows_with_silence_and_shrinks_with_data(told: Told, here: Home, people: Any) -> None:
    """At every minute the bound holds; at one moment each entry that arrives leaves it as it was or lower."""
    day = told.day
    strangers = [synthetic(n) for n in range(10, 16)]
    told.push(day.damavand)
    told.push(day.firuzkuh)
    silent = []
    for person in strangers:
        told.serve(day.damavand, person)
        told.serve(day.firuzkuh, person)
        day.clock.ms += MINUTE
        silent.append(told.page()["exposure"]["unheard"])
        assert told.page()["exposure"]["bound"] >= min(5, told.twice())
    assert silent == sorted(silent)
    bounds = []
    for count in range(1, len(day.firuzkuh.entries) + 1):
        day.intake.take(day.firuzkuh.triples()[count - 1 : count])
        bounds.append(told.page()["exposure"]["unheard"])
    assert bounds == sorted(bounds, reverse=True)


def test_a_permit_without_its_person_is_unheard(told: Told, people: Any) -> None:
    """A copy that a colleague kept has no private parts: the permit is here, and whose it is nobody can say."""
    day = told.day
    told.serve(day.firuzkuh, people.MARYAM)
    for terminal in (day.damavand, day.booth, day.firuzkuh):
        terminal.close()
    day.deliver(day.damavand, day.booth)
    day.intake.take([[entry, signature, None] for entry, signature, _ in day.firuzkuh.triples()])
    shown = told.page()["exposure"]
    assert (shown["unheard"], shown["bound"]) == (1, 0)  # one visit alone is nobody's second


def test_what_a_colleague_says_of_a_desk_is_no_word_of_the_desk(told: Told, people: Any) -> None:
    """Damavand's booth is linked and names the desk's old head, for their cable is cut: the desk may have done all that
    fits in the day."""
    day = told.day
    heads = [head_of(day.here.eh, day.damavand.entries[-1])]
    side = StationSide(day.here.eh, 1, day.booth.seed, day.here.manifest.hq_key)
    push = side.next_push(heads, lambda _, seq: day.damavand.entries[seq + 1 :], nonce=bytes(16))
    day.intake.receive(push, day.clock.ms)
    damavand = told.page()["stations"][0]
    assert damavand["unheard"] == OPENING // CHECK_IN_MS + 1


def test_two_stories_of_one_desk_work_at_twice_the_pace(told: Told, people: Any) -> None:
    """Firuzkuh's desk was copied and both machines work."""
    day = told.day
    told.push(day.firuzkuh)
    clone = type(day.firuzkuh)(day.here, 2, 1)
    clone.write("opened", [1, ["another story"]])
    day.deliver(clone)
    assert told.page()["stations"][1]["unheard"] == 2 * (OPENING // CHECK_IN_MS + 1)


def test_a_replacement_is_no_second_service(told: Told, people: Any) -> None:
    """Ali's booth died and his permit was replaced: one visit."""
    from amanat.records.permit import Permit

    day = told.day
    first = day.damavand.check_in(people.ALI, booth=1)
    day.damavand.check_in(people.ALI, replaces=Permit.decode(first.permit).serial)
    for terminal in (day.damavand, day.booth, day.firuzkuh):
        terminal.close()
    day.deliver()
    shown = told.page()["exposure"]
    assert (shown["bound"], shown["unheard"], shown["counties"]) == (0, 0, [])


def test_the_clerks_withdrawal_is_no_decision(told: Told, people: Any) -> None:
    """Offline the clerk typed Reza's id by mistake and took it back: nobody was refused who may vote."""
    day = told.day
    day.damavand.seconds = None
    day.damavand.refuse(people.REZA, "withdrawn", "typed-wrong")
    day.deliver()
    assert told.page()["offline"] == {"made": 0, "contradicted": 0, "by_reason": {}, "decisions": 0}


def test_the_page_says_it_in_a_sentence(told: Told, root: Path) -> None:
    """Persian, before any data came: a bound, no estimate, and that one vote of each is counted."""
    page = told.client.get("/day/").content.decode()
    for words in ("سقف پذیرش دوباره", "این سقف است، نه برآورد", "تنها یک رأی می‌ماند", "هدف: زیر ۱٪"):
        assert words in page
