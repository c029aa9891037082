"""Fixtures: the small election, a terminal of it, people."""

import pytest
from hypothesis import settings

from amanat.records import manifest
from amanat.rules.national_id import NationalId, synthetic

from .small_election import Terminal, a_manifest

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def election() -> manifest.Manifest:
    """The manifest of the small election."""
    return a_manifest()


@pytest.fixture
def terminal(election: manifest.Manifest) -> Terminal:
    """An opened terminal."""
    made = Terminal(election)
    made.write("opened", 1, ["منشی", "رئیس"])
    return made


@pytest.fixture
def people() -> list[NationalId]:
    """Ten synthetic people."""
    return [synthetic(n) for n in range(10)]
