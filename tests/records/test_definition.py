"""An election as organisers write it (M-1, M-4, M-5): what is forgiven, and how each fault is told."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amanat.errors import BadInput
from amanat.records import manifest
from amanat.records.definition import Definition, read_definition
from amanat.records.reading import FAULTS_MAX, LINE_MAX, ManyFaults
from amanat.rules.persian import to_persian_digits
from amanat.rules.rule_set import shipped

ELECTION = """\
id = "damavand-firuzkuh"
title = { fa = "دماوند و فیروزکوه", en = "Damavand and Firuzkuh" }
round = 1
polling_day = "1402-12-11"
rule_set = "majlis-1402"
trustees = { names = ["الف", "ب", "پ"], threshold = 2 }
mixers = ["یک", "دو", "سه"]

[[contest]]
id = "majlis"
title = { fa = "مجلس", en = "Majlis" }
seats = 1
max_choices = 1
candidates = "candidates.csv"
unit_min = 50
unit_by = "stations"
count = "whole"

[stations]
file = "stations.csv"
"""
CANDIDATES = """\
code,name_fa,name_en
1001,علی کریمی,Ali Karimi
1002,زهرا حسینی,Zahra Hosseini
"""
STATIONS = """\
id,name_fa,county,district,ballot_terminals,mobile,mode,link,lat,lon,approvals
S001,مدرسهٔ دماوند,دماوند,مرکزی,2,0,,4G,35.71,52.06,1
S002,مسجد رودهن,دماوند,رودهن,1,1,paper,,,,
"""
FILES = {"election.toml": ELECTION, "candidates.csv": CANDIDATES, "stations.csv": STATIONS}


def read(**texts: str | bytes) -> Definition:
    """The good election with files exchanged: `election`, `candidates`, `stations`, or any by its name."""
    names = {"election": "election.toml", "candidates": "candidates.csv", "stations": "stations.csv"}
    files = {**FILES, **{names.get(name, name): text for name, text in texts.items()}}
    return read_definition(
        {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}, folder="election"
    )


def edited(text: str, old: str, new: str) -> str:
    """A text with one thing changed, which must be in it."""
    assert old in text
    return text.replace(old, new, 1)


def test_a_whole_election_is_read() -> None:
    """Each field is where the programs look for it; what may be left out has its default."""
    election = read()
    assert (election.id, election.round, election.polling_day) == ("damavand-firuzkuh", 1, date(2024, 3, 1))
    assert election.rule_set_text == shipped("majlis-1402")
    assert election.trustees.powers == election.trustees.names == ("الف", "ب", "پ")
    assert election.mixers == (("یک", "یک"), ("دو", "دو"), ("سه", "سه"))
    assert election.authorities == ("governor", "supervisory-board")
    assert election.witnesses == ()
    (contest,) = election.contests
    assert contest.codes == ("1001", "1002")
    assert contest.to_manifest().codes == contest.codes
    one, two = election.stations
    assert (one.lat, one.lon, one.approvals, one.mobile, one.mode, one.link) == (35.71, 52.06, 1, False, 0, "4G")
    assert (two.mode, two.mobile, two.lat, two.approvals) == (manifest.PAPER, True, None, 0)
    assert two.to_manifest() == manifest.Station("S002", "دماوند", "رودهن", 1, 0, manifest.PAPER)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("election", "id =", "\ufeffid ="),
        ("election", "\n", "\r\n"),
        ("election", '"1402-12-11"', '"۱۴۰۲/۱۲/۱۱"'),
        ("election", '"1402-12-11"', "1402-12-11"),
        ("election", "seats = 1", 'seats = "۱"'),
        ("election", "مجلس", "مجلس\u200f"),
        ("election", 'title = { fa = "مجلس", en = "Majlis" }', 'title = { en = "Majlis", fa = "مجلس" }'),
        ("election", "[stations]", "witnesses = []\n[stations]"),
        ("candidates", "code,", "\ufeffcode,"),
        ("candidates", "\n", "\r\n"),
        ("candidates", "1001", "۱۰۰۱"),
        ("candidates", "1001", "١٠٠١"),
        ("candidates", "علی کریمی", "علي كريمي"),
        ("candidates", "علی کریمی", '" علی  کریمی"'),
        ("candidates", "Karimi\n", "Karimi\n\n\n"),
        ("candidates", "code,name_fa", " Code ,NAME_FA"),
        ("stations", "S001", "S۰۰۱"),
        ("stations", ",2,0,,4G", ",۲,خیر,electronic,4G"),
        ("stations", "35.71", "۳۵٫۷۱"),
        ("stations", ",1,1,paper", ",1,yes,PAPER"),
    ],
)
def test_what_a_person_would_expect_is_accepted(file: str, old: str, new: str) -> None:
    """BOM, CRLF, digits and letters of any keyboard, spaces, capitals: the same election."""
    text = FILES[{"election": "election.toml"}.get(file, f"{file}.csv")]
    changed = text.replace(old, new) if old == "\n" else edited(text, old, new)
    assert read(**{file: changed}) == read()


def test_columns_in_another_order_and_unknown_ones() -> None:
    """Columns are found by name; `position` is somebody else's."""
    rows = "position,name_en,code,name_fa\nx,Ali Karimi,1001,علی کریمی\ny,Zahra Hosseini,1002,زهرا حسینی\n"
    assert read(candidates=rows) == read()


