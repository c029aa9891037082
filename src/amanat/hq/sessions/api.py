"""What other nouns ask of sessions: put something on the agenda, carry a decision out, show who decided it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from amanat.errors import Rejected
from amanat.hq import clock
from amanat.hq.accounts.log import log_action
from amanat.hq.accounts.models import Appointment
from amanat.hq.accounts.roles import Scope
from amanat.hq.sessions.models import Item, Seat, Session
from amanat.hq.writing import writing
from amanat.rules import boards as rule
from amanat.rules.boards import Choice, MayNotVote, NoQuorum, Passed
from amanat.rules.calendar import Board

CarryOut = Callable[[Item, Appointment], None]
HANDLERS: Final[dict[str, CarryOut]] = {}


def decides(kind: str) -> Callable[[CarryOut], CarryOut]:
    """Registers what happens when an item of this kind passes or fails, in the deciding transaction."""

    def register(carry_out: CarryOut) -> CarryOut:
        assert kind not in HANDLERS
        HANDLERS[kind] = carry_out
        return carry_out

    return register


def put_on_agenda(
    kind: str, subject: str, title_fa: str, *, where: Scope, by: Appointment, facts: Mapping[str, Any] | None = None
) -> Item:
    """An item that waits for a session of its scope.

    Raises:
        Rejected: one about the same subject waits already.
    """
    assert kind in HANDLERS
    with writing():
        if Item.objects.filter(kind=kind, subject=subject, state=Item.State.WAITING).exists():
            raise Rejected("item-waits", subject=subject)
        item = Item.objects.create(
            kind=kind,
            subject=subject,
            title_fa=title_fa,
            scope=str(where),
            facts=dict(facts or {}),
            asked_ms=clock.now_ms(),
        )
        log_action("item-asked", subject, title_fa, by=by, facts={"kind": kind})
    return item


def decision_of(kind: str, subject: str) -> Item | None:
    """The latest decision about a subject, with its session; None while none was taken."""
    found = Item.objects.filter(kind=kind, subject=subject).exclude(state=Item.State.WAITING)
    return found.select_related("session").order_by("-decided_ms", "-id").first()


def open_session(session: Session, boards: Mapping[str, Board], *, by: Appointment) -> None:
    """Begins it, where every board of it has its quorum.

    Raises:
        Rejected: not planned any more, or too few are present.
    """
    with writing():
        session.refresh_from_db()
        if session.state != Session.State.PLANNED:
            raise Rejected("session-state")
        lack = rule.quorum_lacks(_of(session, boards), seats_of(session))
        if lack is not None:
            raise no_quorum(lack, boards)
        session.state, session.opened_ms = Session.State.OPEN, clock.now_ms()
        session.save()
        log_action("session-opened", f"session:{session.id}", session.title_fa, by=by)


def seats_of(session: Session) -> list[rule.Seat]:
    """The seats as the rule sees them."""
    return [rule.Seat(one.id, one.board, one.is_present) for one in session.seats.all()]


def _of(session: Session, boards: Mapping[str, Board]) -> dict[str, Board]:
    return {name: boards[name] for name in session.boards}


def no_quorum(lack: NoQuorum, boards: Mapping[str, Board]) -> Rejected:
    """The sentence for a board with too few present."""
    board = boards[lack.board].title["fa"]
    return Rejected("session-quorum", board=board, present=lack.present, needed=lack.needed)


def decide(
    item: Item, votes: Mapping[int, Choice], ground_fa: str, boards: Mapping[str, Board], *, by: Appointment
) -> Item:
    """The boards vote on an item of an open session; what follows is done in the same transaction.

    Raises:
        Rejected: no ground, no open session, decided already, no quorum, a vote of who may not vote.
    """
    with writing():
        item = Item.objects.select_for_update(of=("self",)).select_related("session").get(id=item.id)
        session = item.session
        if session is None or session.state != Session.State.OPEN:
            raise Rejected("session-state")
        if item.state != Item.State.WAITING:
            raise Rejected("item-decided", subject=item.subject)
        if not ground_fa.strip():
            raise Rejected("decision-ground")
        recused = {one.seat_id for one in item.recusals.all()}
        outcome = rule.decide(_of(session, boards), seats_of(session), recused, votes)
        if isinstance(outcome, NoQuorum):
            raise no_quorum(outcome, boards)
        if isinstance(outcome, MayNotVote):
            raise Rejected("vote-of-nobody", name=_name_of(outcome.seat))
        item.state = Item.State.PASSED if isinstance(outcome, Passed) else Item.State.FAILED
        item.votes = {name: list(row) for name, row in outcome.votes.items()}
        item.ground_fa, item.decided_ms = ground_fa.strip(), clock.now_ms()
        item.save()
        facts: dict[str, str | int] = {"kind": item.kind, "state": item.state, "session": session.id}
        log_action("item-decided", item.subject, item.title_fa, by=by, facts=facts)
        HANDLERS[item.kind](item, by)
    return item


def _name_of(seat: int) -> str:
    found = Seat.objects.filter(id=seat).select_related("official").first()
    return found.official.name_fa if found else str(seat)
