"""Which of its own entries headquarters shows to a device: those that its head does not cover (J-7, S-2)."""

import pytest

from amanat.sync.hq_side import _beyond
from amanat.sync.messages import Head, Push

OWN = Head(4, 78, b"o" * 32)
OLDER, LONGER = Head(4, 65, b"a" * 32), Head(4, 90, b"l" * 32)


def push(head: Head | None) -> Push:
    return Push(4, bytes(16), 0, 0, [], [] if head is None else [head])


@pytest.mark.parametrize(
    ("named", "tips", "shown"),
    [
        (OWN, [OWN], []),
        (OWN, [OLDER], []),  # its ancestor, as far as headquarters knows
        (OWN, [LONGER], [LONGER]),
        (OWN, [OLDER, OWN], [OLDER]),  # yesterday's image went on, cut off, past the place where the branches part
        (OWN, [OLDER, LONGER], [OLDER, LONGER]),
        (None, [OLDER], [OLDER]),
    ],
)
def test_what_a_head_does_not_cover(named: Head | None, tips: list[Head], shown: list[Head]) -> None:
    """A device that was rolled back while its line was cut is shown the shorter branch too, and stops."""
    assert _beyond(push(named), tips) == shown