def test_a_rule_set_of_ones_own() -> None:
    """A path beside election.toml; its text is what is hashed."""
    own = shipped("by-election").replace('"by-election"', '"own"')
    election = read(election=edited(ELECTION, '"majlis-1402"', '"rules/own.toml"'), **{"rules/own.toml": own})
    assert (election.rule_set.id, election.rule_set_text) == ("own", own)


def test_tehran_whole_with_thirty_choices_needs_counties() -> None:
    """M-4: more than three names on a whole ballot only where a county is the unit; split is a word that is known."""
    rows = "code,name_fa,name_en\n" + "".join(f"{i:04},نام {i},\n" for i in range(40))
    thirty = edited(ELECTION, "max_choices = 1", "max_choices = 30")
    county = edited(thirty, '"stations"\ncount', '"county"\ncount')
    assert read(election=county, candidates=rows).contests[0].unit_by == manifest.BY_COUNTY
    split = edited(thirty, '"whole"', '"split"')
    assert read(election=split, candidates=rows).contests[0].mode == manifest.SPLIT
    with pytest.raises(BadInput) as caught:
        read(election=thirty, candidates=rows)
    assert (caught.value.code, caught.value.facts["line"]) == ("whole-needs-county", 16)


TWO = '[[contest]]\nid = "majlis"\n'
E, C, S = "election.toml", "candidates.csv", "stations.csv"
BAD = [
    (E, 'id = "damavand', 'name = "damavand', "field-missing", 1, "id"),
    (E, 'id = "damavand-firuzkuh"', 'id = "../x"', "field-value", 1, "id"),
    (E, 'id = "damavand-firuzkuh"', "id = true", "field-value", 1, "id"),
    (E, 'en = "Damavand and Firuzkuh"', 'en = ""', "field-missing", 2, "title.en"),
    (E, "round = 1", "round = 0", "field-value", 3, "round"),
    (E, "round = 1", "round = 3", "field-value", 3, "round"),
    (E, "round = 1", "round = 1.5", "field-value", 3, "round"),
    (E, "1402-12-11", "1402-12-30", "field-value", 4, "polling_day"),
    (E, "1402-12-11", "2024-03-01", "field-value", 4, "polling_day"),
    (E, "1402-12-11", "1502-12-11", "field-value", 4, "polling_day"),
    (E, "majlis-1402", "majlis-1500", "field-value", 5, "rule_set"),
    (E, "threshold = 2", "threshold = 1", "field-value", 6, "trustees.threshold"),
    (E, "threshold = 2", "threshold = 4", "field-value", 6, "trustees.threshold"),
    (E, "threshold = 2", 'powers = ["a", "a", "b"], threshold = 2', "field-value", 6, "trustees.threshold"),
    (E, "threshold = 2", 'powers = ["a"], threshold = 2', "field-value", 6, "trustees.powers"),
    (E, '["الف", "ب", "پ"]', '["الف", "الف", "پ"]', "value-twice", 6, "trustees.names"),
    (E, '["الف", "ب", "پ"]', '["الف", 2, "پ"]', "field-value", 6, "trustees.names"),
    (E, '["الف", "ب", "پ"]', "[]", "field-missing", 6, "trustees.names"),
    (E, "trustees = {", "guardians = {", "field-missing", 1, "trustees"),
    (E, 'mixers = ["یک", "دو", "سه"]', 'mixers = ["یک", "دو"]', "field-value", 7, "mixers"),
    (E, '"دو", "سه"]', '"یک", "سه"]', "value-twice", 7, "mixers"),
    (E, '"سه"]', '"سه"]\nmixer_owners = ["hq", "hq", "x"]', "field-value", 8, "mixer_owners"),
    (E, '"سه"]', '"سه"]\nmixer_owners = ["hq"]', "field-value", 8, "mixer_owners"),
    (E, '"سه"]', '"سه"]\nauthorities = ["governor"]', "field-value", 8, "authorities"),
    (E, '"سه"]', '"سه"]\nauthorities = ["g", "g"]', "value-twice", 8, "authorities"),
    (E, '"سه"]', '"سه"]\nauthorities = ["g", "a/b"]', "field-value", 8, "authorities"),
    (E, "[[contest]]", "[[office]]", "field-missing", 1, "contest"),
    (E, "[[contest]]", "[contest]", "field-value", 9, "contest"),
    (E, 'id = "majlis"', 'id = "maj lis"', "field-value", 10, "contest.id"),
    (E, "seats = 1", "seats = 0", "field-value", 12, "contest.seats"),
    (E, "seats = 1", 'seats = "یک"', "field-value", 12, "contest.seats"),
    (E, "max_choices = 1", "max_choices = 3", "field-value", 13, "contest.max_choices"),
    (E, "max_choices = 1", "", "field-missing", 9, "contest.max_choices"),
    (E, '"candidates.csv"', '"/etc/passwd"', "field-value", 14, "contest.candidates"),
    (E, '"candidates.csv"', '"../candidates.csv"', "field-value", 14, "contest.candidates"),
    (E, "unit_min = 50", "unit_min = 0", "field-value", 15, "contest.unit_min"),
    (E, 'unit_by = "stations"', 'unit_by = "province"', "field-value", 16, "contest.unit_by"),
    (E, 'count = "whole"', 'count = "half"', "field-value", 17, "contest.count"),
    (E, "[stations]", "[places]", "field-missing", 1, "stations"),
    (E, 'file = "stations.csv"', "", "field-missing", 19, "stations.file"),
    (C, "1002", "1001", "value-twice", 3, "code"),
    (C, "1002", "۱۰۰۱", "value-twice", 3, "code"),
    (C, "1002", "102", "field-value", 3, "code"),
    (C, "1002", "10b2", "field-value", 3, "code"),
    (C, "1002", "", "field-missing", 3, "code"),
    (C, "زهرا حسینی", " ", "field-missing", 3, "name_fa"),
    (S, "S002", "S001", "value-twice", 3, "id"),
    (S, "S002", "S/2", "field-value", 3, "id"),
    (S, "S002", "", "field-missing", 3, "id"),
    (S, "دماوند,رودهن", ",رودهن", "field-missing", 3, "county"),
    (S, "1,1,paper", "0,1,paper", "field-value", 3, "ballot_terminals"),
    (S, "1,1,paper", "x,1,paper", "field-value", 3, "ballot_terminals"),
    (S, "1,1,paper", "1,maybe,paper", "field-value", 3, "mobile"),
    (S, "1,1,paper", "1,1,wood", "field-value", 3, "mode"),
    (S, "35.71", "95.71", "field-value", 2, "lat"),
    (S, "35.71", "north", "field-value", 2, "lat"),
    (S, "52.06,1", "52.06,2", "field-value", 2, "approvals"),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "line", "field"), BAD)
