"""The short code of a permit, for a booth whose reader is broken: nine digits of its serial, on its slip (C-14)."""

from collections import defaultdict, deque
from typing import Final

from amanat.station.refusal import Refused

DIGITS: Final = 9
_FROM_SERIAL: Final = 10 ** (DIGITS - 1)
_MINUTE_MS: Final = 60_000
_DAMM: Final = (  # a quasigroup: any one wrong digit, and any two neighbours exchanged, end elsewhere than at 0
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def _check(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return str(state)


def short_code(serial: bytes) -> str:
    """Eight digits of a permit's serial and Damm's check digit."""
    digits = f"{int.from_bytes(serial, 'big') % _FROM_SERIAL:0{DIGITS - 1}}"
    return digits + _check(digits)


def grouped(code: str) -> str:
    """In threes, as people read it aloud."""
    return " ".join(code[place : place + 3] for place in range(0, DIGITS, 3))


def require_code(text: str) -> str:
    """The digits as they were typed, in threes or not; Refused for what is no code."""
    code = "".join(text.split())
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()) or _check(code) != "0":
        raise Refused("code-wrong")
    return code


class Guesses:
    """How many codes of nobody somebody gave of late: after ``most`` in a minute the next must wait.

    A restart forgets.  Times are a clock's that never steps, in milliseconds.
    """

    def __init__(self, *, most: int) -> None:
        self._wrong: dict[int, deque[int]] = defaultdict(lambda: deque(maxlen=most))

    def require_few(self, device: int, now_ms: int) -> None:
        """Refused while this device has guessed too often."""
        wrong = self._wrong[device]
        if len(wrong) == wrong.maxlen and (left := wrong[0] + _MINUTE_MS - now_ms) > 0:
            raise Refused("code-wait", seconds=-(-left // 1000))

    def wrong(self, device: int, now_ms: int) -> None:
        """A code that nobody has."""
        self._wrong[device].append(now_ms)
