"""How an election becomes a manifest: definition, ceremony, mixers, boards, register.  Clauses M-1, M-2, K-6, R-1."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.core.management import call_command

import amanat_crypto
from amanat.errors import BadInput
from amanat.hq import settings
from amanat.hq.elections import registers
from amanat.hq.elections.acts import log_action
from amanat.hq.elections.models import Election
from amanat.hq.elections.photos import PHOTOS, take_photos
from amanat.hq.home import KEYS, Home, forget
from amanat.hq.writing import writing
from amanat.records import cbor, tiles
from amanat.records.definition import Definition, read_definition
from amanat.records.manifest import Authority, Headquarters, Manifest, Mixer, Trustees, json_line


class Sources(NamedTuple):
    """What an election is made of; `register` None makes an empty one; `register_key` is its key's file, if any."""

    election: Path
    ceremony: Path
    mixers: Path
    authorities: Path
    register: Path | None
    passphrase: Path
    register_key: Path | None = None


class _Folder(Mapping[str, bytes]):
    """The files of a folder by name, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as cause:
            raise KeyError(name) from cause

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in self._folder.iterdir())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def init(folder: Path, sources: Sources, *, now_ms: int, database: str = "") -> Manifest:
    """Makes headquarters' home: keys, manifest, register, database.

    Raises:
        BadInput: the home exists, or a file of the sources is missing or wrong.
        Malformed: trustees.cbor is none.
    """
    definition = read_definition(_Folder(sources.election), folder=str(sources.election))
    secrets = {name: os.urandom(32) for name in KEYS}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as staging:
        made = registers.take(definition, sources.register, sources.register_key, into=Path(staging) / "register.bin")
        secrets["register"] = made.key
        manifest = _manifest(definition, sources, secrets, made.root)
        here = Home.create(folder, passphrase=sources.passphrase, secrets=secrets, database=database)
        _write_election(here, definition, manifest, sources)
        made.file.rename(here.election / "register.bin")
    forget()
    settings.configure(folder, database=database)
    call_command("migrate", verbosity=0)
    with writing():
        Election.objects.create(eh=manifest.election_hash, epoch=os.urandom(16))
        log_action("election-made", manifest.election_hash.hex(), at_ms=now_ms)
    return manifest


def _manifest(definition: Definition, sources: Sources, secrets: Mapping[str, bytes], root: bytes) -> Manifest:
    bulletin = tiles.vkey(f"{definition.id}-{definition.round}.bulletin", amanat_crypto.public_key(secrets["bulletin"]))
    hpke = X25519PrivateKey.from_private_bytes(secrets["hpke"]).public_key().public_bytes_raw()
    return Manifest(
        election_id=definition.id,
        round=definition.round,
        polling_day=definition.polling_day.isoformat(),
        rule_set_digest=hashlib.sha256(definition.rule_set_text.encode()).digest(),
        final_list_digest=None,
        contests=tuple(contest.to_manifest() for contest in definition.contests),
        stations=tuple(station.to_manifest() for station in definition.stations),
        trustees=_trustees(sources.ceremony, definition),
        register_root=root,
        hq=Headquarters(amanat_crypto.public_key(secrets["signing"]), hpke),
        bulletin_vkey=bulletin,
        witness_vkeys=definition.witnesses,
        mixers=tuple(_mixers(sources.mixers, definition)),
        authorities=tuple(_authorities(sources.authorities, definition)),
    )


def _trustees(ceremony: Path, definition: Definition) -> Trustees:
    path = ceremony / "trustees.cbor"
    try:
        trustees = Trustees.from_value(cbor.decode(path.read_bytes()))
    except OSError as cause:
        raise BadInput("hq-source-missing", file=str(path)) from cause
    if trustees.n != len(definition.trustees.names) or trustees.threshold != definition.trustees.threshold:
        raise BadInput("hq-source-differs", file=str(path), field="trustees")
    return trustees


def identities(folder: Path) -> list[dict[str, Any]]:
    """The identity.json of each machine in a folder, by index.  Raises BadInput."""
    found = []
    for path in sorted(folder.glob("*/identity.json")):
        try:
            identity = json.loads(path.read_text(encoding="utf-8"))
            identity["index"], identity["signing_key"] = int(identity["index"]), bytes.fromhex(identity["signing_key"])
        except (ValueError, KeyError, TypeError) as cause:
            raise BadInput("hq-identity", file=str(path)) from cause
        found.append({**identity, "folder": path.parent})
    return sorted(found, key=lambda identity: int(identity["index"]))


def _mixers(folder: Path, definition: Definition) -> Iterator[Mixer]:
    found = identities(folder)
    if len(found) != len(definition.mixers):
        raise BadInput("hq-source-differs", file=str(folder), field="mixers")
    for identity, (name, owner) in zip(found, definition.mixers, strict=True):
        yield Mixer(name, owner, identity["signing_key"])


def _authorities(folder: Path, definition: Definition) -> Iterator[Authority]:
    found = {str(identity.get("role")): identity for identity in identities(folder)}
    for role in definition.authorities:
        if role not in found:
            raise BadInput("hq-source-differs", file=str(folder), field=f"authority {role}")
        yield Authority(role, found[role]["signing_key"])


def _write_election(here: Home, definition: Definition, manifest: Manifest, sources: Sources) -> None:
    """The public files of the election: what a package and the record are made of."""
    folder = here.election
    (folder / "manifest.cbor").write_bytes(manifest.encode())
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    (folder / "rules.toml").write_bytes(definition.rule_set_text.encode())
    shutil.copytree(sources.ceremony / "keys", folder / "keys")
    photos = take_photos(definition.contests, sources.election, folder / PHOTOS)
    titles = {contest.id: dict(contest.title) for contest in definition.contests}
    stations = [
        {"id": s.id, "name_fa": s.name_fa, "county": s.county, "district": s.district, "lat": s.lat, "lon": s.lon}
        for s in definition.stations
    ]
    candidates = {
        contest.id: [
            {
                "code": c.code,
                "name_fa": c.name_fa,
                "name_en": c.name_en,
                "mark": c.mark_fa,
                "phonetic_fa": c.phonetic_fa,
                "photo": photos.get((contest.id, c.code), ""),
            }
            for c in contest.candidates
        ]
        for contest in definition.contests
    }
    contests = [{"id": key, "title_fa": title["fa"], "title_en": title["en"]} for key, title in titles.items()]
    texts = {"title": dict(definition.title), "contests": titles, "stations": [s["name_fa"] for s in stations]}
    for name, value in (
        ("stations", stations),
        ("candidates", candidates),
        ("contests", contests),
        ("texts", texts),
    ):
        (folder / f"{name}.json").write_text(json_line(value), encoding="utf-8")
