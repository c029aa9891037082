"""The election that is being prepared: its plan, and what its rule set asks before the day."""

from functools import lru_cache

from amanat.errors import Rejected
from amanat.hq.elections.models import Plan
from amanat.rules import calendar
from amanat.rules.calendar import Preparation


def current_plan() -> Plan:
    """The plan.

    Raises:
        Rejected: headquarters has made none yet.
    """
    plan = Plan.objects.order_by("id").first()
    if plan is None:
        raise Rejected("plan-missing")
    return plan


def preparation() -> Preparation:
    """The deadlines, boards and limits of the plan's rule set.  Raises Rejected without a plan."""
    return _of(current_plan().rule_set)


@lru_cache(maxsize=8)
def _of(rule_set: str) -> Preparation:
    return calendar.load(calendar.shipped(rule_set), file=f"{rule_set}.preparation.toml")
