"""Rule sets are data, read exactly (M-5)."""

from fractions import Fraction

import pytest

from amanat.errors import BadInput
from amanat.rules.rule_set import SHIPPED, Plurality, Share, load, shipped

GOOD = shipped("majlis-1402")


def test_the_rules_of_1402() -> None:
    """A fifth of the valid ballots in round one, the best twice the open seats go on, then relative majority."""
    rules = load(GOOD, file="rules.toml")
    assert rules.id == "majlis-1402"
    assert rules.voting_age == 18
    assert rules.rounds == {1: Share(Fraction(1, 5), 2, True), 2: Plurality()}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_set_is_readable_and_says_its_own_name(name: str) -> None:
    """Its id is its file's name, and it has both languages."""
    rules = load(shipped(name), file=name)
    assert rules.id == name
    assert set(rules.title) == {"fa", "en"}


def test_there_is_no_other_shipped_set() -> None:
    """A name that is none is the caller's to tell."""
    with pytest.raises(KeyError):
        shipped("majlis-1398")


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ('"1/5"', '"0/5"', "rule-set-field", "round.1.share"),
        ('"1/5"', '"6/5"', "rule-set-field", "round.1.share"),
        ('"1/5"', '"20%"', "rule-set-field", "round.1.share"),
        ('"1/5"', "0.2", "rule-set-field", "round.1.share"),
        ('"share"', '"most"', "rule-set-field", "round.1.method"),
        ("runoff_per_seat = 2", "runoff_per_seat = 0", "rule-set-field", "round.1.runoff_per_seat"),
        ("runoff_per_seat = 2", "runoff_per_seat = true", "rule-set-field", "round.1.runoff_per_seat"),
        ("more_than_seats = true", "more_than_seats = 1", "rule-set-field", "round.1.runoff_needs_more_than_seats"),
        ("runoff_per_seat", "runof_per_seat", "rule-set-field", "round.1.runof_per_seat"),
        ("[round.2]", "[round.two]", "rule-set-field", "round.two"),
        ('en = "Islamic', 'de = "Islamic', "rule-set-field", "title.en"),
        ("id =", "name =", "rule-set-field", "id"),
        ("voting_age = 18", "voting_age = -1", "rule-set-field", "voting_age"),
        ("[round.1]", "[round.1", "toml-syntax", None),
    ],
)
def test_a_wrong_field_is_named(old: str, new: str, code: str, field: str | None) -> None:
    """One change makes it no rule set; the sentence names file and field."""
    assert old in GOOD
    with pytest.raises(BadInput) as caught:
        load(GOOD.replace(old, new), file="rules.toml")
    assert (caught.value.code, caught.value.facts.get("field")) == (code, field)
    assert "rules.toml" in caught.value.say("fa")


def test_a_set_without_rounds_is_none() -> None:
    """Somebody must be able to win."""
    with pytest.raises(BadInput, match="round"):
        load('id = "x"\ntitle = { fa = "x", en = "x" }\nsource = "x"\n[round]\n', file="rules.toml")
