"""One real station of an invented election, until it is stopped: for the tests and pictures of its pages.

    python tools/one_station.py out/station --election examples/tehran --port 8001

Keys are drawn here instead of in a ceremony, so nothing that it signs counts anywhere.  Contests and candidates are the
election's; the register is invented: `PEOPLE` says who is in it.  Slips come out as files in FOLDER/slips.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import amanat_crypto
from amanat.hq.elections import audio
from amanat.hq.elections.photos import PHOTOS, take_photos
from amanat.records import cbor, package_sums
from amanat.records.definition import ContestDefinition, read_definition
from amanat.records.device import ROLE_APPROVE, ROLE_BALLOT, ROLE_CHECK_IN, Certificate, certificate_id
from amanat.records.identifiers import sign
from amanat.records.manifest import Authority, Headquarters, Manifest, Mixer, Station, Trustee, Trustees
from amanat.records.register import Person, build, root_of
from amanat.rules.eligibility import Flags
from amanat.rules.national_id import synthetic
from amanat.station import config, enrolment, forgetting, run

ID: Final = "pages"
DAY: Final = datetime.now(timezone(timedelta(hours=3, minutes=30))).date().isoformat()  # it opens today
NAME: Final = "دبستان شهید رجایی، رودهن"
PEOPLE: Final = (
    Person(synthetic(1), "مریم رضایی", 1361, Flags()),
    Person(synthetic(2), "رضا احمدی", 1349, Flags()),
    Person(synthetic(3), "سینا محمدی", 1386, Flags(of_age=False)),
    *(Person(synthetic(n), f"شهروند شمارهٔ {n}", 1350 + n % 30, Flags()) for n in range(10, 60)),
)
NOBODY: Final = synthetic(4)  # not in the register
HQ_SEED: Final = b"q" * 32
OTHER_KEY: Final = amanat_crypto.public_key(b"o" * 32)


def manifest(contests: Sequence[ContestDefinition], register: bytes, id_: str, approvals: int) -> Manifest:
    """An election of one station with one terminal."""
    keys = {name: (amanat_crypto.base_mul(amanat_crypto.random_scalar()),) for name in "KZW"}
    hpke = X25519PrivateKey.generate().public_key().public_bytes_raw()
    return Manifest(
        election_id=id_,
        round=1,
        polling_day=DAY,
        rule_set_digest=bytes(32),
        final_list_digest=None,
        contests=tuple(contest.to_manifest() for contest in contests),
        stations=(Station("S014", "دماوند", "رودهن", 1, approvals, 0),),
        trustees=Trustees(1, 1, (Trustee(1, "معتمد", "قوه", OTHER_KEY, hpke),), keys["K"], keys["Z"], keys["W"]),
        register_root=root_of(register),
        hq=Headquarters(amanat_crypto.public_key(HQ_SEED), hpke),
        bulletin_vkey="bulletin",
        witness_vkeys=(),
        mixers=tuple(Mixer(f"m{n}", f"m{n}", OTHER_KEY) for n in range(3)),
        authorities=(Authority("governor", OTHER_KEY), Authority("supervisory-board", OTHER_KEY)),
    )


def certified(eh: bytes, device: int, request: bytes) -> cbor.Encodable:
    """An item of devices.seq: the first device checks in and takes ballots, the others are observers' pads."""
    key, seal = cbor.as_list(cbor.decode(request), "request", size=2)
    roles = ROLE_APPROVE if device else ROLE_CHECK_IN | ROLE_BALLOT
    certificate = Certificate(device, 0, roles, cbor.as_bytes(key, "key"), cbor.as_text(seal, "seal")).encode()
    return [certificate, sign(HQ_SEED, "device", eh, certificate_id(eh, certificate)), None]


