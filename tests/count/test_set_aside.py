"""Who is set aside, as anyone recomputes it (T-5, T-6)."""

import hashlib
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.count.set_aside import IDENTITY, Claim, Tagged, lottery, require_same_groups, set_aside
from amanat.errors import Rejected
from amanat.records.order import Reason


def h(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


@st.composite
def ballots(draw: st.DrawFn) -> Tagged:
    """Up to thirty ballots of up to eight persons; some permits replace another one, not always of the same person."""
    count = draw(st.integers(0, 30))
    ids = sorted(h("id", draw(st.integers(0, 9)), at) for at in range(count))
    persons = [draw(st.integers(0, 7)) for _ in range(count)]
    claims = [
        Claim(draw(st.integers(0, 2)), h("serial", at), draw(st.sampled_from([None, h("serial", other)])))
        for at in range(count)
        for other in [draw(st.integers(0, max(count - 1, 0)))]
    ]
    return Tagged(ids, [h("tag", person) for person in persons], claims.__getitem__)


@given(ballots())
def test_each_person_has_one_ballot_and_the_lottery_alone_chooses_it(given_ballots: Tagged) -> None:
    aside = set_aside(given_ballots, annulled={}, exclusions={}, earlier={})
    groups: dict[bytes | None, list[int]] = defaultdict(list)
    for at, tag in enumerate(given_ballots.tags):
        groups[tag].append(at)
    for tag, group in groups.items():
        kept = [at for at in group if at not in aside]
        assert len(kept) == 1
        assert {aside[at] for at in group if at not in kept} <= {(Reason.DUPLICATE, given_ballots.ids[kept[0]])}
        claims = {at: given_ballots.claim(at) for at in group}
        named = {(claim.issuer, claim.serial): at for at, claim in claims.items()}
        first = [at for at in group if named.get((claims[at].issuer, claims[at].replaces or b""), at) == at]
        assert kept[0] == min(first or group, key=lambda at: lottery(tag or b"", given_ballots.ids[at]))


@given(ballots(), st.sets(st.integers(0, 29)), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_the_first_rule_that_applies_wins(
    given_ballots: Tagged, annulled: set[int], excluded: set[int], earlier: set[int]
) -> None:
    """Annulled before excluded before counted earlier before duplicate; and nobody is set aside for nothing."""
    count = len(given_ballots.ids)
    decided = {at: (Reason.PAPER, h("decision", at)) for at in annulled if at < count}
    by_tag = {h("tag", person): (Reason.ANNULLED, h("exclusion", person)) for person in excluded}
    before = {h("tag", person): h("earlier", person) for person in earlier}
    aside = set_aside(given_ballots, annulled=decided, exclusions=by_tag, earlier=before)
    for at, tag in enumerate(given_ballots.tags):
        assert tag is not None
        if at in decided:
            assert aside[at] == decided[at]
        elif tag in by_tag:
            assert aside[at] == by_tag[tag]
        elif tag in before:
            assert aside[at] == (Reason.DUPLICATE, before[tag])
        elif at in aside:
            others = [b for b, t in enumerate(given_ballots.tags) if t == tag and b not in decided and b != at]
            assert aside[at][1] in {given_ballots.ids[other] for other in others}


def test_a_credential_behind_which_no_person_can_be_is_annulled() -> None:
    one = Tagged([h(1), h(2)], [IDENTITY, None], lambda at: Claim(0, h(at), None))
    assert set_aside(one, annulled={}, exclusions={}, earlier={}) == dict.fromkeys((0, 1), (Reason.ANNULLED, None))


def test_permits_that_name_each_other_drop_to_the_lottery_and_never_to_nobody() -> None:
    claims = [Claim(0, h("a"), h("b")), Claim(0, h("b"), h("a"))]
    pair = Tagged(sorted([h(1), h(2)]), [h("tag")] * 2, claims.__getitem__)
    assert len(set_aside(pair, annulled={}, exclusions={}, earlier={})) == 1


def test_a_replacement_by_another_desk_has_no_say() -> None:
    """`replaces` counts only between permits of one check-in device: no other desk can name a serial of mine away."""
    claims = [Claim(0, h("a"), None), Claim(1, h("b"), h("a"))]
    for number in range(20):
        ids = sorted([h(number, 1), h(number, 2)])
        pair = Tagged(ids, [h("tag")] * 2, claims.__getitem__)
        (dropped,) = set_aside(pair, annulled={}, exclusions={}, earlier={})
        assert dropped == max((0, 1), key=lambda at: lottery(h("tag"), ids[at]))


@given(st.lists(st.integers(0, 6), max_size=20), st.sets(st.integers(0, 19)))
def test_headquarters_list_and_the_tags_agree_exactly_when_they_name_the_same_people(
    persons: list[int], unknown: set[int]
) -> None:
    permits = [h("permit", at) for at in range(len(persons))]
    tags = [h("tag", person) for person in persons]
    known = [permit for at, permit in enumerate(permits) if at not in unknown]
    groups: dict[int, list[bytes]] = defaultdict(list)
    for person, permit in zip(persons, permits, strict=True):
        groups[person].append(permit)
    private = [*groups.values(), [h("a permit without a row"), h("another")]]
    expected = sum(len(set(group) & set(known)) > 1 for group in groups.values())
    assert require_same_groups(private, permits, tags, known=known) == expected
    if len(known) > 1 and len({tags[permits.index(permit)] for permit in known}) > 1:
        with pytest.raises(Rejected):
            require_same_groups([known], permits, tags, known=known)
