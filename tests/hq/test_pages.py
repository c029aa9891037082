"""Pages: the public's, the situation room's, and what machines ask (P-3, L-5; results after the count only)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from amanat.hq import clock
from amanat.hq.bulletin import log
from amanat.hq.home import Home
from amanat.records import base32

MINUTE = 60_000


@pytest.fixture
def client(here: Home, day: Any) -> Iterator[Client]:
    """Somebody at headquarters, in the time of the test."""
    clock.use(day.clock)
    yield Client()
    clock.use(clock.SystemClock())


@pytest.fixture
def stranger(client: Client) -> Client:
    """Somebody on the network."""
    return Client(REMOTE_ADDR="192.0.2.7")


@pytest.mark.parametrize("path", ["/day/", "/day/data.json", "/metrics"])
def test_the_day_is_hidden_from_a_stranger(client: Client, stranger: Client, path: str) -> None:
    """Counts of the day are not public: a stranger gets what a page that is not there gives."""
    assert client.get(path).status_code == 200
    assert stranger.get(path).status_code == 404
    assert stranger.get("/admin/").status_code == 404


def test_the_day_says_what_is_here_and_what_is_not(client: Client, day: Any, people: Any) -> None:
    """Damavand delivered one of its votes and named a head beyond it; Firuzkuh was never heard of."""
    from amanat.sync.station_side import StationSide, head_of

    day.damavand.vote(people.MARYAM)
    day.damavand.refuse(people.DEAD, "not-eligible", "dead")
    heads = [head_of(day.here.eh, day.damavand.entries[-1])]
    side = StationSide(day.here.eh, 0, day.damavand.seed, day.here.manifest.hq_key)
    first = day.damavand.entries[:4]
    push = side.next_push(heads, lambda _, seq: first[seq + 1 :], nonce=bytes(16))
    day.intake.receive(push, day.clock.now_ms())
    data = client.get("/day/data.json").json()
    assert data["totals"]["ballots"] == 1
    assert data["totals"]["waiting"] == 1
    damavand, firuzkuh = data["stations"]
    assert (damavand["state"], damavand["ballots"], damavand["heard"]) == ("open", 1, 0)
    assert (firuzkuh["state"], firuzkuh["waiting"], firuzkuh["heard"]) == ("never", None, None)
    assert data["hours"] == [{"hour": 8, "ballots": 1}]
    day.clock.ms += MINUTE
    damavand = client.get("/day/data.json").json()["stations"][0]
    assert (damavand["state"], damavand["waiting"]) == ("silent", None)


def test_the_day_shows_closed_and_forked_stations(client: Client, day: Any, people: Any) -> None:
    """Firuzkuh closes; Damavand's desk tells two stories."""
    day.firuzkuh.close()
    clone = type(day.damavand)(day.here, 0, 0)
    clone.write("opened", [1, ["another story"]])
    day.deliver()
    day.deliver(clone)
    states = {s["id"]: s["state"] for s in client.get("/day/data.json").json()["stations"]}
    assert states == {"S1": "apart", "S2": "closed"}


def test_before_the_count_no_number_of_votes_is_public(stranger: Client, day: Any, people: Any) -> None:
    """The result page names the stations that are missing, and nothing else."""
    day.firuzkuh.vote(people.ALI)
    day.firuzkuh.close()
    day.deliver()
    page = stranger.get("/results/").content.decode()
    assert "شعبهٔ دماوند" in page
    assert "شعبهٔ فیروزکوه" not in page
    assert "هنوز منتشر نشده" in page


def test_a_receipt_goes_from_waiting_to_the_bulletin(stranger: Client, day: Any, people: Any) -> None:
    """Absent, then waiting for its batch, then on the bulletin with its proof; a mistyped code is said kindly."""
    id_ = day.damavand.vote(people.MARYAM)
    code = base32.code(id_)
    assert "هنوز به ستاد نرسیده" in stranger.get("/receipt/", {"code": code}).content.decode()
    day.deliver()
    assert "به ستاد رسیده است" in stranger.get("/receipt/", {"code": code.lower()}).content.decode()
    log.flush(day.here, now_ms=day.clock.ms)
    page = stranger.get("/receipt/", {"code": code.replace("-", " ")}).content.decode()
    assert "در تابلوی عمومی است" in page
    assert log.tree(day.here).root().hex() in page
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert stranger.get("/receipt/", {"code": wrong}).status_code == 400
    assert stranger.get("/receipt/").status_code == 200


