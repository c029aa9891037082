"""Each checker of the auditor finds the story that it is there for, and is silent about the same story done right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from amanat.records import cbor
from amanat.records.ballot import Core, ballot_id
from amanat.records.journal import Entry
from amanat.records.permit import Permit, PrivatePart
from amanat.records.sheet import CLOSING, Sheet
from amanat.rehearsal.simulation.checkers import bounds, eligibility, exactly_once
from amanat.rehearsal.simulation.checkers.acknowledged import Acknowledged
from amanat.rehearsal.simulation.checkers.autonomy import LONGEST_MS, Autonomy
from amanat.rehearsal.simulation.checkers.bounds import Bounds
from amanat.rehearsal.simulation.checkers.branches import Branches
from amanat.rehearsal.simulation.checkers.durable import Durable
from amanat.rehearsal.simulation.checkers.eligibility import Eligibility
from amanat.rehearsal.simulation.checkers.equations import Equations
from amanat.rehearsal.simulation.checkers.exactly_once import ExactlyOnce
from amanat.rehearsal.simulation.checkers.exposure import Exposed
from amanat.rehearsal.simulation.checkers.liveness import LONGEST_MS as DAY_MS
from amanat.rehearsal.simulation.checkers.liveness import Liveness
from amanat.rehearsal.simulation.checkers.media import Media
from amanat.rehearsal.simulation.checkers.news import News
from amanat.rehearsal.simulation.checkers.sight import Checker, Wrote, device_of
from amanat.rehearsal.simulation.events import Event
from amanat.rules.exposure import Exposure

EH = bytes(32)
PERSON, OTHER = "7000000902", "7000019239"
Told = Callable[..., Iterable[str]]


@dataclass
class Eyes:
    """A sight whose answers the test writes down."""

    journals: dict[int, list[bytes]] = field(default_factory=dict)
    at_headquarters: set[tuple[int, int, bytes]] = field(default_factory=set)
    written: set[tuple[int, int, bytes]] = field(default_factory=set)
    durable: bool = True
    runs: bool = True
    tips: int = 1
    letters: list[tuple[int, int]] = field(default_factory=list)
    barred: set[str] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    rolled_back: set[int] = field(default_factory=set)
    knows_news: bool = False
    heard: bool = False
    tells: bool = True
    words: str = "dead"

    def is_durable(self, device: int, payload: bytes) -> bool:
        return self.durable

    def journal(self, device: int) -> list[bytes]:
        return self.journals.get(device, [])

    def is_running(self, device: int) -> bool:
        return self.runs

    def was_written(self, device: int, seq: int, hash: bytes) -> bool:
        return (device, seq, hash) in self.written

    def was_rolled_back(self, device: int) -> bool:
        return device in self.rolled_back

    def health(self, device: int, letter: str) -> str:
        return self.words

    def is_contradicted(self, device: int) -> bool:
        return self.heard

    def holds(self, device: int, seq: int, hash: bytes) -> bool:
        return (device, seq, hash) in self.at_headquarters

    def branches(self, device: int) -> int:
        return self.tips

    def news_read(self, device: int, person: str) -> bool:
        return self.knows_news

    def has_news(self, device: int, seq: int, person: str) -> bool:
        return self.tells

    def buried(self) -> Iterable[tuple[int, int]]:
        return self.letters

    def is_eligible(self, person: str) -> bool:
        return person not in self.barred

    def is_gone(self, device: int) -> bool:
        return device in self.gone


class Story:
    """Events and entries told to one checker; `said` is all that it said."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.said: list[str] = []
        self._number = 0

    def event(self, kind: str, where: str = "world", at_ms: int = 0, **facts: int | str) -> "Story":
        self.said += self.checker.hear(Event(at_ms, self._number, kind, where, facts))
        self._number += 1
        return self

    def entry(
        self, device: int, seq: int, kind: str, *body: cbor.Value, hash: bytes = b"", private: bytes | None = None
    ) -> "Story":
        entry = Entry(device, seq, bytes(32), kind, list(body), None, 0, 0, bytes(16))
        mark = hash or bytes([device, seq]) * 16
        self.said += self.checker.wrote(Wrote(0, device, entry, mark, mark, private))
        return self


