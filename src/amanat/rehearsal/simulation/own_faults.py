"""What the shipped program says of faults of its own: its log, heard as a promise broken."""

import logging
from collections.abc import Callable


class OwnFaults(logging.Handler):
    """Tells every record of an error, in a sentence; `close` ends it."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        why = repr(record.exc_info[1]) if record.exc_info else ""
        self._tell(f"a fault of our own: {record.getMessage()} {why}".strip())

    def close(self) -> None:
        """Listen no more."""
        logging.getLogger().removeHandler(self)
        super().close()