def write_package(
    folder: Path, election: Path, requests: Sequence[bytes], *, id_: str = ID, recordings: Path | None = None
) -> None:
    """What headquarters would have sent for the terminals of these requests, pads after the first; with voices if there
    is `recordings`."""
    files = {path.name: path.read_bytes() for path in election.iterdir() if path.is_file()}
    contests = read_definition(files, folder=str(election)).contests
    register = build(PEOPLE, election_id=id_, round=1, day=DAY, version=1)
    of = manifest(contests, register, id_, approvals=int(len(requests) > 1))
    eh = of.election_hash
    signed = [certified(eh, device, request) for device, request in enumerate(requests)]
    folder.mkdir()
    photos = take_photos(contests, election, folder / PHOTOS)
    texts = {
        "stations.json": [{"id": "S014", "name_fa": NAME}],
        "contests.json": [{"id": c.id, "title_fa": c.title["fa"], "title_en": c.title["en"]} for c in contests],
        "candidates.json": {
            c.id: [
                {"code": p.code, "name_fa": p.name_fa, "name_en": p.name_en, "mark": p.mark_fa}
                | {"phonetic_fa": p.phonetic_fa, "photo": photos.get((c.id, p.code), "")}
                for p in c.candidates
            ]
            for c in contests
        },
    }
    (folder / "manifest.cbor").write_bytes(of.encode())
    (folder / "devices.seq").write_bytes(cbor.encode_seq(signed))
    (folder / "register.bin").write_bytes(register)
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    if recordings is not None:
        audio.build(audio.utterances(folder), folder / audio.AUDIO, recordings=recordings, progress=lambda *_: None)
    package_sums.write(folder, eh, lambda domain, digest: sign(HQ_SEED, domain, eh, digest))


def make(
    folder: Path, election: Path, *, listen: Sequence[str], link_url: str, id_: str = ID, recordings: Path | None = None
) -> list[Path]:
    """Enrol the terminal, and a pad for each further address, and load their package; their homes."""
    folder.mkdir(parents=True)
    passphrase = folder / "passphrase"
    passphrase.write_text("two officers\n", encoding="utf-8")
    homes = [folder / ("terminal" if n == 1 else f"pad-{n}") for n in range(1, len(listen) + 1)]
    for number, home in enumerate(homes, 1):
        enrolment.enrol(home, station="S014", terminal=number, passphrase=passphrase)
    requests = [(home / "request.cbor").read_bytes() for home in homes]
    write_package(folder / "package", election, requests, id_=id_, recordings=recordings)
    for home, own in zip(homes, listen, strict=True):
        link = link_url if home == homes[0] else ""
        peers = tuple(other for other in listen if other != own)
        enrolment.load(home, folder / "package", listen=own, link_url=link, peers=peers)
    return homes


def main() -> None:
    """Make the station and run it."""
    forgetting.begin_again_wiping()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="made here; must not exist")
    parser.add_argument("--election", type=Path, required=True, help="a folder with election.toml")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--link-url", default="", help="headquarters' address; nobody there: the network is down")
    parser.add_argument("--recordings", type=Path, help="make the booth's voice, with people's recordings from here")
    parser.add_argument("--exercise", action="store_true", help="an exercise: every page and slip says so")
    parser.add_argument("--reader", action="append", default=[], help="a reader beside the desk, as in terminal.toml")
    parser.add_argument("--pads", type=int, default=0, help="observers' pads, whose approval each permit then needs")
    parser.add_argument("--closes", default="18:00", help="the legal end of voting")
    parser.add_argument("--power", default="", help="a folder like /sys/class/power_supply")
    args = parser.parse_args()
    id_ = f"exercise-{ID}" if args.exercise else ID
    listen = [f"127.0.0.1:{args.port + number}" for number in range(args.pads + 1)]
    homes = make(args.folder, args.election, listen=listen, link_url=args.link_url, id_=id_, recordings=args.recordings)
    replace(config.read(homes[0]), readers=tuple(args.reader), closes=args.closes, power=args.power).write(homes[0])
    run.run(homes, clock=None, printer=f"folder:{args.folder / 'slips'}?draw=0")


if __name__ == "__main__":
    main()
