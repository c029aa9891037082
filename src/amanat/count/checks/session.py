"""V2 to V14 together: what a mixer or trustee must have seen hold before it touches a key (T-1)."""

from dataclasses import dataclass
from functools import cached_property

from amanat.count.checks import ballots as each
from amanat.count.checks.approvals import unapproved
from amanat.count.checks.ballots import Ballots
from amanat.count.checks.bulletin import DECISION, SHEET, read_bulletin, require_ballots, require_logged
from amanat.count.checks.election import Election, read_election
from amanat.count.checks.memory import Memory
from amanat.count.checks.order import Ordered, read_order
from amanat.count.checks.sheets import read_sheets, require_devices
from amanat.count.exchange import Files
from amanat.count.set_aside import Aside
from amanat.errors import Usage
from amanat.records import election_record as paths
from amanat.records.order import DecisionKind, DeviceStatus, Reason

ID_BYTES = 32


@dataclass(frozen=True)
class Session:
    """A counting session whose V2 to V14 hold; `failing` are positions that V6–V8, V12 or V13 annul."""

    number: int
    election: Election
    ordered: Ordered
    ballots: Ballots
    failing: frozenset[int]

    @cached_property
    def annulled(self) -> dict[int, Aside]:
        """T-5 (a): position → why; failing checks first, then decisions on permit, ballot, issuer, terminal (T-4)."""
        result: dict[int, Aside] = {at: (Reason.ANNULLED, None) for at in self.failing}
        rulings: dict[tuple[DecisionKind, bytes | None], Aside] = {}
        for id_, decision in self.ordered.decisions.items():
            if decision.reason is not Reason.STANDS:
                rulings.setdefault((decision.kind, decision.reference), (decision.reason, id_))
        for at, ballot in enumerate(self.ballots.ids if rulings else ()):
            if at not in result:
                permit, certificates = self.ballots.permit(at), self.election.certificates
                names = (
                    (DecisionKind.PERMIT, self.ballots.permit_hashes[at]),
                    (DecisionKind.BALLOT, ballot),
                    (DecisionKind.DEVICE, certificates[permit.check_in_device]),
                    (DecisionKind.DEVICE, certificates[permit.ballot_device]),
                )
                if ruled := next((rulings[name] for name in names if name in rulings), None):
                    result[at] = ruled
        return result

    @cached_property
    def rows(self) -> tuple[list[bytes], bytes]:
        """T-3: the permit hashes that have a row, ascending, and the rows' credentials, exclusions after them."""
        ballots = self.ballots
        of = {ballots.permit_hashes[at] or b"": at for at in range(len(ballots.ids)) if at not in self.annulled}
        hashes = sorted(of)
        own = b"".join(ballots.permit(of[ph]).credential for ph in hashes)
        return hashes, own + b"".join(exclusion.credential for exclusion in self.ordered.exclusions)


def require_first(session: int) -> None:
    """LIMIT: a later session, for a device found after the order, is not built.  Raises Usage."""
    if session != 1:
        raise Usage("session-not-built", session=session)


def names(files: Files, session: int) -> list[str]:
    """The files of the record that V2 to V14 look at, as far as they are there."""
    fixed = [paths.MANIFEST, paths.MANIFEST_JSON, paths.RULES, paths.DEVICES, paths.SHEETS, paths.APPROVALS]
    fixed += [paths.TESTED, paths.PERMITS, paths.ballots_path(session)]
    fixed += [paths.FINAL_LIST] * files.has(paths.FINAL_LIST)
    return fixed + [name for folder in ("keys", "bulletin", f"order/{session}") for name in files.below(folder)]


def read_session(files: Files, memory: Memory, session: int, *, given: bytes | None = None) -> Session:
    """V2 to V14; what the memory holds about these very files is not computed again.  Raises Rejected, Usage."""
    require_first(session)
    extra = (given or b"") + bytes([session])
    key = memory.key("V2-V14", files, names(files, session), extra)
    made: Session = memory.object("session", key, lambda: _read(files, memory, key, session, given))
    return made


def _read(files: Files, memory: Memory, key: str, session: int, given: bytes | None) -> Session:
    election = read_election(files, given=given)
    ordered = read_order(files, election, session)
    ballots = each.read_ballots(files, election, session)

    def verify() -> bytes:
        summaries = each.read_summaries(files, election)
        tree, head = read_bulletin(files, election), ordered.order.tree
        require_ballots(tree, ballots.ids, first=0, size=head.size, root=head.root)
        failing = each.failing(ballots, election, summaries)
        failing |= unapproved(ballots, election, summaries, ordered, failing)
        sheets = read_sheets(files, election)
        require_logged("V14", tree, DECISION, ordered.decisions, size=head.size)
        closed = {end.reference or b"" for end in ordered.order.devices if end.status is DeviceStatus.CLOSED}
        require_logged("V10", tree, SHEET, closed, size=head.size)
        require_devices(ordered.order, dict(ordered.decisions), sheets, election, ballots, summaries)
        return b"".join(ballots.ids[at] for at in sorted(failing))

    kept = memory.once(key, verify)
    ballots.forget_evidence()
    places = {ballot: at for at, ballot in enumerate(ballots.ids)}
    failing = frozenset(places[kept[at : at + ID_BYTES]] for at in range(0, len(kept), ID_BYTES))
    return Session(session, election, ordered, ballots, failing)
