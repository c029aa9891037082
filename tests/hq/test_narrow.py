"""S-7 at headquarters: text messages become news and provisional figures, and never anything more."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.test import Client
from tests.hq.conftest import SEEDS

from amanat.cli.main import main
from amanat.errors import BadInput
from amanat.hq import api
from amanat.hq.home import Home
from amanat.hq.writing import rows_of
from amanat.records.device import ROLE_CHECK_IN
from amanat.sync import narrow
from amanat.sync.messages import NewsItem, news_digest
from amanat.sync.narrow import Body, Channel, CheckedIn, Closed, Elsewhere, Heard, Opened, Turnout


class Telephone:
    """The modem at headquarters and those of the stations."""

    def __init__(self, day: Any, root: Path) -> None:
        self.day, self.here = day, day.here
        self.inbox, self.outbox = root / "modem/in", root / "modem/out"
        self.inbox.mkdir(parents=True)

    def channel(self, device: int) -> Channel:
        key = self.here.manifest.hq_hpke_key
        return Channel.of_station(self.here.eh, device, seed=list(SEEDS.values())[device], hq_hpke_key=key)

    def frame(self, device: int, number: int, body: Body, *, seed: bytes | None = None) -> bytes:
        return self.channel(device).encode(number, body, seed=seed or list(SEEDS.values())[device])

    def come(self, name: str, data: bytes) -> None:
        (self.inbox / f"{name}.frame").write_bytes(data)

    def exchange(self) -> Any:
        from amanat.hq.intake.narrow import exchange

        return exchange(self.here, self.day.certificates, self.inbox, self.outbox, now_ms=self.day.clock.ms)

    def answers(self, device: int) -> list[Body]:
        paths = sorted(self.outbox.glob(f"{device}-*.frame"))
        return [self.channel(device).decode(p.read_bytes(), signer=self.here.manifest.hq_key).body for p in paths]


@pytest.fixture
def telephone(day: Any, root: Path) -> Telephone:
    return Telephone(day, root)


@pytest.fixture
def client() -> Client:
    return Client()


def persons(here: Home, *people: str) -> CheckedIn:
    return CheckedIn(tuple(news_digest(here.eh, person) for person in people))


def test_a_check_in_by_text_message_is_news_for_the_others(telephone: Telephone, here: Home, people: Any) -> None:
    """Damavand checks Maryam and Ali in without a link; Firuzkuh is on the telephone too.  Wanted: Firuzkuh hears of
    both, Damavand that its frame was heard, and nothing counts as delivered."""
    telephone.come("a", telephone.frame(0, 1, persons(here, people.MARYAM, people.ALI)))
    telephone.come("b", telephone.frame(2, 1, Opened(1)))
    done = telephone.exchange()
    assert (done.taken, done.repeats, done.refused) == (2, 0, 0)
    assert telephone.answers(0) == [Heard((1,))]
    told = tuple(NewsItem(digest, 0) for digest in persons(here, people.MARYAM, people.ALI).digests)
    assert telephone.answers(2) == [Heard((1,)), Elsewhere(told)]
    held = api.status(here)
    assert (held["entries"], held["permits"], held["ballots"]) == (0, 0, 0)
    assert sorted(path.name for path in (telephone.inbox / "taken").iterdir()) == ["a.frame", "b.frame"]


def test_by_link_the_news_are_the_same(telephone: Telephone, day: Any, here: Home, people: Any) -> None:
    """What came by text message is told to a station with a link too, from the same table, once for each cursor."""
    from amanat.hq.intake.store import DjangoStore

    telephone.come("a", telephone.frame(0, 1, persons(here, people.MARYAM)))
    telephone.exchange()
    cursor, items = DjangoStore(here.eh, day.clock).news(0)
    assert items == [NewsItem(news_digest(here.eh, people.MARYAM), 0)]
    assert DjangoStore(here.eh, day.clock).news(cursor) == (cursor, [])


def test_replay_disorder_and_forgery_change_nothing(telephone: Telephone, here: Home, people: Any) -> None:
    """An older turnout after a newer one, the same frames three times, a neighbour's signature, a stranger's device,
    headquarters' own frame turned around, half a frame.  Wanted: the newest figure stands, news stand once, and each
    repeat is answered again since the answer may have been lost."""
    from amanat.hq.intake.narrow import provisional

    frames = [
        telephone.frame(0, 3, Turnout(30, 20)),
        telephone.frame(0, 2, Turnout(10, 5)),
        telephone.frame(0, 1, persons(here, people.MARYAM)),
    ]
    for turn in range(3):
        for at, frame in enumerate(frames):
            telephone.come(f"{turn}{at}", frame)
        telephone.exchange()
    own = next(telephone.outbox.glob("0-*.frame")).read_bytes()
    bad = [
        telephone.frame(0, 9, Turnout(999, 999), seed=SEEDS["S2-1"]),
        telephone.frame(0, 9, Turnout(999, 999))[:-1],
        own,
        b"",
        bytes([1]) + here.eh[:4] + (77).to_bytes(3, "big") + bytes(100),
        Channel(here.eh, 0, bytes(32)).encode(9, Turnout(999, 999), seed=SEEDS["S1-1"]),
    ]
    for at, data in enumerate(bad):
        telephone.come(f"bad{at}", data)
    done = telephone.exchange()
    assert (done.refused, done.taken) == (len(bad), 0)
    assert len(list((telephone.inbox / "refused").iterdir())) == len(bad)
    told = provisional()[0]
    assert (told["permits"], told["cast"], told["closed"]) == (30, 20, False)
    assert rows_of("SELECT COUNT(*) FROM intake_news") == [(1,)]
    assert telephone.answers(0) == [Heard((1, 2, 3))] * 3


def test_a_booth_tells_no_check_in(telephone: Telephone, here: Home, people: Any) -> None:
    """Who stole a booth's key tells by it that Maryam was checked in.  Wanted: nobody is told, since no booth does."""
    assert not telephone.day.certificates(1).certificate.has(ROLE_CHECK_IN)
    telephone.come("stolen", telephone.frame(1, 1, persons(here, people.MARYAM)))
    telephone.exchange()
    assert rows_of("SELECT COUNT(*) FROM intake_news") == [(0,)]


