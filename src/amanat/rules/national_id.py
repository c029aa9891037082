"""National ids (کد ملی): ten digits, the last a check digit.  Ground: the civil registry's rule; hashed by C-2.

It refuses to know whose an id is: a check digit does not catch every slip, so name and year of birth are shown.
"""

from typing import Final, NewType

from amanat.rules.persian import fold_digits

NationalId = NewType("NationalId", str)
"""Ten ASCII digits with a right check digit."""

SYNTHETIC_FIRST: Final = 700_000_000
"""First nine digits of the synthetic range: place codes from 700 up are given to nobody."""
SYNTHETIC_COUNT: Final = 300_000_000 - 3
"""The range ends at 999999999; three of its numbers repeat one digit and are no ids."""
_REPEATED: Final = (777_777_777, 888_888_888, 999_999_999)


def check_digit(nine: str) -> str:
    """The tenth digit: s = Σ d[i]·(10-i) mod 11, then s if s < 2 else 11 - s."""
    remainder = sum(int(digit) * (10 - place) for place, digit in enumerate(nine)) % 11
    return str(remainder if remainder < 2 else 11 - remainder)


def parse(text: str) -> NationalId | None:
    """What a person typed, as a national id, or None; Persian and Arabic digits count, 8 and 9 digits lost zeros."""
    digits = fold_digits(text.strip())
    if not (8 <= len(digits) <= 10 and digits.isascii() and digits.isdigit()):
        return None
    digits = digits.zfill(10)
    if digits == digits[0] * 10 or digits[9] != check_digit(digits[:9]):
        return None
    return NationalId(digits)


def synthetic(n: int) -> NationalId:
    """The n-th (from 0) valid id of the synthetic range, increasing; ValueError past its end."""
    if not 0 <= n < SYNTHETIC_COUNT:
        raise ValueError(f"no synthetic id number {n}")
    number = SYNTHETIC_FIRST + n
    for repeated in _REPEATED:
        number += number >= repeated
    nine = str(number)
    return NationalId(nine + check_digit(nine))