def permit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A permit is `serial:station:replaces`, a private part a person, a core its permit."""

    def decode(data: bytes) -> SimpleNamespace:
        serial, station, replaces = data.split(b":")
        return SimpleNamespace(serial=serial, station=int(station), replaces=replaces or None)

    monkeypatch.setattr(Permit, "decode", decode)
    monkeypatch.setattr(PrivatePart, "decode", lambda data: SimpleNamespace(national_id=data.decode()))
    monkeypatch.setattr(Core, "decode", lambda data: SimpleNamespace(permit=data))


@pytest.fixture(autouse=True)
def _short_records(monkeypatch: pytest.MonkeyPatch) -> None:
    permit(monkeypatch)
    assert bounds.Permit is eligibility.Permit is exactly_once.Permit  # else the shortening is not seen


def test_a_ballot_that_no_journal_has() -> None:
    """She is told *cast* before, or without, an entry; then the entry comes first and all is well."""
    id_ = ballot_id(EH, b"s:1:").hex()
    told = {"person": PERSON, "what": "cast", "id": id_, "device": 1}
    assert Story(ExactlyOnce(Eyes(), EH)).event("told", **told).said
    assert not Story(ExactlyOnce(Eyes(), EH)).entry(1, 0, "ballot-cast", b"s:1:", bytes(64)).event("told", **told).said


def test_a_slip_of_a_terminal_that_fell_in_that_very_step() -> None:
    """Nobody could read its journal any more: it is asked when the terminal runs again, or at the end of the day."""
    told = {"person": PERSON, "what": "permit", "id": b"s".hex(), "device": 1}
    eyes = Eyes(runs=False)
    story = Story(Bounds(eyes)).event("told", **told).event("crash", "D1")
    assert not story.said
    eyes.runs = True
    assert not Story(Bounds(eyes)).entry(1, 0, "permit", b"s:1:").event("told", **told).event("recovered", "D1").said
    assert story.event("recovered", "D1").said
    assert Story(Bounds(Eyes(runs=False))).event("told", **told).event("quiet").said


def test_one_permit_casts_twice() -> None:
    """Two ballots with one serial at one terminal; two serials are two voters."""

    def twice(serial: bytes) -> list[str]:
        story = Story(ExactlyOnce(Eyes(), EH)).entry(1, 0, "ballot-cast", b"s:1:", bytes(64))
        return story.entry(1, 1, "ballot-cast", serial + b":2:", bytes(64)).said

    assert twice(b"s")
    assert not twice(b"t")


def test_a_ballot_given_to_two_persons() -> None:
    """A receipt that a terminal repeats is seen as soon as the second voter holds it."""
    id_ = ballot_id(EH, b"s:1:").hex()
    story = Story(ExactlyOnce(Eyes(), EH)).entry(1, 0, "ballot-cast", b"s:1:", bytes(64))
    story.event("told", person=PERSON, what="cast", id=id_, device=1).event(
        "told", person=PERSON, what="cast", id=id_, device=1
    )
    assert not story.said
    assert story.event("told", person=OTHER, what="cast", id=id_, device=1).said


def test_an_act_that_waits_for_a_link() -> None:
    """A desk that takes twenty seconds for a permit; no word where a medium was slow, or a booth had to be asked."""
    slow = {"path": "/api/desk/issue", "ms": LONGEST_MS + 1}
    assert Story(Autonomy(Eyes())).event("acted", "D1", **slow).said
    assert not Story(Autonomy(Eyes())).event("acted", "D1", path="/api/desk/issue", ms=LONGEST_MS).said
    assert not Story(Autonomy(Eyes())).event("acted", "D1", path="/api/desk/void", ms=LONGEST_MS + 1).said
    excused = Story(Autonomy(Eyes())).event("fault", "D1/A", which="slow", component="medium")
    assert not excused.event("acted", "D1", **slow).said
    assert excused.event("acted", "D1", at_ms=10_000_000, **slow).said


def test_who_may_not_vote_gets_no_permit() -> None:
    """A permit for somebody whom the register bars."""
    assert Story(Eligibility(Eyes(barred={PERSON}))).entry(1, 0, "permit", b"s:1:", private=PERSON.encode()).said
    assert not Story(Eligibility(Eyes())).entry(1, 0, "permit", b"s:1:", private=PERSON.encode()).said


def test_one_person_gets_one_permit_at_a_desk() -> None:
    """A second one is a violation, unless it replaces the first, or two officers answered for it."""

    def second(*between: tuple[str, str], replaces: bytes = b"") -> list[str]:
        story = Story(Eligibility(Eyes())).entry(1, 0, "permit", b"s:1:", private=PERSON.encode())
        for kind, words in between:
            story.entry(1, 1, kind, words, "A · B")
        return story.entry(1, 2, "permit", b"t:1:" + replaces, private=PERSON.encode()).said

    assert second()
    assert second(("incident", "companion"))
    assert not second(("incident", "appeal"))
    assert not second(("incident", "appeal"), ("incident", "medium-dead"))
    assert not second(replaces=b"s")


def test_a_spare_has_served_whom_the_dead_desk_served() -> None:
    """It carries that desk's journal on, and so knows (J-8)."""

    def again(*, carries: int) -> list[str]:
        story = Story(Eligibility(Eyes())).entry(1, 0, "permit", b"s:1:", private=PERSON.encode())
        story.entry(9, 0, "hand-over", carries, 0, bytes(32))
        return story.entry(9, 1, "permit", b"t:1:", private=PERSON.encode()).said

    assert again(carries=1)
    assert not again(carries=2)


