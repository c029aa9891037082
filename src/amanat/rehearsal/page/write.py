"""Puts the drawings, the tables and the fonts into one HTML file."""

import base64
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from amanat.rehearsal.page.county_map import county_map
from amanat.rehearsal.page.delivery import delivery
from amanat.rehearsal.page.facts import Facts
from amanat.rehearsal.page.flow import REFUSED, SET_ASIDE, flow
from amanat.rehearsal.page.results import bars, rest
from amanat.rehearsal.page.svg import fa, percent
from amanat.rules.persian import to_persian_digits

FONTS: Final = {400: "Regular", 700: "Bold"}
CHECKS_FA: Final[Mapping[str, str]] = {
    "V1": "همهٔ پرونده‌ها هستند، هیچ یک افزون نیست و امضا درست است",
    "V2": "برگهٔ انتخابات یکتا و همان است که پیش‌تر اعلام شد",
    "V3": "مراسم کلید: تعهدها، اثبات‌ها و امضای همهٔ امینان",
    "V4": "هر دستگاه پیش از گشایش گواهی شده است",
    "V5": "دفتر همگانی درخت درستی است و امضا شده است",
    "V6": "هر تعرفه را دستگاه پذیرش همان شعبه امضا کرده است",
    "V7": "هر رأی امضای صندوق خود را دارد و هیچ رأیی رونوشت نیست",
    "V8": "هر رأی درست بسته شده است (اثبات)",
    "V9": "رأی‌های شمارش همان رأی‌های دفتر همگانی‌اند",
    "V10": "برگه‌های پایانی با رأی‌ها و تعرفه‌ها می‌خوانند",
    "V11": "هیچ دستگاهی بی‌نام و نشان نمانده است",
    "V12": "رأی آزمایشی به صندوق نرفته است",
    "V13": "تأیید دوم، هر جا که لازم بود",
    "V14": "دستور شمارش را هر دو هیأت امضا کرده‌اند",
    "V15": "نشان هر رأی‌دهنده درست حساب شده است (اثبات)",
    "V16": "کنارگذاشته‌ها را هر کسی دوباره می‌یابد",
    "V17": "یکان‌های شمارش درست چیده شده‌اند",
    "V18": "آنچه آمیخته شد همهٔ رأی‌ها جز کنارگذاشته‌هاست",
    "V19": "آمیختن نه افزوده و نه کاسته است (اثبات)",
    "V20": "آمیزندگان جدا و به اندازه‌اند",
    "V21": "گشودن رأی‌ها درست بوده است (اثبات)",
    "V22": "هر رأی گشوده خواناست یا ناخوانا شمرده شده",
    "V23": "هیچ رأیی دو بار گشوده نشده است",
    "V24": "شمار آرا و کرسی‌ها درست است",
    "V25": "نتیجه و صورت‌جلسه‌ها با شمارش یکی‌اند",
    "V26": "جدایی گزینه‌ها در شمارش جداجدا",
}
WRONG_REASONS_FA: Final[Mapping[str, str]] = {
    "checked-in-elsewhere": "در شعبهٔ دیگری پذیرفته شده بود",
    "not-eligible": "دیگر واجد شرایط نبود",
    "eligible": "تازه واجد شرایط شده بود",
}


def font_faces() -> Markup:
    """Vazirmatn, embedded, where the set-up has brought it; a reader without it sees their own font."""
    faces = []
    for weight, name in FONTS.items():
        data = font(name)
        if data is not None:
            coded = base64.b64encode(data).decode()
            faces.append(
                f"@font-face{{font-family:Vazirmatn;font-weight:{weight};"
                f"src:url(data:font/woff2;base64,{coded}) format('woff2')}}"
            )
    return Markup("\n".join(faces))


def font(name: str) -> bytes | None:
    """The font file of a weight, from the station's own pages."""
    folder: Traversable = resources.files("amanat.station.web").joinpath("static/fonts")
    file = folder.joinpath(f"Vazirmatn-{name}.woff2")
    return file.read_bytes() if file.is_file() else None


def write(path: Path, facts: Facts) -> None:
    """Writes the page.  Raises OSError."""
    environment = Environment(
        loader=PackageLoader("amanat.rehearsal.page", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["fa"] = fa
    environment.filters["digits"] = lambda value: to_persian_digits(str(value))
    environment.globals["percent"] = percent
    template = environment.get_template("page.html.jinja")
    html = template.render(
        facts=facts,
        summary=facts.summary,
        fonts=font_faces(),
        delivery=delivery(facts) if facts.samples else None,
        map=county_map(facts),
        flow=flow(facts.summary),
        contests=[
            (contest, facts.summary["contests"][contest.id], bars(contest, facts.summary["contests"][contest.id]))
            for contest in facts.contests
        ],
        rests={contest.id: rest(contest, facts.summary["contests"][contest.id]) for contest in facts.contests},
        checks_fa=CHECKS_FA,
        refused_fa=REFUSED,
        set_aside_fa=SET_ASIDE,
        wrong_reasons_fa=WRONG_REASONS_FA,
    )
    path.write_text(html, encoding="utf-8")
