"""What the desk records besides permits, and misuse that it refuses kindly (C-1, C-5, C-7, C-11, R-3, J-5)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.station.conftest import (
    CHOICES,
    MARYAM,
    OFFICERS,
    REZA,
    Booths,
    Election,
    StandingClock,
    permit_for,
    tray,
    vote,
)

from amanat.errors import BadInput
from amanat.records import cbor
from amanat.records.cbor import Value
from amanat.records.journal import Entry
from amanat.records.permit import PrivatePart
from amanat.records.register import Person, build, root_of
from amanat.rules.eligibility import Flags
from amanat.station import config, officers
from amanat.station.desk_acts import DESK_ACTS
from amanat.station.refusal import Refused
from amanat.station.terminal import Terminal
from amanat.sync.messages import NewsItem, news_digest

DAY_MS = 86_400_000


def entries(terminal: Terminal, kind: str) -> list[tuple[list[Value], bytes | None]]:
    """Body and private part of every entry of a kind."""
    decoded = [(Entry.decode(signed.entry), signed.private) for signed in terminal.journal.entries]
    return [(entry.body, private) for entry, private in decoded if entry.kind == kind]


async def test_not_this_person_has_a_reason(booths: Booths) -> None:
    """R-3.  The number was typed wrong, the document is another's, the person left: each stands in the journal."""
    terminal = await booths.opened()
    for why in ("typed-wrong", "other-document", "left"):
        terminal.desk.look(MARYAM)
        assert terminal.desk.withdraw(MARYAM, why)["ok"]
    assert [body[:2] for body, _ in entries(terminal, "refused")] == [
        ["withdrawn", "typed-wrong"],
        ["withdrawn", "other-document"],
        ["withdrawn", "left"],
    ]
    terminal.desk.look(MARYAM)
    with pytest.raises(Refused) as refused:
        terminal.desk.withdraw(MARYAM, "because")
    assert refused.value.code == "request-field"


async def test_a_companion_is_recorded_and_nobody_is_told_whose(booths: Booths) -> None:
    """Reza cannot read and comes with his brother.  The entry says that a relative helped; for whom stands beside it,
    salted, and goes to headquarters alone."""
    terminal = await booths.opened()
    await permit_for(terminal, REZA, companion="relative")
    ((body, private),) = entries(terminal, "incident")
    assert body == ["companion", "relative"]
    assert private is not None
    salt, person = cbor.as_list(cbor.decode(private), "companion", size=2)
    assert (len(cbor.as_bytes(salt, "salt")), person) == (32, REZA)
    assert all(REZA.encode() not in signed.entry for signed in terminal.journal.entries)
    with pytest.raises(Refused):
        await terminal.desk.issue(MARYAM, document=0, companion="stranger")


async def test_the_document_kind_reaches_headquarters(booths: Booths) -> None:
    """C-4: a birth certificate is kind 1 in the private part."""
    terminal = await booths.opened()
    terminal.desk.look(MARYAM)
    await terminal.desk.issue(MARYAM, document=1)
    ((_, private),) = entries(terminal, "permit")
    assert private is not None
    assert PrivatePart.decode(private).document == 1


async def test_checked_in_already_says_where_and_when(booths: Booths, election: Election) -> None:
    """Here with the time; elsewhere with the place alone, since news have no time."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    await permit_for(terminal, REZA)
    here = terminal.desk.look(MARYAM)
    moment = datetime.fromtimestamp(booths.clock.ms / 1000 + 3.5 * 3600, UTC).strftime("%H:%M")
    assert here["time_fa"].translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")) == moment
    assert here["place_fa"] == "شعبهٔ S1"
    other = booths.start("S2", 1)
    await other.open(OFFICERS)
    other.news.add([NewsItem(news_digest(election.eh, MARYAM), 0)])
    there = other.desk.look(MARYAM)
    assert (there["reason"], there["place_fa"], there["time_fa"]) == ("elsewhere:S1", "شعبهٔ S1", "")


async def test_a_permit_that_was_cast_is_not_voided(booths: Booths) -> None:
    """C-7.  Two officers are too late: a vote in the box stays there, and they are told so."""
    terminal = await booths.opened()
    await vote(terminal, terminal, MARYAM)
    serial = tray(terminal).last("permit").fields["serial"]
    with pytest.raises(Refused) as refused:
        await terminal.desk.void(serial, "voter-left", OFFICERS)
    assert refused.value.code == "permit-cast"
    assert terminal.journal.state.account.cast == 1


async def test_one_officer_alone_voids_and_appeals_nothing(booths: Booths, election: Election) -> None:
    """The same name twice, one name, a wrong secret where officers are appointed: refused, and nothing is written."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    serial = tray(terminal).last("permit").fields["serial"]
    before = terminal.journal.state.next_seq

    async def code_of(path: str, **body: object) -> str:
        with pytest.raises(Refused) as refused:
            await DESK_ACTS["POST", path](terminal, body)  # type: ignore[misc]
        return refused.value.code

    for alone in ([], OFFICERS[:1], [OFFICERS[0], f" {OFFICERS[0]} "]):
        assert await code_of("/api/desk/void", serial=serial, officers=alone) == "two-officers"
    two = {"officers": OFFICERS[:1]}
    assert await code_of("/api/desk/issue", national_id=MARYAM, **two) == "two-officers"
    assert await code_of("/api/desk/replace", serial=serial, **two) == "two-officers"
    assert terminal.journal.state.next_seq == before
    assert not officers.are_appointed(election.home("S1", 1))


