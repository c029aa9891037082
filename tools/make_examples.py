"""Makes the election files under `examples/`, the same bytes every time; `--check` compares instead of writing.

    python tools/make_examples.py [--check] [FOLDER]

People here are invented: every name is a first name and a family name of the small lists below, put together by a
seeded shuffle.  Settlements are real (examples/damavand-firuzkuh/settlements.csv); which of their positions are real
is marked there row by row, and carried into each station's row.
"""

import argparse
import csv
import io
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

FIRST = """\
علی Ali|محمد Mohammad|حسین Hossein|رضا Reza|مهدی Mehdi|حسن Hassan|امیر Amir
سعید Saeed|مجید Majid|حمید Hamid|فاطمه Fatemeh|زهرا Zahra|مریم Maryam|سمیه Somayeh
لیلا Leila|نرگس Narges|زینب Zeinab|مینا Mina|سارا Sara|الهام Elham|ناصر Naser
جواد Javad|کریم Karim|یوسف Yousef|ابراهیم Ebrahim|مصطفی Mostafa|مرتضی Morteza|محسن Mohsen
بهرام Bahram|کاوه Kaveh|آرش Arash|پروین Parvin|شهلا Shahla|مهناز Mahnaz|نسرین Nasrin
طاهره Tahereh|صدیقه Sedigheh|معصومه Masoumeh|اکبر Akbar|اصغر Asghar|داود Davoud|سلیمان Soleiman
عباس Abbas|قاسم Ghasem|هادی Hadi|کمال Kamal|جلال Jalal|فرهاد Farhad|بیژن Bijan
منوچهر Manouchehr|شیرین Shirin|ژاله Zhaleh|گیتی Giti|پریسا Parisa|نگار Negar|آزاده Azadeh
سودابه Soudabeh|فرزانه Farzaneh|مهتاب Mahtab|هما Homa"""
LAST = """\
احمدی Ahmadi|محمدی Mohammadi|حسینی Hosseini|رضایی Rezaei|کریمی Karimi|موسوی Mousavi|جعفری Jafari
صادقی Sadeghi|رحیمی Rahimi|ابراهیمی Ebrahimi|اکبری Akbari|مرادی Moradi|حیدری Heidari|قاسمی Ghasemi
نوری Nouri|کاظمی Kazemi|طاهری Taheri|یوسفی Yousefi|سلیمانی Soleimani|شریفی Sharifi|فرهادی Farhadi
عباسی Abbasi|باقری Bagheri|امینی Amini|نجفی Najafi|میرزایی Mirzaei|زارعی Zarei|داودی Davoudi
نظری Nazari|صفایی Safaei|بهرامی Bahrami|کمالی Kamali|جلالی Jalali|توکلی Tavakoli|شفیعی Shafiei
رستمی Rostami|دماوندی Damavandi|فیروزکوهی Firuzkuhi|رودهنی Roudeheni|ارجمند Arjmand|تهرانی Tehrani|شمیرانی Shemirani
البرزی Alborzi|کیلانی Kilani|آذری Azari|یزدانی Yazdani|پارسا Parsa|کوهستانی Kouhestani|بهاری Bahari
مهرابی Mehrabi|گلستانی Golestani|نیک‌نژاد Niknejad|وکیلی Vakili|معین Moein|فلاح Fallah|زرگر Zargar
نجار Najjar|صالحی Salehi|اسدی Asadi|جوادی Javadi|ملکی Maleki|منصوری Mansouri"""
FATHERS = ("حسن", "حسین", "علی", "رضا", "احمد", "محمود", "اکبر", "قاسم", "یوسف", "ابراهیم", "موسی", "عیسی")
DAMAVAND_SHARE = {"دماوند": 24, "رودهن": 16, "آبسرد": 6, "کیلان": 5, "آبعلی": 4}
FIRUZKUH_SHARE = {"فیروزکوه": 14, "ارجمند": 3}
COUNTY_STATIONS = {"دماوند": 126, "فیروزکوه": 54}
PLACES = ("دبستان", "مسجد", "دبیرستان", "حسینیه", "کتابخانه", "خانهٔ بهداشت")
HALLS = (
    "شهید بهشتی",
    "امام علی",
    "فردوسی",
    "حافظ",
    "سعدی",
    "نور",
    "ابن‌سینا",
    "رازی",
    "توحید",
    "ولی‌عصر",
    "فارابی",
    "دهخدا",
)
TEHRAN = (("تهران", 36), ("ری", 10), ("شمیرانات", 6), ("اسلامشهر", 6), ("پردیس", 2))
STATION_HEADER = ("id", "name_fa", "county", "district", "ballot_terminals", "mobile", "lat", "lon", "position")
OBSERVED_HEADER = (*STATION_HEADER[:6], "approvals", *STATION_HEADER[6:])
OBSERVED = 2  # the number of the station where an observer approves each permit
TRUSTEES = """trustees = { names = ["هیأت اجرایی", "هیأت نظارت", "دادگستری", \
"نمایندهٔ نامزدها (یک)", "نمایندهٔ نامزدها (دو)"], \
powers = ["executive", "guardian-council", "judiciary", "candidates-1", "candidates-2"], threshold = 3 }
mixers = ["دانشگاه", "کانون وکلا", "ستاد انتخابات"]
mixer_owners = ["university", "bar-association", "hq"]
authorities = ["governor", "supervisory-board"]
witnesses = []
"""


