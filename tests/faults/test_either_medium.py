"""Durable means on both media (J-2): each of them alone, after the worst moment, knows all that was acknowledged."""

import pytest
from tests.faults.test_media_steps import OWNER, PAYLOADS, Disk

from amanat.station.media import TwoMedia


@pytest.mark.parametrize("burnt", ["a", "b"])
@pytest.mark.parametrize("said", range(1, len(PAYLOADS) + 1))
def test_power_goes_and_one_medium_burns_in_the_same_moment(burnt: str, said: int) -> None:
    """J-2.  A lightning stroke just after an entry was acknowledged: what no sync carried over is gone, and one of the
    media is ash.  Wanted: the other one alone gives back every entry that anybody was told of."""
    disks = Disk("a"), Disk("b")
    journal = TwoMedia(disks, owner=OWNER)
    journal.recover()
    for payload in PAYLOADS[:said]:
        journal.append(payload)
    for disk in disks:
        disk.power_back()
    left = next(disk for disk in disks if disk.name != burnt)
    assert TwoMedia((left,), owner=OWNER).recover() == PAYLOADS[:said]
