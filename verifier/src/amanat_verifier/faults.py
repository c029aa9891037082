"""The one exception of a failed check: evidence that does not hold, with its place in the record."""


class Fault(Exception):
    """`where` names file, item and what is wrong there; it is what people read."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where
