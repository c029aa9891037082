"""Draws a slip as a 576-dot raster, as an 80 mm thermal printer takes it: Persian shaped by raqm, the QR by segno.

Black and white only, so that the picture is what comes out.  Choices and ballot code are on one paper only for a
tested, void ballot (B-10); this module draws what it is given.
"""

import io
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFont
from segno.consts import MODE_BYTE

from amanat.rules.persian import in_words, to_persian_digits
from amanat.station.slips import PrinterFault

WIDTH: Final = 576  # dots of an 80 mm printer, 8 a millimetre
MARGIN: Final = 20
HEIGHT_MAX: Final = 3200
QUIET: Final = 4  # modules around a QR
LEVEL_L_FROM: Final = 1500  # symbols: longer texts take the weakest correction, so that modules stay large

TITLES: Final = {
    "permit": ("کارت تعرفه", "Permit"),
    "prepared": ("رأی مهرشده؛ هنوز در صندوق نیست", "Sealed ballot, not yet cast"),
    "cast": ("رأی شما در صندوق است", "Your ballot is in the box"),
    "test": ("آزمایش دستگاه؛ این رأی باطل است", "Machine test: this ballot is void"),
    "zero": ("برگهٔ صفر", "Zero sheet"),
    "hourly": ("برگهٔ ساعتی", "Hourly sheet"),
    "closing": ("برگهٔ پایانی", "Closing sheet"),
    "list": ("فهرست پذیرفته‌شدگان", "Checked in already"),
    "check": ("آزمون چاپگر", "Printer test"),
}
SOLID: Final = {"cast", "closing"}  # what is final stands white on black, what is not stands in a frame
SHEETS: Final = {"zero", "hourly", "closing"}
LABELS: Final = {
    "station": "شعبه",
    "device": "دستگاه",
    "serial": "شمارهٔ تعرفه",
    "short_code": "کد کوتاه، اگر خواننده کار نکند",
    "permits": "تعرفهٔ داده‌شده",
    "approved": "تعرفهٔ تأییدشده",
    "refused": "مراجعهٔ بی‌تعرفه",
    "prepared": "رأی مهرشده",
    "cast": "رأی در صندوق",
    "tested": "رأی آزموده (باطل)",
    "dropped": "رأی رهاشده",
    "officers": "مسئولان",
    "hash": "اثر انگشت انتخابات",
    "page": "برگ",
    "persons": "پذیرفته تا این برگ",
    "room": "جا برای رأی‌دهنده",
    "extended": "تمدید رأی‌گیری تا",
    "paper": "تعرفهٔ کاغذی: رسیده = به‌کاررفته + باطل + مانده",
}
FOOTS: Final = {
    "permit": (
        "این کارت را جلوی خوانندهٔ همان صندوق بگیرید. یک بار به کار می‌رود.",
        "Hold it before that booth's reader.",
    ),
    "prepared": (
        "این برگه رسید نیست: تا برگهٔ «در صندوق است» نیاید، رأیی داده نشده است. هر دو برگه را نگه دارید.",
        "No receipt yet. Keep both slips.",
    ),
    "cast": (
        "نگه دارید: با این کد می‌بینید که رأی شما در شمارش آمده است. از روی این برگه نمی‌توان دانست به که رأی داده‌اید.",
        "Keep it. It proves that your ballot is in, not for whom.",
    ),
    "test": (
        "این رأی شمرده نمی‌شود و تعرفهٔ شما هنوز اعتبار دارد. کد را با گوشی بخوانید تا ببینید دستگاه چه مهر کرده بود.",
        "Not counted. Scan to see what the machine had sealed.",
    ),
    "list": ("به ترتیب شمارهٔ ملی؛ برگ‌ها را به ترتیب شماره نگه دارید.", "Keep the pages in order."),
    "check": ("اگر این نوشته خوانا و کد خواندنی است، چاپگر آماده است.", "If this is legible, the printer is ready."),
}
APPROVED: Final = "approved"  # a pad's name for the permits of its sheet (C-9)
COUNTS: Final = ("permits", "refused", "prepared", "cast", "tested", "dropped")
NUMBERS: Final = {"device", "short_code", "ballot_terminal", "page", "persons", APPROVED, *COUNTS}
PLACED: Final = {"ballot", "code", "ballot_terminal", "short_code", "rows"}  # in the QR, or drawn in their own places
TRAINING: Final = ("آموزشی؛ رأی واقعی نیست", "TRAINING: NOT A REAL VOTE")


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    data = resources.files("amanat.station.web").joinpath(f"static/fonts/Vazirmatn-{name}.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.RAQM)


def draw(
    kind: str, fields: Mapping[str, str], qr: str | None, duplicate: bool, *, training: bool = False, day: str = ""
) -> bytes:
    """The slip as PNG bytes; see `picture`."""
    out = io.BytesIO()
    picture(kind, fields, qr, duplicate, training=training, day=day).save(out, "PNG")
    return out.getvalue()


def picture(
    kind: str, fields: Mapping[str, str], qr: str | None, duplicate: bool, *, training: bool = False, day: str = ""
) -> Image.Image:
    """The slip as a picture of WIDTH dots in mode "1"; ``day`` is the polling day in words, the same on every slip.

    Raises:
        PrinterFault: its QR takes more than 4,296 symbols.
    """
    page = Image.new("L", (WIDTH, HEIGHT_MAX), 255)
    pen = _Pen(page)
    if duplicate:
        pen.band("رونوشت  ·  DUPLICATE", hatched=True)
    if training:
        pen.band(f"{TRAINING[0]}  ·  TRAINING", hatched=False)
    pen.title(*TITLES[kind], solid=kind in SOLID)
    _BODIES.get(kind, _plain)(pen, fields)
    if kind in SHEETS and day:
        pen.row("روز رأی‌گیری", day)
    if "code" in fields:
        pen.code(fields["code"])
    code = _qr(qr) if qr is not None else None
    place = pen.gap(code.height) if code is not None else 0
    if kind in FOOTS:
        pen.foot(*FOOTS[kind])
    if kind in {"zero", "closing"}:
        pen.signatures()
    whole = page.crop((0, 0, WIDTH, pen.y + MARGIN))
    if training:
        whole = _watermarked(whole)
    if code is not None:  # above the watermark: a reader must take it
        whole.paste(code, ((WIDTH - code.width) // 2, place))
    return whole.point(lambda level: 255 if level > 144 else 0).convert("1")


class _Pen:
    """Draws from the top down; ``y`` is where the next thing begins."""

    def __init__(self, page: Image.Image) -> None:
        self.page = page
        self.draw = ImageDraw.Draw(page)
        self.y = MARGIN

    def band(self, text: str, *, hatched: bool) -> None:
        """A strip across the paper that nobody overlooks."""
        box = (MARGIN // 2, self.y, WIDTH - MARGIN // 2, self.y + 58)
        if hatched:
            for x in range(box[0] - 58, box[2], 14):
                self.draw.line((x, box[3], x + 58, box[1]), fill=0, width=3)
            width = int(self.draw.textlength(text, font=_font("Bold", 32), direction="rtl")) // 2 + 16
            self.draw.rectangle((WIDTH // 2 - width, box[1], WIDTH // 2 + width, box[3]), fill=255)
            self.draw.rectangle((0, box[1], box[0], box[3]), fill=255)
            self.draw.rectangle((box[2], box[1], WIDTH, box[3]), fill=255)
        self.draw.rectangle(box, outline=0, width=3)
        self._centred(self.y + 29, text, _font("Bold", 32), anchor="mm")
        self.y = box[3] + 12

    def title(self, persian: str, english: str, *, solid: bool) -> None:
        """What this paper is, in a band: white on black when it is final."""
        height = 104
        box = (MARGIN // 2, self.y, WIDTH - MARGIN // 2, self.y + height)
        self.draw.rounded_rectangle(box, radius=16, fill=0 if solid else 255, outline=0, width=4)
        ink = 255 if solid else 0
        self._centred(self.y + 40, persian, self._fitting(persian, 38), anchor="mm", fill=ink)
        self._centred(self.y + 82, english, _font("Regular", 22), anchor="mm", direction="ltr", fill=ink)
        self.y = box[3] + 18

    def _fitting(self, text: str, size: int) -> ImageFont.FreeTypeFont:
        while self.draw.textlength(text, font=_font("Bold", size), direction="rtl") > WIDTH - 4 * MARGIN:
            size -= 2
        return _font("Bold", size)

    def row(self, label: str, value: str, *, bold: bool = False, size: int = 26) -> None:
        """Label at the right, value at the left; a long value takes its own lines."""
        font, small = _font("Bold" if bold else "Regular", size), _font("Regular", 24)
        direction = "rtl" if any("\u0600" <= c <= "\u06ff" and not c.isdigit() for c in value) else "ltr"
        self.draw.text((WIDTH - MARGIN, self.y), label, font=small, fill=0, anchor="ra", direction="rtl")
        width = self.draw.textlength(label, font=small, direction="rtl")
        if width + self.draw.textlength(value, font=font, direction=direction) > WIDTH - 3 * MARGIN:
            self.y += 40
            if self.draw.textlength(value, font=font, direction=direction) > WIDTH - 2 * MARGIN:
                font = _font("Regular", 20)
        self.draw.text((MARGIN, self.y), value, font=font, fill=0, anchor="la", direction=direction)
        self.y += 46 if size < 30 else 54

    def rule(self) -> None:
        """A thin line."""
        self.draw.line((MARGIN, self.y, WIDTH - MARGIN, self.y), fill=0, width=2)
        self.y += 10

    def big(self, label: str, value: str) -> None:
        """The one thing that its holder must read from afar."""
        self._centred(self.y, label, _font("Regular", 30))
        self._centred(self.y + 34, value, _font("Bold", 110))
        self.y += 208

    def code(self, code: str) -> None:
        """The code of a ballot in a frame, in groups as it is typed."""
        self.draw.rounded_rectangle((MARGIN, self.y, WIDTH - MARGIN, self.y + 66), radius=10, outline=0, width=2)
        font = _font("Bold", 36)
        while self.draw.textlength(code, font=font, direction="ltr") > WIDTH - 3 * MARGIN:
            font = _font("Bold", int(font.size) - 2)
        self._centred(self.y + 33, code, font, anchor="mm", direction="ltr")
        self.y += 78

    def gap(self, height: int) -> int:
        """Leave room for the QR; where it begins."""
        top = self.y
        self.y += height + 4
        return top

    def foot(self, persian: str, english: str) -> None:
        """What to do with the paper."""
        self.y += 4
        self.rule()
        for line in self._lines(persian, _font("Regular", 25)):
            self._centred(self.y, line, _font("Regular", 25))
            self.y += 42
        self._centred(self.y, english, _font("Regular", 19), direction="ltr")
        self.y += 32

    def signatures(self) -> None:
        """Two lines for two hands."""
        self.y += 70
        for right, name in ((WIDTH - MARGIN, "رئیس شعبه"), (WIDTH // 2 - MARGIN, "نمایندهٔ ناظر")):
            self.draw.line((right - 240, self.y, right, self.y), fill=0, width=2)
            self.draw.text((right - 120, self.y + 6), name, font=_font("Regular", 22), fill=0, anchor="ma",
                           direction="rtl")  # fmt: skip
        self.y += 46

    def _lines(self, text: str, font: ImageFont.FreeTypeFont) -> list[str]:
        lines = [""]
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if self.draw.textlength(longer, font=font, direction="rtl") <= WIDTH - 2 * MARGIN:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _centred(
        self, y: int, text: str, font: ImageFont.FreeTypeFont, *, anchor: str = "ma", direction: str = "rtl",
        fill: int = 0,
    ) -> None:  # fmt: skip
        self.draw.text((WIDTH // 2, y), text, font=font, fill=fill, anchor=anchor, direction=direction)


def shown(name: str, value: str) -> str:
    """A field's value as people read it: counts and numbers in Persian digits, serials and codes as they are typed."""
    return to_persian_digits(value) if name in NUMBERS else value


def _plain(pen: _Pen, fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if name not in PLACED:
            pen.row(LABELS.get(name, name), shown(name, value))


def _permit(pen: _Pen, fields: Mapping[str, str]) -> None:
    pen.big("صندوق", to_persian_digits(fields["ballot_terminal"]))
    _plain(pen, fields)
    if "short_code" in fields:
        pen.row(LABELS["short_code"], shown("short_code", fields["short_code"]), bold=True, size=36)


def _sheet(pen: _Pen, fields: Mapping[str, str]) -> None:
    """Where, then the counts in large digits, then what the paper belongs to."""
    _plain(pen, {name: value for name, value in fields.items() if name in {"station", "device"}})
    pen.rule()
    for name in (APPROVED, *COUNTS):
        if name in fields:
            pen.row(LABELS[name], shown(name, fields[name]), bold=True, size=34)
    if fields.get("cast", "").isdigit():
        pen.row("رأی در صندوق به حروف", in_words(int(fields["cast"])))
    pen.rule()
    _plain(pen, {n: v for n, v in fields.items() if n not in {"station", "device", APPROVED, *COUNTS}})


def _list(pen: _Pen, fields: Mapping[str, str]) -> None:
    """Two columns of *number · national id*, as many as came."""
    _plain(pen, fields)
    pen.rule()
    rows = [row.split(" ") for row in fields["rows"].splitlines()]
    half = (len(rows) + 1) // 2
    for at in range(half):
        for column, index in enumerate((at, half + at)):
            if index < len(rows):
                right = WIDTH - MARGIN - column * (WIDTH // 2)
                number, person = rows[index]
                pen.draw.text((right, pen.y), to_persian_digits(number), font=_font("Regular", 20), fill=0,
                              anchor="ra", direction="rtl")  # fmt: skip
                pen.draw.text((right - 62, pen.y - 4), to_persian_digits(person), font=_font("Bold", 26), fill=0,
                              anchor="ra", direction="ltr")  # fmt: skip
        pen.y += 42


_BODIES: Final[Mapping[str, Callable[[_Pen, Mapping[str, str]], None]]] = {
    "permit": _permit,
    "zero": _sheet,
    "hourly": _sheet,
    "closing": _sheet,
    "list": _list,
}


def _watermarked(page: Image.Image) -> Image.Image:
    """The word «آموزشی» across the paper again and again, in single dots so that what lies under it stays legible."""
    word = Image.new("L", (WIDTH, 190), 0)
    ImageDraw.Draw(word).text(
        (WIDTH // 2, 95), "آموزشی", font=_font("Bold", 120), fill=255, anchor="mm", direction="rtl"
    )
    turned = word.rotate(18, expand=True)
    sheet = Image.new("L", page.size, 0)
    for y in range(110, page.height, 270):
        sheet.paste(turned, ((WIDTH - turned.width) // 2, y))
    return ImageChops.darker(page, ImageChops.lighter(ImageChops.invert(sheet), _screen(page.size)))


def _screen(size: tuple[int, int]) -> Image.Image:
    """White with one black dot in every square of three."""
    cell = Image.new("L", (3, 3), 255)
    cell.putpixel((0, 0), 0)
    row = Image.new("L", (size[0], 3), 255)
    for x in range(0, size[0], 3):
        row.paste(cell, (x, 0))
    whole = Image.new("L", size, 255)
    for y in range(0, size[1], 3):
        whole.paste(row, (0, y))
    return whole


def _qr(text: str) -> Image.Image:
    """The code as large as the paper allows.  An address before `#` is typed small, so only that part takes bytes."""
    address, mark, rest = text.rpartition("#")
    content: Any = [(address + mark, MODE_BYTE, None), (rest, None, None)] if mark else text  # its stub lacks segments
    level = "m" if len(text) < LEVEL_L_FROM else "l"
    try:
        code = segno.make_qr(
            content, error=level, boost_error=False, mask=3
        )  # weighing the masks takes 4 times as long
    except segno.DataOverflowError as cause:
        raise PrinterFault("slip-too-large", symbols=len(text)) from cause
    side = code.symbol_size(border=QUIET)[0]  # 185 at most: three dots a module, 0.375 mm, as telephones take it
    out = io.BytesIO()
    code.save(out, kind="png", scale=min(WIDTH // side, 8), border=QUIET)
    return Image.open(out).convert("L")
