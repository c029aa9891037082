"""Draws a slip as a 576-dot raster, as a thermal printer takes it: Persian shaped by raqm, the QR by segno.

Choices and ballot code are on one paper only for a tested, void ballot (B-10); this module draws what it is given.
"""

import io
from functools import cache
from importlib import resources

import segno
from PIL import Image, ImageDraw, ImageFont

from amanat.rules.persian import to_persian_digits

WIDTH = 576  # dots of an 80 mm printer
MARGIN = 24

TITLES = {
    "permit": ("برگ تعرفه", "Permit"),
    "prepared": ("رأی مهرشده، هنوز در صندوق نیست", "Sealed ballot, not yet cast"),
    "cast": ("رأی شما در صندوق است", "Your ballot is in the box"),
    "test": ("آزمایش دستگاه: این رأی باطل است", "Machine test: this ballot is void"),
    "zero": ("برگ صفر", "Zero sheet"),
    "hourly": ("برگ ساعتی", "Hourly sheet"),
    "closing": ("برگ پایانی", "Closing sheet"),
}
LABELS = {
    "station": "شعبه",
    "device": "دستگاه",
    "serial": "شمارهٔ تعرفه",
    "ballot_terminal": "صندوق",
    "code": "کد رأی",
    "permits": "تعرفه‌ها",
    "refused": "پذیرفته‌نشده",
    "prepared": "مهرشده",
    "cast": "در صندوق",
    "tested": "آزموده",
    "dropped": "رهاشده",
    "officers": "مسئولان",
    "hash": "نشان انتخابات",
}
NUMBERS = {"device", "ballot_terminal", "permits", "refused", "prepared", "cast", "tested", "dropped"}
HIDDEN = {"ballot"}  # in the QR already; 64 hex digits help nobody's eye


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    data = resources.files("amanat.station.web").joinpath(f"static/fonts/Vazirmatn-{name}.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.RAQM)


def draw(kind: str, fields: dict[str, str], qr: str | None, duplicate: bool) -> bytes:
    """The slip as PNG bytes."""
    page = Image.new("L", (WIDTH, 2400), 255)
    pen = ImageDraw.Draw(page)
    y = MARGIN
    persian, english = TITLES[kind]
    if duplicate:
        y = _centred(pen, y, "رونوشت  ·  DUPLICATE", _font("Bold", 40))
    y = _centred(pen, y, persian, _font("Bold", 36))
    y = _centred(pen, y, english, _font("Regular", 24), direction="ltr")
    for name, value in fields.items():
        if name not in HIDDEN:
            y = _row(pen, y, LABELS.get(name, name), shown(name, value))
    if qr is not None:
        code = _qr(qr)
        page.paste(code, ((WIDTH - code.width) // 2, y + 12))
        y += code.height + 12
    out = io.BytesIO()
    page.crop((0, 0, WIDTH, y + MARGIN)).save(out, "PNG")
    return out.getvalue()


def shown(name: str, value: str) -> str:
    """A field's value as people read it: counts and numbers in Persian digits, serials and codes as they are typed."""
    return to_persian_digits(value) if name in NUMBERS else value


def _centred(pen: ImageDraw.ImageDraw, y: int, text: str, font: ImageFont.FreeTypeFont, direction: str = "rtl") -> int:
    pen.text((WIDTH // 2, y), text, font=font, fill=0, anchor="ma", direction=direction)
    return y + int(font.size * 1.6)


def _row(pen: ImageDraw.ImageDraw, y: int, label: str, value: str) -> int:
    """Label at the right, value on the left; a long value takes its own line."""
    font = _font("Regular", 24)
    direction = "rtl" if any("\u0600" <= c <= "\u06ff" for c in value) else "ltr"
    pen.text((WIDTH - MARGIN, y), label, font=font, fill=0, anchor="ra", direction="rtl")
    width = pen.textlength(label, font=font, direction="rtl") + pen.textlength(value, font=font, direction=direction)
    if width > WIDTH - 3 * MARGIN:
        y += 40
    pen.text((MARGIN, y), value, font=font, fill=0, anchor="la", direction=direction)
    return y + 44


def _qr(text: str) -> Image.Image:
    """The code as large as the paper allows, at least two dots a module."""
    code = segno.make_qr(text, error="m" if len(text) < 1500 else "l", boost_error=False)
    scale = max(2, (WIDTH - 2 * MARGIN) // code.symbol_size(border=4)[0])
    out = io.BytesIO()
    code.save(out, kind="png", scale=min(scale, 8), border=4)
    return Image.open(out).convert("L")
