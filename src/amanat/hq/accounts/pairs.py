"""Acts that two people of different roles do together: proposed by one, done when the other confirms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from amanat.errors import Rejected
from amanat.hq import clock
from amanat.hq.accounts.log import log_action
from amanat.hq.accounts.models import Appointment, Proposal
from amanat.hq.accounts.roles import Role
from amanat.hq.writing import writing


@dataclass(frozen=True)
class PairAct:
    """An act that needs two roles; `do` runs in the confirming transaction with the proposal's facts."""

    verb: str
    roles: tuple[Role, Role]
    do: Callable[[Mapping[str, Any], Appointment], None]


ACTS: Final[dict[str, PairAct]] = {}


def pair_act(verb: str, *roles: Role) -> Callable[[Callable[[Mapping[str, Any], Appointment], None]], PairAct]:
    """Registers an act that one of the two roles proposes and the other confirms."""

    def register(do: Callable[[Mapping[str, Any], Appointment], None]) -> PairAct:
        assert len(set(roles)) == 2
        assert verb not in ACTS
        act = PairAct(verb, (roles[0], roles[1]), do)
        ACTS[verb] = act
        return act

    return register


def propose(act: PairAct, subject: str, summary_fa: str, facts: dict[str, Any], *, by: Appointment) -> Proposal:
    """The first of the two.

    Raises:
        Rejected: not one of the act's roles.
    """
    if by.role not in act.roles:
        raise Rejected("pair-role", verb=act.verb)
    with writing():
        proposal = Proposal.objects.create(
            verb=act.verb,
            subject=subject,
            summary_fa=summary_fa,
            facts=facts,
            proposed_by=by,
            proposed_ms=clock.now_ms(),
        )
        log_action(f"{act.verb}-proposed", subject, summary_fa, by=by, facts={"proposal": proposal.id})
    return proposal


def waiting(verb: str) -> list[Proposal]:
    """Proposals of this act that nobody answered yet."""
    found = Proposal.objects.filter(verb=verb, state=Proposal.State.WAITING)
    return list(found.select_related("proposed_by__official").order_by("id"))


def answer(proposal_id: int, *, by: Appointment, confirmed: bool, ground: str = "") -> Proposal:
    """The second of the two: another person in the act's other role; what is refused needs a ground.

    Raises:
        Rejected: answered already, the same person or role, a refusal without a ground.
    """
    with writing():
        proposal = Proposal.objects.select_for_update().select_related("proposed_by").get(id=proposal_id)
        act = ACTS[proposal.verb]
        if proposal.state != Proposal.State.WAITING:
            raise Rejected("pair-answered")
        if by.official_id == proposal.proposed_by.official_id:
            raise Rejected("pair-same-person")
        if by.role not in act.roles or by.role == proposal.proposed_by.role:
            raise Rejected("pair-role", verb=act.verb)
        if not confirmed and not ground.strip():
            raise Rejected("pair-ground")
        proposal.answered_by, proposal.answered_ms, proposal.ground = by, clock.now_ms(), ground.strip()
        proposal.state = Proposal.State.DONE if confirmed else Proposal.State.REFUSED
        proposal.save()
        end = "confirmed" if confirmed else "refused"
        facts: dict[str, str | int] = {"proposal": proposal.id, "ground": proposal.ground}
        log_action(f"{act.verb}-{end}", proposal.subject, proposal.summary_fa, by=by, facts=facts)
        if confirmed:
            act.do(proposal.facts, by)
    return proposal