def publish(day: Any, root: Path, people: Any) -> list[bytes]:
    """A published record whose count was made elsewhere: three ballots, one of them a duplicate."""
    from amanat.hq.cases.boards import boards_of
    from amanat.hq.results.export import Target, export
    from amanat.hq.results.publishing import publish
    from amanat.records import cbor
    from amanat.records.order import Order, TreeHead

    ids = [day.damavand.vote(people.MARYAM), day.damavand.vote(people.ALI), day.firuzkuh.vote(people.MARYAM)]
    for terminal in (day.damavand, day.booth, day.firuzkuh):
        terminal.close()
    day.deliver()
    record = root / "record"
    boards = boards_of(day.here, root / "authorities")
    export(day.here, Target(record, root / "private", 1), now_ms=9, boards=boards)
    (record / "order/1/order.cbor").write_bytes(
        Order(1, TreeHead(0, bytes(32)), *[bytes(32)] * 3, (), (0,), ()).encode()
    )
    (record / "dedup/1").mkdir(parents=True)
    (record / "dedup/1/set-aside.seq").write_bytes(cbor.encode_seq([[ids[2], 1, ids[0]]]))
    majlis = {"votes": {"1001": 2, "1002": 0, "1003": 0}, "blank": 0, "unreadable": 0, "valid": 2, "counted": 2}
    majlis |= {"seats": 1, "elected": ["1001"], "runoff": [], "tied": [], "lots": []}
    aside = {"annulled": 0, "duplicate": 1, "late": 0, "paper": 0}
    result = {"contests": {"majlis": majlis}, "counted": 2, "received": 3, "set_aside": aside}
    (record / "result.json").write_text(json.dumps(result | {"election_hash": day.here.eh.hex()}))
    publish(day.here, record, now_ms=day.clock.ms)
    return ids


def test_the_result_comes_from_the_published_record(stranger: Client, day: Any, root: Path, people: Any) -> None:
    """Names, votes and the ballots of each station stand there; the database is not asked."""
    publish(day, root, people)
    page = stranger.get("/results/").content.decode()
    assert "برگزیده: <strong>آرش</strong>" in page
    assert "از ۳ برگ رسیده" in page
    (root / "record/result.json").unlink()
    assert "هنوز منتشر نشده" in stranger.get("/results/").content.decode()


def test_a_receipt_says_counted_or_why_not(stranger: Client, day: Any, root: Path, people: Any) -> None:
    """After the count the same page says what became of the ballot."""
    ids = publish(day, root, people)
    pages = [stranger.get("/receipt/", {"code": base32.code(id_)}).content.decode() for id_ in ids]
    assert ["شمرده شد" in page for page in pages] == [True, True, False]
    assert "تکراری" in pages[2]


@pytest.mark.parametrize("path", ["/results/", "/receipt/", "/day/", "/bulletin/checkpoint", "/nothing/"])
def test_no_page_asks_another_site(client: Client, path: str) -> None:
    """Strict policy, and not one foreign address in what is sent."""
    response = client.get(path)
    assert response["Content-Security-Policy"].startswith("default-src 'self'")
    body = response.content.decode()
    assert "http://" not in body.replace("http://www.w3.org/", "")
    assert "https://" not in body


@pytest.mark.parametrize("path", ["../database.sqlite3", "tile/../../machine.json", "checkpoint.new", "keys"])
def test_the_bulletin_serves_nothing_else(client: Client, path: str) -> None:
    """Only the checkpoint and tiles leave the folder."""
    assert client.get(f"/bulletin/{path}").status_code == 404


def test_it_serves_the_bulletin_as_files(client: Client, here: Home) -> None:
    """The same bytes as on disk; the checkpoint is never cached."""
    response = client.get("/bulletin/checkpoint")
    assert response.content == (here.bulletin / "checkpoint").read_bytes()
    assert response["Cache-Control"] == "no-cache"
    assert client.get("/bulletin/tile/0/000.p/3").content == (here.bulletin / "tile/0/000.p/3").read_bytes()
    assert client.get("/bulletin/tile/0/001").status_code == 404


def test_machines_are_answered(client: Client, day: Any, people: Any) -> None:
    """A line a figure, as Prometheus reads it."""
    day.damavand.vote(people.MARYAM)
    day.deliver()
    lines = client.get("/metrics").content.decode().splitlines()
    assert "amanat_ballots 1" in lines
    assert client.get("/healthz").content == b"ok\n"


def test_the_published_record_can_be_taken_whole(stranger: Client, day: Any, root: Path, people: Any) -> None:
    """Every file that the record names, as it is on disk; nothing before publication, and nothing beside it."""
    assert stranger.get("/record/SHA256SUMS").status_code == 404
    publish(day, root, people)
    record = root / "record"
    (record / "notes.txt").write_text("left by mistake")
    sums = b"".join(stranger.get("/record/SHA256SUMS").streaming_content)
    assert sums == (record / "SHA256SUMS").read_bytes()
    paths = [line.split("  ")[1] for line in sums.decode().splitlines()]
    for path in [*paths, "SHA256SUMS.sig", "bulletin/checkpoint"]:
        assert b"".join(stranger.get(f"/record/{path}").streaming_content) == (record / path).read_bytes()
    for path in ("notes.txt", "../private/cases.json", "bulletin/tile/../../notes.txt", "bulletin"):
        assert stranger.get(f"/record/{path}").status_code == 404


def test_a_page_that_is_not_there_says_so_in_persian(stranger: Client) -> None:
    """A person who mistyped is shown the way back."""
    page = stranger.get("/nothing/")
    assert page.status_code == 404
    assert "چنین صفحه‌ای نیست" in page.content.decode()