def pairs(text: str) -> list[tuple[str, str]]:
    """(Persian, Latin) of a list above; the Latin word is the last of its item."""
    return [(fa, en) for item in text.replace("\n", "|").split("|") for fa, _, en in [item.rpartition(" ")]]


def candidates(count: int, *, first_code: int, seed: int) -> Iterator[tuple[str, str, str, str]]:
    """`count` invented people in Persian alphabetical order of family name; namesakes carry a mark of their own."""
    draw = random.Random(seed)
    everyone = [(first, last) for first in pairs(FIRST) for last in pairs(LAST)]
    draw.shuffle(everyone)
    namesakes = count // 50
    chosen = everyone[: count - namesakes]
    chosen += draw.sample(chosen, namesakes)
    chosen.sort(key=lambda name: (name[1][0], name[0][0]))
    seen: dict[tuple[str, str], int] = {}
    shared = {(first[0], last[0]) for first, last in chosen if chosen.count((first, last)) > 1}
    for number, (first, last) in enumerate(chosen):
        key = (first[0], last[0])
        place = seen[key] = seen.get(key, -1) + 1
        mark = f"فرزند {FATHERS[(number + place * 5) % len(FATHERS)]}" if key in shared else ""
        yield str(first_code + number), f"{first[0]} {last[0]}", f"{first[1]} {last[1]}", mark


def persian(number: int) -> str:
    """The number in Persian digits."""
    return str(number).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file's text with Unix line ends."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def two_county_stations(settlements: list[dict[str, str]]) -> Iterator[tuple[object, ...]]:
    """180 stations: towns have several, then one a village, those with a real position first."""
    number = 0
    for county, total in COUNTY_STATIONS.items():
        here = [s for s in settlements if s["county"] == county]
        share = DAMAVAND_SHARE if county == "دماوند" else FIRUZKUH_SHARE
        towns = [s for s in here if s["kind"] == "city"]
        villages = sorted(
            (s for s in here if s["kind"] == "village"), key=lambda s: (s["source"], s["statistics_code"])
        )
        places = [s for s in towns for _ in range(share[s["name_fa"]])]
        places += villages[: total - len(places)]
        for place in places:
            number += 1
            town = place["kind"] == "city"
            building = f"{PLACES[number % len(PLACES)]} {HALLS[number * 5 % len(HALLS)]}"
            mobile = "no" if town or number % 9 else "yes"
            yield (
                f"S{number:03d}", f"شعبهٔ {persian(number)}، {building}، {place['name_fa']}", county, place["bakhsh"],
                3 if town and number % 2 else 2, mobile, "yes" if number == OBSERVED else "no",
                place["lat"], place["lon"], place["source"],
            )  # fmt: skip


def tehran_stations() -> Iterator[tuple[object, ...]]:
    """60 stations over the five counties of the constituency, without positions."""
    number = 0
    for county, count in TEHRAN:
        for i in range(count):
            number += 1
            district = f"منطقهٔ {persian(i % 22 + 1)}" if county == "تهران" else "مرکزی"
            building = f"{PLACES[number % len(PLACES)]} {HALLS[number * 5 % len(HALLS)]}"
            yield f"T{number:03d}", f"شعبهٔ {persian(number)}، {building}", county, district, 4, "no", "", "", ""


def election(name: str, *, fa: str, en: str, seats: int, unit_by: str) -> str:
    """The text of an `election.toml`."""
    return f"""# A synthetic example: every candidate is invented.  Made by tools/make_examples.py.
id = "{name}"
title = {{ fa = "{fa}", en = "{en}" }}
round = 1
polling_day = "1402-12-11"
rule_set = "majlis-1402"
{TRUSTEES}
[[contest]]
id = "majlis"
title = {{ fa = "مجلس شورای اسلامی", en = "Parliament" }}
seats = {seats}
max_choices = {seats}
candidates = "candidates.csv"
unit_min = 50
unit_by = "{unit_by}"
count = "whole"

[stations]
file = "stations.csv"
"""


def files(folder: Path) -> dict[str, str]:
    """Every generated file's text by its path under `folder`; reads only the settlements."""
    with (folder / "damavand-firuzkuh/settlements.csv").open(encoding="utf-8", newline="") as source:
        settlements = list(csv.DictReader(source))
    header = ("code", "name_fa", "name_en", "mark_fa")
    title_fa, title_en = "دماوند و فیروزکوه (نمونهٔ ساختگی)", "Damavand and Firuzkuh (synthetic example)"
    return {
        "damavand-firuzkuh/election.toml": election(
            "damavand-firuzkuh", fa=title_fa, en=title_en, seats=1, unit_by="stations"
        ),
        "damavand-firuzkuh/candidates.csv": csv_text(header, candidates(153, first_code=1001, seed=153)),
        "damavand-firuzkuh/stations.csv": csv_text(OBSERVED_HEADER, two_county_stations(settlements)),
        "tehran/election.toml": election(
            "tehran", fa="تهران (نمونهٔ ساختگی)", en="Tehran (synthetic example)", seats=30, unit_by="county"
        ),
        "tehran/candidates.csv": csv_text(header, candidates(3545, first_code=1001, seed=3545)),
        "tehran/stations.csv": csv_text(STATION_HEADER, tehran_stations()),
    }


def main() -> int:
    """Writes, or with --check compares; exit 1 names the first file that differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent / "examples")
    parser.add_argument("--check", action="store_true", help="compare with what is there; write nothing")
    arguments = parser.parse_args()
    for name, text in files(arguments.folder).items():
        path = arguments.folder / name
        if arguments.check and path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what this program makes", file=sys.stderr)
            return 1
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
