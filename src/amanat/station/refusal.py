"""How a terminal says no to a person."""

from typing import Any

from amanat.errors import AmanatError


class Refused(AmanatError):
    """What was asked is not done and nothing was changed; the sentence says why and what helps."""


def screen_of(error: AmanatError) -> dict[str, Any]:
    """An error as the answer to a person."""
    return {"ok": False, "code": error.code, "fa": error.say("fa"), "en": error.say("en")}
