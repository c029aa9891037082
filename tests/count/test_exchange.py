"""Jobs and answers as folders (T-1): half a folder is never read, every job gets one answer, a no has two languages."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amanat.count.exchange import Answer, Files, Gone, Job, Refused, ask, dump, serve
from amanat.count.keys import create
from amanat.count.lists import Lists
from amanat.errors import BadInput, Rejected


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[list[str]]:
    """A machine that doubles numbers; the list has the jobs it did."""
    done: list[str] = []

    def handle(job: Job, out: Path) -> dict[str, Any]:
        done.append(job.name)
        (out / "file").write_bytes(b"made")
        return {"double": 2 * job.number("number")}

    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(tmp_path, handle, stop))
    thread.start()
    yield done
    stop.set()
    thread.join(timeout=30)


def test_the_same_job_is_done_once(tmp_path: Path, machine: list[str]) -> None:
    answers: list[Answer] = [ask(tmp_path, {"kind": "double", "number": 4}, {}) for _ in range(2)]
    assert [answer.data["double"] for answer in answers] == [8, 8]
    assert (answers[0].folder / "file").read_bytes() == b"made"
    assert len(machine) == 1


def test_a_refusal_speaks_both_languages_and_can_be_asked_again(tmp_path: Path, machine: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            ask(tmp_path, {"kind": "double", "number": "four"}, {})
    assert "number" in refused.value.say("fa")
    assert refused.value.say("fa") != refused.value.say("en")
    assert refused.value.code == "job-field-wrong"
    assert len(machine) == 2


def test_a_job_without_its_last_file_is_not_begun_and_a_broken_one_is_answered(
    tmp_path: Path, machine: list[str]
) -> None:
    (tmp_path / "in/half").mkdir(parents=True, exist_ok=True)
    (tmp_path / "in/half/data").write_bytes(b"half")
    (tmp_path / "in/broken").mkdir()
    (tmp_path / "in/broken/job.json").write_bytes(b"[not json")
    ask(tmp_path, {"kind": "double", "number": 1}, {})
    assert not (tmp_path / "out/half").exists()
    assert b'"code":"json-unreadable"' in (tmp_path / "out/broken/answer.json").read_bytes()


def test_what_a_machine_cut_off_in_the_middle_left_is_done_anew(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Power went after a file of the answer and before the answer: at the next start the job is done whole."""
    (tmp_path / "in/job").mkdir(parents=True)
    (tmp_path / "in/job/job.json").write_bytes(dump({"kind": "double", "number": 3}))
    (tmp_path / "out/job").mkdir(parents=True)
    (tmp_path / "out/job/torn").write_bytes(b"half")
    request.getfixturevalue("machine")
    while not (tmp_path / "out/job/answer.json").exists():
        threading.Event().wait(0.01)
    assert not (tmp_path / "out/job/torn").exists()


def test_a_machine_that_is_not_there_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Gone, match="does not answer"):
        ask(tmp_path, {"kind": "double", "number": 1}, {}, patience=0.0)


def test_files_of_a_record_are_read_through_what_a_job_brought(tmp_path: Path) -> None:
    for name, text in (("kept/a", b"old"), ("kept/b", b"b"), ("brought/a", b"new")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text)
    files = Files(tmp_path / "brought", tmp_path / "kept")
    assert (files.read("a"), files.read("b")) == (b"new", b"b")
    with pytest.raises(Rejected, match="lacks c"):
        files.read("c")


def test_a_trustee_never_helps_to_open_a_ballot_in_two_lists(tmp_path: Path) -> None:
    """T-7, P-2: the same list again is right (another J); one ballot less, one more, or in another unit is refused,
    also after a restart, and then nothing of the new lists is kept."""
    a, b, c, d = (bytes([number]) * 32 for number in range(4))
    Lists(tmp_path).accept("majlis", {"s1-1": [a, b], "s1-2": [c]})
    again = Lists(tmp_path)
    again.accept("majlis", {"s1-1": [a, b]})
    again.accept("council", {"s1-1": [a]})
    for wrong in ({"s1-3": [d, b]}, {"s1-1": [a]}, {"s1-1": [d]}, {"s1-4": [d], "s1-2": [c, d]}):
        with pytest.raises(Rejected, match="refuses the list"):
            again.accept("majlis", wrong)
    again.accept("majlis", {"s1-4": [d]})


@pytest.mark.parametrize("value", [None, "x", 3])
def test_a_list_field_of_a_job_holds_its_kind(value: object, tmp_path: Path) -> None:
    job = Job("j", tmp_path, {"units": [value], "J": value})
    with pytest.raises(BadInput):
        job.items("J", int)
    if not isinstance(value, str):
        with pytest.raises(BadInput):
            job.items("units", str)


def test_a_list_that_a_cut_left_half_written_stops_nobody(tmp_path: Path) -> None:
    """Power goes while a trustee keeps a list: it was not kept, no key was used, and after the night it can be."""
    (tmp_path / "majlis").mkdir()
    (tmp_path / "majlis" / "s1-1.part").write_bytes(b"a" * 32)
    lists = Lists(tmp_path)
    lists.accept("majlis", {"s1-1": [b"a" * 32, b"b" * 32]})
    with pytest.raises(Rejected):
        Lists(tmp_path).accept("majlis", {"s1-2": [b"b" * 32]})


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Keys and lists of ballots are kept with the owner's rights only."""
    (tmp_path / "words").write_text("secret\n")
    create(tmp_path / "trustee", tmp_path / "words", hpke=True, role="trustee", index=1)
    Lists(tmp_path / "lists").accept("majlis", {"s1-1": [b"a" * 32]})
    for path in (*tmp_path.glob("trustee/*.sealed"), tmp_path / "lists/majlis/s1-1"):
        assert path.stat().st_mode & 0o077 == 0, path
