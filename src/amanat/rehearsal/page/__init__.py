"""The page of a rehearsal: one static file, Persian, right to left, that opens without a server."""

from amanat.rehearsal.page.facts import Facts, Mark, StationFact
from amanat.rehearsal.page.write import write

__all__ = ["Facts", "Mark", "StationFact", "write"]
