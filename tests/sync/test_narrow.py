"""Frames of 140 bytes (S-7): what is encoded comes back, and nothing else does."""

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import amanat_crypto
from amanat.errors import PeerFault
from amanat.records.identifiers import ElectionHash
from amanat.sync import narrow
from amanat.sync.messages import NewsItem
from amanat.sync.narrow import Body, Channel, CheckedIn, Closed, Elsewhere, Frame, Heard, Opened, Turnout

EH = ElectionHash(bytes(range(32)))
SEED, HQ_SEED, HPKE = b"d" * 32, b"h" * 32, b"x" * 32
KEY, HQ_KEY = amanat_crypto.public_key(SEED), amanat_crypto.public_key(HQ_SEED)
HPKE_KEY = X25519PrivateKey.from_private_bytes(HPKE).public_key().public_bytes_raw()
U24 = st.integers(0, (1 << 24) - 1)
DIGEST = st.binary(min_size=10, max_size=10)
NUMBER = st.integers(0, narrow.NUMBER_END - 1)
UP = st.one_of(
    st.lists(DIGEST, min_size=1, max_size=narrow.CHECKED_IN_MAX).map(lambda d: CheckedIn(tuple(d))),
    st.integers(0, (1 << 32) - 1).map(Opened),
    st.builds(Turnout, U24, U24),
    st.builds(Closed, st.tuples(*[U24] * 6), st.binary(min_size=16, max_size=16)),
)
DOWN = st.one_of(
    st.lists(st.builds(NewsItem, DIGEST, U24), min_size=1, max_size=narrow.NEWS_MAX).map(lambda d: Elsewhere(tuple(d))),
    st.lists(NUMBER, min_size=1, max_size=narrow.HEARD_MAX).map(lambda d: Heard(tuple(d))),
)


def station(device: int = 7, eh: ElectionHash = EH) -> Channel:
    return Channel.of_station(eh, device, seed=SEED, hq_hpke_key=HPKE_KEY)


def headquarters(device: int = 7, eh: ElectionHash = EH) -> Channel:
    return Channel.of_headquarters(eh, device, device_key=KEY, hpke_secret=HPKE)


@given(UP, NUMBER)
def test_what_a_station_sends_headquarters_reads(body: Body, number: int) -> None:
    """Any body, any number: at most one text message, and read at the other end as it was said."""
    data = station().encode(number, body, seed=SEED)
    assert len(data) <= narrow.FRAME_MAX
    assert not narrow.is_from_headquarters(data)
    assert headquarters().decode(data, signer=KEY) == Frame(7, number, body)


@given(DOWN, NUMBER)
def test_what_headquarters_sends_the_station_reads(body: Body, number: int) -> None:
    data = headquarters().encode(number, body, seed=HQ_SEED)
    assert len(data) <= narrow.FRAME_MAX
    assert narrow.is_from_headquarters(data)
    assert station().decode(data, signer=HQ_KEY) == Frame(7, number, body)


@given(UP, st.data())
def test_one_bit_changed_is_refused(body: Body, data: st.DataObject) -> None:
    """A forger, or a bad line, changes one bit anywhere: no frame."""
    frame = bytearray(station().encode(5, body, seed=SEED))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PeerFault):
        headquarters().decode(bytes(frame), signer=KEY)


@given(st.binary(max_size=200))
def test_noise_is_no_frame(noise: bytes) -> None:
    with pytest.raises(PeerFault):
        headquarters().decode(noise, signer=KEY)
    with pytest.raises(PeerFault):
        narrow.device_of(noise, EH)


def test_another_election_another_device_another_signer_and_the_way_back_are_refused() -> None:
    """The same counts signed for the exercise of last week, for a neighbour, by a stranger, or sent back down."""
    frame = station().encode(1, Turnout(3, 2), seed=SEED)
    other = ElectionHash(EH[:4] + bytes(28))
    for channel, key in [
        (headquarters(8), KEY),
        (headquarters(eh=other), KEY),
        (headquarters(eh=ElectionHash(bytes(32))), KEY),
        (headquarters(), HQ_KEY),
    ]:
        with pytest.raises(PeerFault):
            channel.decode(frame, signer=key)
    turned = bytes([frame[0] | narrow.DOWN]) + frame[1:]
    with pytest.raises(PeerFault):
        station().decode(turned, signer=HQ_KEY)


def test_who_came_cannot_be_read_on_the_way() -> None:
    """An operator tries every digest: none stands in a frame, and the same digest is not twice the same bytes."""
    digest = b"0123456789"
    frames = [station().encode(number, CheckedIn((digest,)), seed=SEED) for number in (1, 2)]
    bodies = [frame[narrow.HEADER + narrow.NONCE : -narrow.SIGNATURE] for frame in frames]
    assert bodies[0] != bodies[1]
    assert all(digest not in frame for frame in frames)
    stranger = Channel.of_station(EH, 7, seed=b"s" * 32, hq_hpke_key=HPKE_KEY)
    with pytest.raises(PeerFault):
        stranger.decode(frames[0], signer=KEY)


def test_more_than_a_frame_holds_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="more than a frame"):
        station().encode(1, CheckedIn((bytes(10),) * (narrow.CHECKED_IN_MAX + 1)), seed=SEED)


@given(st.lists(UP, min_size=1, max_size=4, unique=True), st.randoms(use_true_random=False))
def test_text_messages_come_in_any_order(bodies: list[Body], chance: random.Random) -> None:
    """Parts arrive mixed, twice, with greetings between them: the whole frames come out, each once."""
    frames = [station().encode(number, body, seed=SEED) for number, body in enumerate(bodies)]
    strange = ["سلام", "AF1 12", "AF1 x2 0000 ABC", "AF1 1² 0001 A"]
    parts = [part for frame in frames for part in narrow.to_text(frame)] * 2 + strange
    assert all(len(part) <= 160 for part in parts)
    chance.shuffle(parts)
    assert sorted(narrow.from_text(parts)) == sorted(frames)


def test_a_missing_part_is_no_frame() -> None:
    parts = narrow.to_text(station().encode(1, CheckedIn((bytes(10),) * 5), seed=SEED))
    assert len(parts) == 2
    assert narrow.from_text(parts[:1]) == narrow.from_text(parts[1:]) == []


def test_keys_are_converted_as_libsodium_does() -> None:
    """Both ends agree for any seed: the public key on the other curve is that of the converted secret."""
    for number in range(20):
        seed = bytes([number]) * 32
        assert (
            narrow.montgomery(amanat_crypto.public_key(seed)) == narrow._x25519_of(seed).public_key().public_bytes_raw()
        )