async def test_a_clock_on_another_day_is_said_and_does_not_keep_a_station_shut(
    booths: Booths, clock: StandingClock
) -> None:
    """J-5.  The battery of the clock is empty: it shows the day before.  Wanted: two officers are told both days and
    nothing is written; they press again, the station is open, and the journal says what the clock said."""
    clock.ms -= DAY_MS
    terminal = booths.start()
    with pytest.raises(Refused) as refused:
        await terminal.open(OFFICERS)
    assert refused.value.code == "opening-on-another-day"
    assert "۱۱ اسفند ۱۴۰۲" in refused.value.say("fa")
    assert "۱۰ اسفند ۱۴۰۲" in refused.value.say("fa")
    assert terminal.journal.state.next_seq == 0
    with pytest.raises(Refused) as refused:
        await terminal.open(OFFICERS[:1], other_day=True)
    assert refused.value.code == "two-officers"
    assert terminal.journal.state.next_seq == 0
    assert (await terminal.open(OFFICERS, other_day=True))["ok"]
    assert entries(terminal, "incident")[0][0] == ["opened-on-another-day", "2024-02-29"]
    assert (await vote(terminal, terminal, MARYAM)) != ""
    assert (await terminal.open(OFFICERS))["repeated"]


async def test_a_permit_of_another_round_or_of_an_exercise_is_refused(
    booths: Booths, election: Election, tmp_path: Path
) -> None:
    """C-5.  The same station, terminals and people, another election: a permit from there is signed over another
    election hash.  The booth says that it is none of this election's and takes the right one afterwards."""
    (tmp_path / "other").mkdir()
    other = Election(tmp_path / "other", election.stations)
    maryam = Person(MARYAM, "مریم کریمی", 1350, Flags())
    other.register = build([maryam], election_id="exercise-test", round=1, day="2024-03-01", version=1)
    root = root_of(other.register)
    other.manifest = replace(other.manifest, election_id="exercise-test", register_root=root)
    other.eh = other.manifest.election_hash
    other.enrol()
    elsewhere = Booths(other, booths.clock)
    try:
        there = await elsewhere.opened()
        slip = await permit_for(there, MARYAM)
        here = await booths.opened()
        with pytest.raises(Refused) as refused:
            await here.booth.accept(slip)
        assert refused.value.code == "permit-not-signed"
        assert "دور دیگر" in refused.value.say("fa")
        await here.booth.accept(await permit_for(here, MARYAM))
        await here.booth.seal(CHOICES)
        assert (await here.booth.cast())["told"] == "cast"
    finally:
        await elsewhere.close()


@pytest.mark.parametrize(
    ("reader", "code"),
    [
        ("card:pcsc:00A4040007?read=00B000000A", "reader-not-installed"),
        ("card:pcsc:zz?read=00", "terminal-settings"),
        ("iris:folder:x", "terminal-settings"),
        ("card", "terminal-settings"),
        ("biometric:folder:f?tries=many", "terminal-settings"),
    ],
)
def test_a_reader_that_is_none_is_named(booths: Booths, election: Election, reader: str, code: str) -> None:
    """The settings name a reader whose program is not installed, or nobody's.  Wanted: exit with a sentence that says
    which, before anything is signed."""
    home = election.home("S1", 1)
    replace(config.read(home), readers=(reader,)).write(home)
    with pytest.raises(BadInput) as refused:
        booths.start()
    assert refused.value.code == code


def with_readers(booths: Booths, election: Election, *readers: str) -> Terminal:
    home = election.home("S1", 1)
    replace(config.read(home), readers=readers).write(home)
    return booths.start()


