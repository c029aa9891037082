"""The book of official acts: every one passes here."""

from amanat.hq.elections.models import Act


def log_action(what: str, detail: str, *, at_ms: int) -> None:
    """Writes an act down, in the transaction of the act itself."""
    Act.objects.create(at_ms=at_ms, what=what, detail=detail)