def test_a_desk_that_was_told_of_a_check_in_elsewhere() -> None:
    """The news reached this desk long ago, and it served the person all the same."""
    assert Story(Eligibility(Eyes(knows_news=True))).entry(1, 0, "permit", b"s:1:", private=PERSON.encode()).said


def test_a_sheet_says_what_the_entries_say() -> None:
    """A closing sheet that counts one ballot too many, and one that leaves a prepared ballot open."""

    def closed(cast: int, prepared: int = 1) -> list[str]:
        figures = {"permits": 1, "refused": 0, "prepared": prepared, "cast": cast, "tested": 0, "dropped": 0}
        roots = {"head": bytes(32), "permit_root": bytes(32), "box_root": bytes(32)}
        sheet = Sheet(kind=CLOSING, device=1, seq=9, **figures, **roots).encode()  # type: ignore[arg-type]
        story = Story(Equations(Eyes())).entry(1, 0, "permit", b"s:1:").entry(1, 1, "ballot-prepared", bytes(32))
        return story.entry(1, 2, "ballot-cast", b"s:1:", bytes(64)).entry(1, 3, "sheet", sheet, bytes(64)).said

    assert not closed(1)
    assert closed(2)
    assert closed(0)


def test_a_ballot_left_open_at_closing() -> None:
    """Prepared, and neither cast, tested nor dropped."""
    figures = {"permits": 0, "refused": 0, "prepared": 1, "cast": 0, "tested": 0, "dropped": 0}
    roots = {"head": bytes(32), "permit_root": bytes(32), "box_root": bytes(32)}
    sheet = Sheet(kind=CLOSING, device=1, seq=9, **figures, **roots).encode()  # type: ignore[arg-type]
    story = Story(Equations(Eyes())).entry(1, 0, "ballot-prepared", bytes(32))
    assert story.entry(1, 1, "sheet", sheet, bytes(64)).said


def test_ballots_come_of_permits_of_desks() -> None:
    """A ballot whose permit no desk wrote; a slip of a permit that no journal has; an act after closing."""
    serial = b"s".hex()
    assert Story(Bounds(Eyes())).entry(2, 0, "ballot-cast", b"s:1:", bytes(64)).said
    assert Story(Bounds(Eyes())).event("told", person=PERSON, what="permit", id=serial, device=1).said
    right = (
        Story(Bounds(Eyes()))
        .entry(1, 0, "permit", b"s:1:")
        .event("told", person=PERSON, what="permit", id=serial, device=1)
    )
    assert not right.entry(2, 0, "ballot-cast", b"s:1:", bytes(64)).said
    assert right.entry(2, 1, "closed", bytes(32)).entry(2, 2, "incident", "late").said