async def test_three_fingers_that_do_not_match_and_the_way_out(booths: Booths, election: Election) -> None:
    """Maryam's finger is worn.  Three tries, no fourth; no permit without two officers; with them there is one.  The
    journal says that and how it ended; no byte of a template is anywhere in it."""
    folder = election.home("S1", 1) / "fingers"
    folder.mkdir()
    template, sample = bytes(range(64)), bytes(range(64, 128))
    (folder / f"{MARYAM}.template").write_bytes(template)
    (folder / "finger.sample").write_bytes(sample)
    terminal = with_readers(booths, election, "biometric:folder:fingers?tries=3")
    await terminal.open(OFFICERS)
    assert terminal.desk.look(MARYAM)["biometric"]
    told = [await terminal.desk.verify(MARYAM) for _ in range(3)]
    assert [(t["result"], t["tries_left"]) for t in told] == [
        ("not-matched", 2),
        ("not-matched", 1),
        ("not-matched", 0),
    ]
    with pytest.raises(Refused) as refused:
        await terminal.desk.verify(MARYAM)
    assert refused.value.code == "biometric-tries-used-up"
    with pytest.raises(Refused) as refused:
        await terminal.desk.issue(MARYAM, document=0)
    assert refused.value.code == "biometric-first"
    assert (await terminal.desk.issue(MARYAM, document=0, appeal=OFFICERS))["serial"]
    bodies = [body for body, _ in entries(terminal, "incident")]
    assert bodies == [["biometric", "not-matched 3"], ["biometric-waived", " · ".join(OFFICERS)]]
    for signed in terminal.journal.entries:
        assert template not in signed.entry + (signed.private or b"")
        assert sample not in signed.entry + (signed.private or b"")


async def test_a_finger_that_matches_and_a_reader_that_died(booths: Booths, election: Election) -> None:
    """Reza's finger matches at once, within the reader's tolerance.  Then the cable is pulled: the reader is out, which
    stops nobody, since two officers may answer."""
    folder = election.home("S1", 1) / "fingers"
    folder.mkdir()
    (folder / f"{REZA}.template").write_bytes(b"\xff" * 64)
    (folder / "finger.sample").write_bytes(b"\xff" * 63 + b"\xf0")
    terminal = with_readers(booths, election, "biometric:folder:fingers?tries=2")
    await terminal.open(OFFICERS)
    terminal.desk.look(REZA)
    assert (await terminal.desk.verify(REZA))["result"] == "matched"
    assert (await terminal.desk.issue(REZA, document=0))["serial"]
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    terminal.desk.look(MARYAM)
    assert [(await terminal.desk.verify(MARYAM))["result"] for _ in range(2)] == ["failed", "failed"]
    assert (await terminal.desk.issue(MARYAM, document=0, appeal=OFFICERS))["serial"]


async def test_a_card_on_the_reader_names_its_holder(booths: Booths, election: Election) -> None:
    """No card, one card, two cards at once, a card that holds rubbish."""
    folder = election.home("S1", 1) / "cards"
    folder.mkdir()
    terminal = with_readers(booths, election, "card:folder:cards")
    await terminal.open(OFFICERS)
    read = terminal.readers["card"].read
    assert not terminal.status()["card"]
    assert (await read()).result == "nothing"
    (folder / "a.card").write_text(f"{MARYAM}\nmore", encoding="utf-8")
    assert terminal.status()["card"]
    assert ((await read()).result, (await read()).national_id) == ("read", MARYAM)
    (folder / "b.card").write_text(REZA, encoding="utf-8")
    assert (await read()).result == "nothing"
    (folder / "b.card").unlink()
    for rubbish in (b"\xff\xfe", b"1234567890"):
        await asyncio.to_thread((folder / "a.card").write_bytes, rubbish)
        assert (await read()).national_id == ""


async def test_a_desk_without_readers_says_so(booths: Booths) -> None:
    """Somebody presses a key for a reader that is not there."""
    terminal = await booths.opened()
    assert not terminal.desk.look(MARYAM)["biometric"]
    with pytest.raises(Refused) as refused:
        await terminal.desk.verify(MARYAM)
    assert refused.value.code == "no-biometric-reader"
    with pytest.raises(Refused) as refused:
        await DESK_ACTS["POST", "/api/desk/card"](terminal, {})  # type: ignore[misc]
    assert refused.value.code == "no-card-reader"
    with pytest.raises(Refused) as refused:
        await terminal.desk.verify(REZA)
    assert refused.value.code == "nobody-waits"


async def test_the_register_has_an_age(booths: Booths) -> None:
    """The day of its data; once a delta was taken, the day on which that came."""
    terminal = await booths.opened()
    assert terminal.status()["register_day"] == terminal.identity.package.register.header.made == "2024-03-01"
    booths.clock.ms += DAY_MS
    terminal.journal.write("register-delta", [2, bytes(32)])
    assert terminal.status()["register_day"] == "2024-03-02"


async def test_two_questions_about_one_refusal_write_it_once(booths: Booths) -> None:
    """C-9.  The observer refuses; two questions of the desk's page hear it at once, and the booth is silent.  Wanted:
    one entry that the booth was not told, one that the permit is refused."""
    terminal = await booths.opened()
    await permit_for(terminal, MARYAM)
    ((_, issued),) = terminal.desk._issued.values()

    async def silent(*_: object) -> bool:
        await asyncio.sleep(0)
        return False

    asked = terminal.desk.approvals
    asked._void = silent
    await asyncio.gather(*(asked._enter_refusal(issued, "observer-face") for _ in range(2)))
    assert [body[0] for body, _ in entries(terminal, "incident")] == ["booth-not-told"]
    assert len(entries(terminal, "permit-refused")) == 1
