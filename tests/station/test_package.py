"""A terminal loads headquarters' package whole, or not at all (M-7, K-8)."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from tests.station.conftest import Election

from amanat.errors import BadInput, Rejected
from amanat.records import package_sums
from amanat.station import enrolment
from amanat.station.package import read_package
from amanat.station.web import voices

VOICE, PHOTO = "audio/majlis/1001.opus", "photos/majlis/1001.png"
FILES = ("manifest.cbor", "devices.seq", "register.bin", "candidates.json", VOICE, PHOTO)


def said(act: Callable[[], object]) -> tuple[str, str]:
    """The code of the refusal and the file that it names."""
    with pytest.raises((BadInput, Rejected)) as fault:
        act()
    assert fault.value.say("fa")
    return fault.value.code, str(fault.value.facts["file"])


def change(path: Path) -> None:
    """One bit, without touching what other folders share by a hard link."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


@pytest.fixture
def package(election: Election, tmp_path: Path) -> Path:
    """A copy of the package with a voice and a photograph, signed by headquarters."""
    copy = tmp_path / "copy"
    shutil.copytree(election.package, copy)
    for name in ("audio/majlis/1001.opus", "photos/majlis/1001.png"):
        (copy / name).parent.mkdir(parents=True)
        (copy / name).write_bytes(name.encode())
    election.sign_package(copy)
    return copy


def test_everything_in_it_is_taken(election: Election, package: Path) -> None:
    """Voices and photographs are in the terminal's home afterwards, and what an earlier package had is gone."""
    home = election.home("S1", 1)
    enrolment.load(home, package)
    assert (home / "package/audio/majlis/1001.opus").read_bytes() == b"audio/majlis/1001.opus"
    shutil.rmtree(package / "audio")
    election.sign_package(package)
    enrolment.load(home, package)
    assert not (home / "package/audio").exists()
    assert read_package(home / "package").manifest.election_hash == election.eh


@pytest.mark.parametrize("name", FILES)
def test_a_changed_or_missing_file_is_named(election: Election, package: Path, name: str) -> None:
    """One bit of any file, or the file itself: nothing is loaded, the old package stays."""
    home = election.home("S1", 1)
    before = (home / "package/SHA256SUMS").read_bytes()
    change(package / name)
    changed = ("package-file-changed", str(package / name))
    unsigned = ("package-not-signed", str(package / "SHA256SUMS"))  # another manifest names another headquarters
    assert said(lambda: enrolment.load(home, package)) in (changed, unsigned)
    (package / name).unlink()
    assert said(lambda: enrolment.load(home, package)) == ("package-incomplete", str(package / name))
    assert (home / "package/SHA256SUMS").read_bytes() == before


def test_a_file_too_many_and_a_list_of_somebody_else_are_named(election: Election, package: Path) -> None:
    """A file that headquarters did not list; a list that somebody made anew; a list without its signature."""
    home = election.home("S1", 1)
    (package / "audio/majlis/1002.opus").write_bytes(b"a voice that nobody checked")
    assert said(lambda: enrolment.load(home, package)) == (
        "package-file-extra",
        str(package / "audio/majlis/1002.opus"),
    )
    package_sums.write(package, election.eh, lambda *_: bytes(64))
    assert said(lambda: enrolment.load(home, package)) == ("package-not-signed", str(package / "SHA256SUMS"))
    (package / "SHA256SUMS.sig").unlink()
    assert said(lambda: enrolment.load(home, package)) == ("package-incomplete", str(package / "SHA256SUMS.sig"))


def test_a_file_of_another_package_is_refused(election: Election, package: Path, tmp_path: Path) -> None:
    """Antrim's lesson: two packages, both signed by this headquarters, and one file of the one in the other."""
    late = tmp_path / "late"
    shutil.copytree(package, late)
    (late / "candidates.json").write_text("{}", encoding="utf-8")
    election.sign_package(late)
    shutil.copyfile(late / "candidates.json", package / "candidates.json")
    assert said(lambda: enrolment.load(election.home("S1", 1), package)) == (
        "package-file-changed",
        str(package / "candidates.json"),
    )


def test_every_start_looks_again(election: Election, package: Path) -> None:
    """After loading, a small file that was changed and a voice that is gone are seen at the next start."""
    home = election.home("S1", 1) / "package"
    enrolment.load(home.parent, package)
    (home / "audio/majlis/1001.opus").unlink()
    assert said(lambda: read_package(home)) == ("package-incomplete", str(home / "audio/majlis/1001.opus"))
    enrolment.load(home.parent, package)
    change(home / "stations.json")
    assert said(lambda: read_package(home)) == ("package-file-changed", str(home / "stations.json"))


def test_another_elections_package_needs_another_terminal(election: Election, package: Path) -> None:
    """A terminal that holds one election's package takes none of another: its key and journal belong to the first."""
    home = election.home("S1", 1)
    manifest = home / "package/manifest.cbor"
    data = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(data.replace(b"2024-03-01", b"2024-05-10"))
    assert said(lambda: enrolment.load(home, package)) == ("package-of-another", str(home / "package"))


async def got(home: Path, path: str) -> tuple[int, bytes]:
    """Status and content of what the booth's page asks for."""
    application = Starlette(routes=voices.routes())
    photo = {"code": "1001", "photo": "png"}
    application.state.terminal = SimpleNamespace(home=home, candidates={"majlis": [photo]})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await application(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize(("name", "path"), [(VOICE, "/audio/majlis/1001.opus"), (PHOTO, "/api/photo/majlis/1001")])
async def test_an_exchanged_voice_or_photograph_is_not_given_to_a_voter(
    election: Election, package: Path, name: str, path: str
) -> None:
    """A thief puts another voice under a candidate's code after the package was loaded.  Wanted: the terminal starts,
    since nobody hears it, and the file is refused whenever the booth asks for it; a file that is not listed too."""
    home = election.home("S1", 1)
    enrolment.load(home, package)
    assert await got(home, path) == (200, name.encode())
    change(home / "package" / name)
    assert read_package(home / "package")
    assert await got(home, path) == (404, b"")
    (home / "package/audio/majlis/1002.opus").write_bytes(b"nobody listed this")
    assert await got(home, "/audio/majlis/1002.opus") == (404, b"")
