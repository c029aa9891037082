"""How a terminal says no to a person."""

from amanat.errors import AmanatError


class Refused(AmanatError):
    """What was asked is not done and nothing was changed; the sentence says why and what helps."""