def test_a_fault_names_file_line_and_field(file: str, old: str, new: str, code: str, line: int, field: str) -> None:
    """One thing is wrong; one sentence in each language says where, and the exit code will be 2."""
    with pytest.raises(BadInput) as caught:
        read(**{file: edited(FILES[file], old, new)})
    fault = caught.value
    assert (fault.code, fault.facts["file"], fault.facts["line"], fault.facts["field"]) == (
        code, f"election/{file}", line, field,
    )  # fmt: skip
    assert fault.exit_code == 2
    for language in ("fa", "en"):
        sentence = fault.say(language)
        assert f"election/{file}" in sentence
        assert field in sentence
        assert (to_persian_digits(str(line)) if language == "fa" else str(line)) in sentence
    assert isinstance(fault, ManyFaults)
    assert len(fault.faults) == 1


WHOLE_FILES = [
    (E, b"", "file-empty", None),
    (C, b"  \r\n ", "file-empty", None),
    (S, b"\xef\xbb\xbf", "file-empty", None),
    (C, CANDIDATES.encode("utf-16"), "file-encoding", 1),
    (C, CANDIDATES.encode("windows-1256", "replace"), "file-encoding", 2),
    (S, STATIONS.encode() + b"\x89PNG\0\0", "file-binary", 4),
    (E, b"\0" * 1000, "file-binary", 1),
    (C, CANDIDATES.encode() + b"x" * 10_000_000, "line-endless", 4),
    (E, b"# " + b"x" * 10_000_000, "line-endless", 1),
    (E, edited(ELECTION, "[[contest]]", "[[contest").encode(), "toml-syntax", 9),
    (E, ("x = " + "[" * 5_000).encode(), "toml-syntax", 1),
    (E, edited(ELECTION, "round = 1", "round = 1\nround = 1").encode(), "toml-syntax", 4),
    (C, b"code,name_fa,name_en\n", "rows-none", None),
    (S, STATIONS.splitlines()[0].encode(), "rows-none", None),
    (C, b"code,name\n1,x\n", "column-missing", 1),
    (C, b"code,code,name_fa,name_en\n1,1,x,y\n", "column-twice", 1),
    (C, CANDIDATES.encode() + b'1003,"left open,x\n1004,x,y\n', "row-malformed", 4),
    (C, CANDIDATES.encode() + b'1003,"x"y,z\n', "row-malformed", 4),
    (C, CANDIDATES.encode() + b"1003,x\n", "row-length", 4),
    (S, STATIONS.encode() + b"S003,x,y,z,1,0,,,,,,\n", "row-length", 4),
]