def test_the_day_page_says_provisional(telephone: Telephone, client: Client, day: Any, here: Home) -> None:
    """Damavand closes by text message: its counts stand beside the delivered ones, never in them; when its link speaks
    again they are gone."""
    from amanat.hq.intake.store import DjangoStore
    from amanat.sync.messages import Head

    telephone.come("a", telephone.frame(0, 1, Turnout(40, 31)))
    telephone.come("b", telephone.frame(0, 2, Closed((41, 2, 40, 38, 1, 1), bytes(16))))
    telephone.exchange()
    shown = client.get("/day/data.json").json()
    assert (shown["totals"]["ballots"], shown["totals"]["narrow"]) == (0, 38)
    damavand, firuzkuh = shown["stations"]
    assert damavand["narrow"] | {"heard": 0} == {"permits": 41, "cast": 38, "closed": True, "heard": 0}
    assert (damavand["ballots"], firuzkuh["narrow"]) == (0, None)
    assert "موقت، شمرده‌نشده" in client.get("/day/").content.decode()
    day.clock.ms += 1
    DjangoStore(here.eh, day.clock).heard(0, [Head(0, 0, bytes(32))], day.clock.ms)
    shown = client.get("/day/data.json").json()
    assert (shown["totals"]["narrow"], shown["stations"][0]["narrow"]) == (None, None)


def test_a_frame_as_two_text_messages(telephone: Telephone, here: Home, people: Any) -> None:
    """The modem gives lines of text; the second half comes a run later, with an advertisement."""
    first, second = narrow.to_text(telephone.frame(0, 1, persons(here, people.MARYAM, people.ALI, people.SARA)))
    (telephone.inbox / "1.txt").write_text(f"{first}\n", encoding="utf-8")
    assert telephone.exchange().taken == 0
    (telephone.inbox / "2.txt").write_text(f"ده درصد تخفیف\n{second}\n", encoding="utf-8")
    assert telephone.exchange().taken == 1
    assert (telephone.exchange().taken, list(telephone.inbox.glob("*.txt"))) == (0, [])
    assert rows_of("SELECT COUNT(*) FROM intake_news") == [(3,)]


def test_news_go_out_in_frames_and_only_once(telephone: Telephone, day: Any, here: Home, people: Any) -> None:
    """Nine check-ins reach headquarters by link; Firuzkuh speaks by telephone, twice.  Wanted: three frames of news,
    then none."""
    from amanat.hq.writing import insert

    telephone.come("a", telephone.frame(2, 1, Opened(1)))
    insert("intake_news", ("digest", "station"), [(bytes([n]) * 10, 0) for n in range(9)])
    telephone.exchange()
    telephone.come("b", telephone.frame(2, 2, Turnout(0, 0)))
    telephone.exchange()
    news = [body for body in telephone.answers(2) if isinstance(body, Elsewhere)]
    assert [len(body.items) for body in news] == [4, 4, 1]


def test_a_folder_that_is_a_file_is_said(telephone: Telephone, root: Path) -> None:
    telephone.outbox.parent.joinpath("out").write_text("", encoding="utf-8")
    with pytest.raises(BadInput) as fault:
        telephone.exchange()
    assert fault.value.code == "file-system"


def test_the_command(telephone: Telephone, here: Home, people: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`amanat hq narrow HOME --in DIR --out DIR`."""
    telephone.come("a", telephone.frame(0, 1, persons(here, people.MARYAM)))
    folders = ["--in", str(telephone.inbox), "--out", str(telephone.outbox)]
    assert main(["hq", "narrow", str(here.folder), *folders]) == 0
    assert "1 new, 0 known, 0 refused, 1 written" in capsys.readouterr().err


def test_both_ends_use_one_key(here: Home) -> None:
    """Headquarters' secret is that of the key in the manifest."""
    secret = X25519PrivateKey.from_private_bytes(here.secret("hpke"))
    assert secret.public_key().public_bytes_raw() == here.manifest.hq_hpke_key
