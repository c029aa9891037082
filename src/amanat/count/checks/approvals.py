"""V13: second approvals (C-9), and what an approval that is not there means."""

from amanat.count.checks.ballots import Ballots, Summaries
from amanat.count.checks.election import Election, require
from amanat.count.checks.order import Ordered
from amanat.records.device import ROLE_APPROVE
from amanat.records.order import DecisionKind, DeviceStatus

SETTLED = (DeviceStatus.CLOSED, DeviceStatus.UNUSED)


def unapproved(
    ballots: Ballots, election: Election, summaries: Summaries, ordered: Ordered, failing: set[int]
) -> set[int]:
    """Positions of ballots, not `failing` already, whose station asks for an approval by a pad of its own and that
    have none, where the sheets of all its pads prove that there is none.

    Where a pad did not close, no sheet says what it approved: the boards decide on the ballot or its permit, or anybody
    could have a ballot annulled by leaving its approval out.  Raises Rejected if they did not.
    """
    stations = election.manifest.stations
    pads = {number: device.station for number, device in election.devices.items() if device.has(ROLE_APPROVE)}
    open_ended = {pads[end.device] for end in ordered.order.devices if end.device in pads and end.status not in SETTLED}
    decided = {(decision.kind, decision.reference) for decision in ordered.decisions.values()}
    found: set[int] = set()
    for at, ballot in enumerate(ballots.ids):
        if at in failing or not stations[ballots.permit(at).station].approvals:
            continue
        station, ph = ballots.permit(at).station, ballots.permit_hashes[at] or b""
        if any(pads[device] == station for device in summaries.approvals.get(ph, ())):
            continue
        if station not in open_ended:
            found.add(at)
        elif (DecisionKind.BALLOT, ballot) not in decided and (DecisionKind.PERMIT, ph) not in decided:
            require("V13", f"ballot {ballot.hex()}: no approval, a pad that did not close, and no decision", False)
    return found
