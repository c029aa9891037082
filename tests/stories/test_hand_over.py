"""Two terminals die in the day and spares carry their journals on, to the end of the count (J-8, T-2, P-1)."""

from dataclasses import dataclass

from tests.stories.conftest import Day
from tests.stories.county import County
from tests.stories.damavand import ALI, FILES, HOSSEIN, KAVEH, MARYAM, PEOPLE, REZA, SIMIN, ZAHRA
from tests.stories.headquarters import Election
from tests.stories.stations import Receipt

from amanat.records import election_record as paths
from amanat.records.order import DeviceStatus, Order

TERMINALS = {"havir": 1, "sarbandan": 2}
STATIONS = "id,name_fa,county,district,ballot_terminals,mobile\n" + "".join(
    f"{name},شعبهٔ {name},دماوند,مرکزی,{count},no\n" for name, count in TERMINALS.items()
)
ELECTION = Election(
    {name: text.encode() for name, text in (FILES | {"stations.csv": STATIONS}).items()}, TERMINALS, PEOPLE, spares=1
)


@dataclass(frozen=True)
class Told:
    """What came of the day."""

    receipts: list[Receipt]
    counted: set[bytes]
    aside: int
    statuses: dict[int, DeviceStatus]
    dead: set[int]


async def the_day(county: County) -> Told:
    """See the test."""
    havir, sarbandan = county["havir"], county["sarbandan"]
    dead = {havir.desk.terminal.identity.device, sarbandan.booth(2).terminal.identity.device}
    receipts = [await havir.vote(MARYAM, "1001")]
    await county.deliver(havir)
    county.cut_off("havir")
    receipts.append(await havir.vote(REZA, "1002"))
    simins = await havir.check_in(SIMIN)
    spare = await county.take_over(havir, 1)
    assert (await havir.look(MARYAM))["reason"] == "here"
    assert (await spare.press("booth/permit", slip=simins.slip))["code"] == "permit-of-dead-booth"
    screen = await spare.must(
        "desk/replace", serial=simins.serial, reason="dead booth", officers=["ن. پارسا", "ب. صفایی"]
    )
    receipts.append(await spare.cast(SIMIN, havir.permit(screen), "1001"))
    receipts.append(await spare.cast(ALI, await havir.check_in(ALI), "1003"))
    people = [ZAHRA, KAVEH, HOSSEIN]
    while people:  # at both booths
        permit = await sarbandan.check_in(people.pop())
        receipts.append(await sarbandan.booth(permit.booth).cast(PEOPLE[0], permit, "1001"))
    await county.deliver(sarbandan)
    await county.take_over(sarbandan, 2)
    await county.reconnect(havir)
    record = await county.evening()
    order = Order.decode((record.folder / paths.order_path(1)).read_bytes())
    return Told(
        receipts,
        {receipt.id for receipt in receipts if record.counted(receipt.id)},
        len(record.set_aside),
        {row.device: row.status for row in order.devices},
        dead,
    )


def test_what_two_dead_terminals_took_is_counted(day: Day[Told]) -> None:
    """Havir's only terminal dies in the afternoon, without a line since noon: Maryam's vote was delivered, Reza's was
    not, and Simin holds a permit of it.  The spare takes over from medium B, knows Maryam, replaces Simin's permit and
    goes on.  Sarbandan's second booth dies too.  Wanted: every ballot with a receipt is counted, nothing is set aside,
    both dead devices stand in the order as apart, and the verifier passes the whole record."""
    told = day(ELECTION, the_day)
    assert {receipt.id for receipt in told.receipts} == told.counted
    assert told.aside == 0
    assert {device for device, status in told.statuses.items() if status is DeviceStatus.APART} == told.dead
