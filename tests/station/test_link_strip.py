"""The link as people see it and as strangers cannot: words on the strip, black holes, and who may be headquarters."""

import asyncio
import datetime
import ssl
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.station.conftest import MARYAM, OFFICERS, Booths, Election, permit_for
from tests.station.test_link import County, Headquarters, QuickClock

from amanat.errors import BadInput
from amanat.station import config, http_wire, link
from amanat.station.link_tls import require_private, tls_of
from amanat.station.link_words import LinkState, span, words

HOUR = 3_600_000
NOON = 1_709_281_800_000  # 12:00 in Iran


def state(**more: int | None) -> LinkState:
    usual: dict[str, int | None] = dict.fromkeys(LinkState.__dataclass_fields__)
    return LinkState(**(usual | {"now_ms": NOON, "safe": 214, "undelivered": 0} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "fa", "en"),
    [
        (state(), "شبکه برقرار است", "The network is up"),
        (
            state(undelivered=3, oldest_ms=7 * 60_000),
            "شبکه برقرار است؛ ۳ ثبت در صف، کهنه‌ترین از ۷ دقیقه پیش",
            "The network is up; 3 entries wait, the oldest for 7 min",
        ),
        (
            state(asking_since_ms=NOON - 12_000),
            "شبکه کند است؛ ۱۲ ثانیه است که پاسخ نیامده",
            "The network is slow, no answer for 12 s",
        ),
        (
            state(down_since_ms=NOON - 2 * HOUR, next_try_ms=NOON + 110_000, undelivered=1200),
            "شبکه از ۱۰:۰۰ قطع است؛ ادامه دهید، ۲۱۴ رأی امن است؛ ۱٬۲۰۰ ثبت در صف؛ تلاش بعدی ۲ دقیقهٔ دیگر",
            "The network is down; go on, 214 ballots are safe; 1200 entries wait; next try in 2 min",
        ),
        (
            state(down_since_ms=NOON - 1, asking_since_ms=NOON),
            "شبکه از ۱۱:۵۹ قطع است؛ ادامه دهید، ۲۱۴ رأی امن است؛ همین حالا دوباره تلاش می‌شود",
            "The network is down; go on, 214 ballots are safe; trying again now",
        ),
    ],
)
def test_the_strip_says_what_is_known(of: LinkState, fa: str, en: str) -> None:
    assert words(of) == (fa, en)


def test_a_length_of_time_is_rounded_up() -> None:
    assert [span(ms)[1] for ms in (0, 1, 59_001, 60_000, 61_000, HOUR, HOUR + 1)] == [
        "0 s", "1 s", "1 min", "1 min", "2 min", "1 h", "2 h",
    ]  # fmt: skip


async def test_a_black_hole_is_seen_within_a_minute_and_not_asked_in_a_loop(election: Election) -> None:
    """Jepsen's lesson.  A server takes everything and answers nothing.  Wanted: the answer's limit and the pause before
    a push are a minute at most together; the strip says down with the next try; the tries become rare."""
    assert link.GAP_SECONDS + http_wire.WIRE_SECONDS_MAX <= 60
    asked = 0

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        while await reader.read(65536):
            pass
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    home = election.home("S1", 1)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    replace(config.read(home), link_url=address, checked_in_list="asked").write(home)
    booths = Booths(election, QuickClock())
    terminal = booths.start("S1", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_wire, "WIRE_SECONDS_MAX", 0.1)
        began = terminal.clock.now_ms()
        terminal.start()
        async with asyncio.timeout(20):
            while asked < 4:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
        shown = terminal.status()["link"]
        waited = terminal.clock.now_ms() - began
    assert not shown["up"]
    assert "قطع است" in shown["words_fa"]
    assert waited >= (1 + 2 + 4) * 1000, "four tries without growing pauses"
    await booths.close()
    server.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hq.example", "link-plain"),
        ("http://10.0.0.1:8000", "link-plain"),
        ("http://127.0.0.1.example", "link-plain"),
        ("ftp://127.0.0.1", "link-address"),
        ("hq.example", "link-address"),
        ("https://[::1", "link-address"),
        ("https://hq.example:port", "link-address"),
        ("", "link-address"),
    ],
)
def test_plain_http_leaves_the_machine_for_nobody(election: Election, url: str, code: str) -> None:
    with pytest.raises(BadInput) as fault:
        require_private(url)
    assert fault.value.code == code
    assert fault.value.say("fa") != fault.value.say("en")


async def test_a_terminal_with_a_plain_address_does_not_start(election: Election, booths: Booths) -> None:
    """Somebody edits terminal.toml by hand.  Wanted: refused at start with the sentence; the media are free again."""
    home = election.home("S1", 1)
    good = config.read(home)
    replace(good, link_url="http://hq.example").write(home)
    with pytest.raises(BadInput) as fault:
        booths.start("S1", 1)
    assert fault.value.code == "link-plain"
    good.write(home)
    booths.start("S1", 1)


@pytest.mark.parametrize("url", ["https://hq.example", "http://127.0.0.1:8000", "http://[::1]:8", "http://localhost"])
def test_an_address_that_nobody_can_read_is_taken(url: str) -> None:
    require_private(url)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headquarters of a test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "ca.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    unsealed = serialization.NoEncryption()
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unsealed)
    private.write_bytes(key.private_bytes(*pem))
    return cert, private


def test_a_file_without_certificates_is_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate\n", encoding="ascii")
    for path in (tmp_path / "ca.pem", tmp_path / "nothing.pem"):
        with pytest.raises(BadInput) as fault:
            tls_of("https://hq.example", path)
        assert fault.value.code == "link-ca"


async def test_delivery_over_tls_to_the_headquarters_that_the_file_vouches_for(
    election: Election, booths: Booths, tmp_path: Path
) -> None:
    """S-1.  Headquarters has a certificate of its own authority.  Wanted: delivered with `link_ca`; without it, an
    impostor for all that the terminal knows, nothing is sent and the strip says that the network is down."""
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    certificates = booths.start("S2", 1).identity.package.certificates
    hq = Headquarters(election, certificates)
    application = web.Application(client_max_size=4 << 20)
    application.router.add_post("/sync/v1/push", hq._push)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    home = election.home("S1", 1)
    plain = replace(config.read(home), link_url=f"https://127.0.0.1:{port}")
    county = County(Booths(election, QuickClock()), hq)
    plain.write(home)
    stranger = county.booths.start("S1", 1)
    stranger.start()
    await stranger.open(OFFICERS)
    assert stranger.link is not None
    await county.until(lambda: stranger.link is not None and stranger.link._failures > 1)
    assert not hq.memory.rows
    await county.booths.stop(stranger)
    replace(plain, link_ca=str(cert)).write(home)
    known = county.booths.start("S1", 1)
    known.start()
    await permit_for(known, MARYAM)
    known.poke_link()
    await county.until(lambda: hq.holds(known))
    await county.booths.close()
    await runner.cleanup()
