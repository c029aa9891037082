"""The minutes: who was there, what was decided and by how many, in digits and in words, with room for signatures."""

from collections.abc import Mapping

from amanat.hq import documents
from amanat.hq.elections.plan import current_plan
from amanat.hq.sessions.models import Item, Session
from amanat.rules import persian
from amanat.rules.calendar import Board

OUTCOMES = {Item.State.PASSED: "تصویب شد", Item.State.FAILED: "تصویب نشد"}


def typeset(session: Session, boards: Mapping[str, Board]) -> bytes:
    """The PDF of a session that ended."""
    seats = list(session.seats.select_related("official").order_by("board", "id"))
    rows = []
    for item in session.items.exclude(state=Item.State.WAITING).prefetch_related("recusals__seat__official"):
        rows.append(
            {
                "item": item,
                "outcome": OUTCOMES[Item.State(item.state)],
                "votes": [_votes(boards[name].title["fa"], row) for name, row in (item.votes or {}).items()],
                "recusals": list(item.recusals.all()),
            }
        )
    titles = {name: boards[name].title["fa"] for name in session.boards}
    people = [{"seat": one, "board": titles[one.board]} for one in seats]
    shown = {
        "session": session,
        "people": people,
        "rows": rows,
        "plan": current_plan(),
        "boards": list(titles.values()),
    }
    return documents.pdf("sessions/minutes.html", shown)


def _votes(board: str, row: list[int]) -> str:
    """«هیأت اجرایی: موافق ۶ (شش)، مخالف ۱ (یک)، ممتنع ۱ (یک)»."""
    words = zip(("موافق", "مخالف", "ممتنع"), row, strict=True)
    parts = [f"{word} {persian.number(n)} ({persian.in_words(n)})" for word, n in words]
    return f"{board}: {'، '.join(parts)}"