def test_a_booth_is_asked_before_its_permit_is_replaced() -> None:
    """Nobody wrote that it refuses the first one, nor that it is dead (C-7); a refused one is not cast."""

    def replaced(*first: tuple[int, str, cbor.Value]) -> Story:
        story = Story(Bounds(Eyes())).entry(1, 0, "permit", b"s:1:")
        for seq, (device, kind, word) in enumerate(first, start=1):
            story.entry(device, seq, kind, word, f"2 {b's'.hex()} broken")
        return story.entry(1, 9, "permit", b"t:1:s").event("quiet")

    assert replaced().said
    assert not replaced((2, "permit-refused", b"s")).said
    assert not replaced((1, "incident", "booth-dead")).said
    assert replaced((2, "permit-refused", b"s")).entry(2, 8, "ballot-cast", b"s:1:", bytes(64)).said


def test_one_serial_at_two_stations() -> None:
    """Serials are drawn at random; one that comes twice was not."""
    assert Story(Bounds(Eyes())).entry(1, 0, "permit", b"s:1:").entry(5, 0, "permit", b"s:2:").said


def test_what_a_power_cut_would_take_is_seen_at_once() -> None:
    """No cut is needed: the medium that keeps its promise does not hold what the program goes on from (J-2)."""
    assert Story(Durable(Eyes(durable=False))).entry(1, 0, "opened").said
    assert not Story(Durable(Eyes())).entry(1, 0, "opened").said


def test_a_start_finds_all_that_was_there() -> None:
    """One entry less, another in its place; an image of yesterday is another story, once."""
    first, second = b"a" * 32, b"b" * 32

    def started(found: list[bytes], *faults: str) -> list[str]:
        story = Story(Durable(Eyes(journals={1: found})))
        story.entry(1, 0, "opened", hash=first).entry(1, 1, "permit", b"s:1:", hash=second)
        for which in faults:
            story.event("fault", "D1", which=which, component="machine")
        return story.event("recovered", "D1", entries=len(found)).said

    assert started([first])
    assert started([first, b"c" * 32])
    assert not started([first, second, b"c" * 32])
    assert not started([first], "yesterday")
    assert started([first], "kill")


def test_at_the_end_of_the_day_everything_stands_on_a_medium() -> None:
    """A scrubber that mended from the rotten side is seen at the latest when the day is quiet."""
    eyes = Eyes(journals={1: [b"a" * 32]})
    story = Story(Durable(eyes)).entry(1, 0, "opened", hash=b"a" * 32)
    assert not story.event("quiet").said
    eyes.durable = False
    assert story.event("quiet").said


def test_a_medium_that_raised_is_not_called_good() -> None:
    """A failed sync that is tried again seems to succeed: the pages are clean, and the content is gone (J-2)."""

    def after(words: str, *events: str) -> list[str]:
        story = Story(Media(Eyes(words=words))).event("fault", "D1/A", which="failed-sync", component="medium")
        for kind in events:
            story.event(kind, "D1")
        return story.entry(1, 0, "permit", b"s:1:").entry(1, 1, "incident", "medium-dead").said

    assert after("good")
    assert not after("dead")
    assert not after("good", "crash", "recovered")


def test_what_is_acknowledged_is_held_until_a_restore_and_again_after_it() -> None:
    """An answer before its commit; a restart that lost it; a restore that nobody refilled (S-2, S-4)."""
    head = {"gateway": 1, "device": 1, "seq": 3, "hash": (b"h" * 32).hex()}
    place = (1, 3, b"h" * 32)
    assert Story(Acknowledged(Eyes(written={place}))).event("acknowledged", **head).said
    assert Story(Acknowledged(Eyes(at_headquarters={place}))).event("acknowledged", **head).said  # never written
    eyes = Eyes(at_headquarters={place}, written={place})
    story = Story(Acknowledged(eyes)).event("acknowledged", **head).event("hq-start")
    assert not story.said
    eyes.at_headquarters.clear()
    assert len(story.event("hq-start").said) == 1
    assert len(story.event("hq-restore", epoch="2").event("hq-start").said) == 1
    assert len(story.event("quiet").said) == 2


def test_a_stolen_device_owes_nothing_and_every_other_does() -> None:
    """Beyond the model a device is gone with what only it held; what another wrote must be there at the end."""
    eyes = Eyes(gone={1})
    story = Story(Acknowledged(eyes))
    for device in (1, 2):
        eyes.at_headquarters = eyes.written = {(device, 0, b"h" * 32)}
        story.event("acknowledged", gateway=device, device=device, seq=0, hash=(b"h" * 32).hex())
    eyes.at_headquarters = set()
    assert [said for said in story.event("hq-restore", epoch="2").event("quiet").said] == [
        "headquarters acknowledged D2 up to 0, and does not hold it"
    ]


