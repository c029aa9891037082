"""The one way into the log: every official act passes `log_action`, inside the transaction of the act itself."""

from collections.abc import Iterable, Mapping

from django.db import connection

from amanat.hq import clock
from amanat.hq.accounts.models import Action, Appointment

Facts = Mapping[str, str | int | bool | list[str] | None]
START = "0" * 64


def log_action(
    verb: str, subject: str, summary_fa: str, *, by: Appointment | None, facts: Facts | None = None
) -> Action:
    """Adds a line; `by` is None for what the program did by itself (an import's end, a deadline that passed)."""
    assert connection.in_atomic_block  # the act and its line are durable together, or neither is
    last = Action.objects.select_for_update().order_by("-id").first()
    action = Action(
        at_ms=clock.now_ms(),
        official_id=by.official_id if by else None,
        role=by.role if by else "",
        scope=by.scope if by else "",
        verb=verb,
        subject=subject,
        summary_fa=summary_fa,
        facts=dict(facts or {}),
        previous=last.hash if last else START,
    )
    action.hash = action.computed_hash()
    action.save(force_insert=True)
    return action


def first_broken(actions: Iterable[Action]) -> Action | None:
    """The first line, in order, that does not follow the one before it; None if the log is whole."""
    before = START
    for action in actions:
        if action.previous != before or action.hash != action.computed_hash():
            return action
        before = action.hash
    return None