@pytest.mark.parametrize(
    ("file", "data", "code", "line"),
    WHOLE_FILES,
    ids=[f"{case[0]} {case[2]} {n}" for n, case in enumerate(WHOLE_FILES)],
)
def test_a_file_that_is_not_what_it_should_be(file: str, data: bytes, code: str, line: int | None) -> None:
    """Empty, binary, of another encoding, endless, no TOML, no CSV: one sentence, no traceback."""
    with pytest.raises(BadInput) as caught:
        read(**{file: data})
    assert (caught.value.code, caught.value.facts.get("line")) == (code, line)
    assert f"election/{file}" in caught.value.say("fa")
    assert f"election/{file}" in caught.value.say("en")
    assert len(caught.value.both()) < 1_000


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(file: str) -> None:
    """Each of the three."""
    files = {name: text.encode() for name, text in FILES.items() if name != file}
    with pytest.raises(BadInput, match=f"{file}.* is missing or cannot be read"):
        read_definition(files)


def test_two_contests_of_one_name() -> None:
    """Their files and their results would be one."""
    again = ELECTION[ELECTION.index("[[contest]]") : ELECTION.index("[stations]")]
    with pytest.raises(BadInput, match="majlis stands in"):
        read(election=edited(ELECTION, "[stations]", again + "[stations]"))


def test_faults_are_told_together_and_not_more_than_twenty() -> None:
    """Who corrects a file wants to know all of it; who sent the wrong file wants to know it at once."""
    with pytest.raises(ManyFaults) as caught:
        read(
            election=edited(edited(ELECTION, "seats = 1", "seats = 0"), "threshold = 2", "threshold = 1"),
            candidates=edited(CANDIDATES, "1002", "x"),
        )
    assert [fault.facts["field"] for fault in caught.value.faults] == ["contest.seats", "code", "trustees.threshold"]
    assert len(caught.value.say("fa").splitlines()) == 3
    rows = "code,name_fa,name_en\n" + "x,نام,name\n" * 1_000
    with pytest.raises(ManyFaults) as caught:
        read(candidates=rows)
    assert len(caught.value.faults) == FAULTS_MAX


def test_a_row_of_many_cells_is_no_endless_line() -> None:
    """Just under the limit is a row like any other."""
    long = edited(CANDIDATES, "Ali Karimi", "A" * (LINE_MAX - 100))
    assert len(read(candidates=long).contests[0].candidates[0].name_en) == LINE_MAX - 100


def told(do: Callable[[], object]) -> BadInput | None:
    """What a person is told, or None if all is well."""
    try:
        do()
    except BadInput as fault:
        return fault
    return None


TYPED = st.sampled_from(
    [
        '""',
        "[]",
        "{}",
        "true",
        "1.5",
        "-1",
        "[[1]]",
        '["x", 1]',
        "inf",
        "1402-12-11",
        "12:00:00",
        '"{field}"',
        "\r",
        '"',
    ]
) | st.text(max_size=5)


@given(st.sampled_from(list(FILES)), st.data())
def test_whatever_is_typed_there_is_an_election_or_a_sentence(file: str, data: st.DataObject) -> None:
    """Anything put anywhere in any of the files: read, or told in both languages; never a traceback."""
    text = FILES[file]
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(TYPED) + text[at + data.draw(st.integers(0, 40)) :]
    fault = told(lambda: read(**{file: changed}))
    assert fault is None or all(file in fault.say(language) for language in ("fa", "en"))


def test_a_line_of_toml_ends_where_an_editor_ends_it() -> None:
    """A line separator inside a title does not shift the numbers that are told."""
    odd = edited(ELECTION, "دماوند و فیروزکوه", "دماوند\u2028فیروزکوه")
    with pytest.raises(BadInput) as caught:
        read(election=edited(odd, "seats = 1", "seats = 0"))
    assert caught.value.facts["line"] == 12