def test_a_journal_has_one_branch() -> None:
    """Two entries in one place, or two tips at headquarters, of a device that nobody rolled back (J-7)."""
    head = {"gateway": 1, "device": 1, "seq": 3, "hash": ""}
    assert Story(Branches(Eyes(tips=2))).event("acknowledged", **head).said
    twice = Story(Branches(Eyes())).entry(1, 0, "opened", hash=b"a" * 32)
    assert twice.entry(1, 0, "opened", hash=b"b" * 32).said
    old = Story(Branches(Eyes(tips=2))).event("fault", "D1", which="yesterday", component="machine")
    assert not old.event("acknowledged", **head).said


def test_a_true_entry_is_not_laid_among_the_unreadable() -> None:
    """Headquarters refused what a device wrote, for whatever reason (S-3)."""
    assert Story(Branches(Eyes(letters=[(1, 4)]))).event("stick-read").said


def test_a_check_in_that_nobody_is_told_of() -> None:
    """Headquarters holds the permit and its person, and its news do not name them (S-5)."""

    def acknowledged(seq: int, *, tells: bool) -> list[str]:
        story = Story(News(Eyes(tells=tells))).entry(1, 4, "permit", b"s:1:", private=PERSON.encode())
        return story.event("acknowledged", gateway=1, device=1, seq=seq, hash="").said

    assert acknowledged(4, tells=False)
    assert not acknowledged(3, tells=False)
    assert not acknowledged(4, tells=True)


def test_a_rolled_back_device_that_goes_on() -> None:
    """It started from yesterday's image, was shown its own later entry, and issues one permit after the other."""

    def goes_on(*, heard: bool, found: int) -> list[str]:
        hashes = [bytes([1, seq]) * 16 for seq in range(3)]
        story = Story(Branches(Eyes(journals={1: hashes[:found]}, heard=heard)))
        for seq in range(3):
            story.entry(1, seq, "incident", "x", hash=hashes[seq])
        story.event("fault", "D1", which="yesterday", component="machine").event("recovered", "D1")
        story.entry(1, found, "permit", b"s:1:", hash=b"n" * 32)
        assert not story.said  # it was under way when the answer came
        return story.entry(1, found + 1, "permit", b"t:1:", hash=b"m" * 32).said

    assert goes_on(heard=True, found=2)
    assert not goes_on(heard=False, found=2)
    assert not goes_on(heard=True, found=3)


def test_everything_arrives_in_time() -> None:
    """Fourteen hours after all faults ended something is still on its way; said once."""
    late = (
        Story(Liveness(Eyes()))
        .event("healed", at_ms=0)
        .event("acted", at_ms=DAY_MS + 1)
        .event("acted", at_ms=2 * DAY_MS)
    )
    assert len(late.said) == 1
    quiet = Story(Liveness(Eyes())).event("healed", at_ms=0).event("quiet", at_ms=DAY_MS)
    assert not quiet.event("acted", at_ms=2 * DAY_MS).said


@pytest.mark.parametrize(("known", "new", "is_said"), [(0, 0, True), (0, 1, False), (1, 0, False)])
def test_the_bound_of_exposure_is_below_the_truth(known: int, new: int, is_said: bool) -> None:
    """One person has permits of two stations, and headquarters says at most none (C-13)."""

    class Bound(Exposure):
        def at(self, stations: object) -> int:
            return self.bound

    story = Story(Exposed(Eyes(), lambda: Bound(known, new, 0)))
    story.entry(1, 0, "permit", b"s:1:", private=PERSON.encode())
    assert bool(story.entry(5, 0, "permit", b"t:2:", private=PERSON.encode()).said) is is_said


def test_what_an_event_is_about() -> None:
    """A device by its fact, by its disk, by its way."""
    assert device_of(Event(0, 0, "x", "S1", {"device": 7})) == 7
    assert device_of(Event(0, 0, "x", "D3/A", {})) == 3
    assert device_of(Event(0, 0, "x", "D3-headquarters", {})) == 3
    assert device_of(Event(0, 0, "x", "headquarters", {})) == -1
