"""Persian text: what is stored, searched, sorted and shown; Jalali dates; numbers in words.

Ground: Unicode (NFKC, UAX #9), the order of CLDR's collation for ``fa``, the Iranian calendar.  Times are UTC; Iran is
+03:30 without summer time.  Dates are fenced to Jalali 1500, beyond which calendar tables disagree.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Final

from persiantools import digits as _words
from persiantools.jdatetime import JalaliDate

PERSIAN_DIGITS: Final = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC_DIGITS: Final = "٠١٢٣٤٥٦٧٨٩"
_TO_ASCII: Final = {ord(c): str(i) for digits in (PERSIAN_DIGITS, _ARABIC_DIGITS) for i, c in enumerate(digits)}
_TO_PERSIAN: Final = {ord(str(i)): c for i, c in enumerate(PERSIAN_DIGITS)}

ZWNJ: Final = "\u200c"
_BIDI: Final = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200d\u00ad"
_STORE: Final = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None, "\u00a0": " ", **dict.fromkeys(_BIDI)})
_SEARCH: Final = str.maketrans(
    {"آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ة": "ه", "ۀ": "ه", "ؤ": "و", "ئ": "ی", "ء": None, ZWNJ: None}
)
_PRESENTATION_FORMS: Final = re.compile("[ﭐ-﷿ﹰ-ﻼ]+")

_MONTHS: Final = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"
MONTHS: Final = tuple(_MONTHS.split())
YEAR_LAST: Final = 1500
IRAN: Final = timedelta(hours=3, minutes=30)


def fold_digits(text: str) -> str:
    """Persian and Arabic digits become ASCII ones; all else stays."""
    return text if text.isascii() else text.translate(_TO_ASCII)


def to_persian_digits(text: str) -> str:
    """ASCII digits become Persian ones, as people are shown them."""
    return text.translate(_TO_PERSIAN)


def normalise(text: str) -> str:
    """The form that is stored: Persian ی and ک, no tatweel or bidi marks, single spaces, ASCII digits, ZWNJ kept."""
    if text.isascii():
        return " ".join(text.split())
    text = _PRESENTATION_FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = unicodedata.normalize("NFC", text).translate(_STORE)
    return " ".join(word.strip(ZWNJ) for word in fold_digits(text).split() if word.strip(ZWNJ))


def search_key(text: str) -> str:
    """The folded form that is searched: two spellings of one name are equal in it."""
    text = normalise(unicodedata.normalize("NFKC", text)).translate(_SEARCH).casefold()
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return text.replace("هییت", "هیات")  # هیئت and هیأت are both official spellings


_ROWS: Final = "آ اٱ ءأإؤئ ب پ ت ث ج چ ح خ د ذ ر ز ژ س ش ص ض ط ظ ع غ ف ق کك گ ل م ن و هةۀ یىي"
_RANK: Final = {
    letter: (row, place) for row, letters in enumerate(_ROWS.split()) for place, letter in enumerate(letters)
}
_LETTER_FIRST: Final = 0x600  # spaces, marks and digits stand before the alphabet, by code point
_OTHER_SCRIPT: Final = "\uf8ff"  # letters of other scripts stand behind it


def sort_key(text: str) -> str:
    """A text whose code point order is the Persian alphabet's; for a database column.

    Letters of one row of the table (ه ة ۀ) differ only when all else is equal, as in CLDR's ``fa``.
    """
    plain = unicodedata.normalize("NFC", text).translate(dict.fromkeys(map(ord, _BIDI + ZWNJ + "ـ")))
    first, second = [], []
    for letter in fold_digits(plain).casefold():
        row = _RANK.get(letter)
        if row is not None:
            first.append(chr(_LETTER_FIRST + row[0]))
            second.append(str(row[1]))
        elif unicodedata.combining(letter):
            second.append(letter)
        else:
            first.append(_OTHER_SCRIPT + letter if letter.isalpha() else letter)
            second.append("0")
    return "".join(first) + "\0" + "".join(second)


def number(n: int) -> str:
    """A whole number as people read it: ۱٬۵۶۹٬۸۵۷."""
    return to_persian_digits(f"{n:,}").replace(",", "٬")


def in_words(n: int) -> str:
    """A whole number in words, in the form used in minutes: «یک میلیون و یک هزار»."""
    return str(_words.to_word(n))


def jalali(day: date) -> str:
    """A day for people: «۱۱ اسفند ۱۴۰۲»; ValueError beyond the fence."""
    there = _fenced(JalaliDate(day))  # type: ignore[no-untyped-call]
    return to_persian_digits(f"{there.day} {MONTHS[there.month - 1]} {there.year}")


def jalali_digits(day: date) -> str:
    """A day as files write it: «1402-12-11»; ValueError beyond the fence."""
    there = _fenced(JalaliDate(day))  # type: ignore[no-untyped-call]
    return f"{there.year}-{there.month:02}-{there.day:02}"


def jalali_moment(ms: int) -> str:
    """Milliseconds since the Unix epoch, in Iran's time: «۱۱ اسفند ۱۴۰۲، ساعت ۱۴:۳۰»."""
    there = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) + IRAN
    return f"{jalali(there.date())}، ساعت {to_persian_digits(there.strftime('%H:%M'))}"


def parse_jalali(text: str) -> date:
    """«1402-12-11» (also with slashes and Persian digits) as a Gregorian date; ValueError says it is none."""
    found = re.fullmatch(r"(1[34]\d\d|1500)[-/](\d{1,2})[-/](\d{1,2})", fold_digits(text.strip()))
    if found is None:
        raise ValueError(f"not a Jalali date: {text!r}")
    return gregorian(*map(int, found.groups()))


def gregorian(year: int, month: int, day: int) -> date:
    """A Jalali day as a Gregorian date; ValueError if there is no such day or it is beyond the fence."""
    there: date = _fenced(JalaliDate(year, month, day)).to_gregorian()  # type: ignore[no-untyped-call]
    return there


def years_before(day: date, years: int) -> date:
    """The same Jalali day some years before; the 30th of Esfand falls back to the 29th where there is none."""
    there = JalaliDate(day)  # type: ignore[no-untyped-call]
    try:
        return gregorian(there.year - years, there.month, there.day)
    except ValueError:
        return gregorian(there.year - years, there.month, there.day - 1)


def _fenced(there: JalaliDate) -> JalaliDate:
    if there.year > YEAR_LAST:
        raise ValueError(f"Jalali year {there.year} is beyond {YEAR_LAST}")
    return there
