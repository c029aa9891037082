"""The election of the stories: thirteen stations around Damavand, one seat, three candidates, seventeen voters."""

from tests.stories.headquarters import Election

from amanat.rules.national_id import synthetic

TERMINALS = {  # by station, in the order of the manifest
    "rudehen": 1, "absard": 1, "kilan": 1, "sarbandan": 2, "jaban": 2, "havir": 1, "mosha": 1, "aineh-varzan": 1,
    "abali": 1, "lumun": 1, "gilavand": 1, "arjomand": 1, "ahran": 1,
}  # fmt: skip
PEOPLE = tuple(map(synthetic, range(1, 18)))
MARYAM, HOSSEIN, ZAHRA, ALI, REZA, SIMIN, KAVEH, PARVIN, NARGES, BAHMAN, SHIRIN = PEOPLE[:11]
QUEUE = PEOPLE[11:]
"""Six who stand in line at Gilavand."""

ELECTION = """
id = "damavand"
title = { fa = "دماوند (داستان‌ها)", en = "Damavand (stories)" }
round = 1
polling_day = "1402-12-11"
rule_set = "by-election"
trustees = { names = ["الف", "ب", "پ"], powers = ["یک", "دو", "سه"], threshold = 2 }
mixers = ["یک", "دو", "سه"]
mixer_owners = ["university", "bar-association", "hq"]
authorities = ["governor", "supervisory-board"]
[[contest]]
id = "majlis"
title = { fa = "مجلس", en = "Parliament" }
seats = 1
max_choices = 1
candidates = "candidates.csv"
unit_min = 10
unit_by = "stations"
count = "whole"
[stations]
file = "stations.csv"
"""
CANDIDATES = "code,name_fa,name_en\n1001,آرش,Arash\n1002,بهار,Bahar\n1003,پروین,Parvin\n"
STATIONS = "id,name_fa,county,district,ballot_terminals,mobile\n" + "".join(
    f"{name},شعبهٔ {name},دماوند,مرکزی,{count},no\n" for name, count in TERMINALS.items()
)
FILES = {"election.toml": ELECTION, "candidates.csv": CANDIDATES, "stations.csv": STATIONS}
DAMAVAND = Election({name: text.encode() for name, text in FILES.items()}, TERMINALS, PEOPLE)
